//! `callmux config check | show | plan | undo | schema`.

use serde_json::json;

use super::args::{ConfigArgs, ConfigVerb};
use super::serve::refuse;
use super::{doctor, generate, operate};
use crate::changes;
use crate::config::{self, Location};
use crate::doctor::unread::unread;
use crate::doctor::written;
use crate::settings::Complaint;
use crate::terminal::{Exit, print};

pub(super) fn config(args: &ConfigArgs) -> Exit {
    match &args.verb {
        ConfigVerb::Schema => {
            let schema = serde_json::to_string_pretty(&config::schema::schema());
            print::json(&schema.expect("a schema is JSON"));
            return Exit::Fine;
        }
        ConfigVerb::Keys => {
            print::lines(generate::keys_table().trim_end());
            return Exit::Fine;
        }
        ConfigVerb::Plan { daemon, json } => {
            return operate::plan(daemon, args.config.as_deref(), *json);
        }
        ConfigVerb::Check { .. } | ConfigVerb::Show | ConfigVerb::Undo(_) => {}
    }
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::line("fine: there is no config");
        return Exit::Fine;
    };
    match args.verb {
        ConfigVerb::Check { json } => check(&location, json),
        ConfigVerb::Undo(ref args) => changes::verb::undo(&location, args),
        _ => show(&location),
    }
}

fn check(location: &Location, json: bool) -> Exit {
    let mut reading = location.read();
    reading.remarks.extend(unread(location));
    match reading.config {
        Ok(config) => {
            // What is missing stops one server, not the config.
            let missing: Vec<&Complaint> =
                config.servers.values().flat_map(|server| &server.unresolved).collect();
            let findings = written::missing(&config);
            if json {
                let mut report = report(true, &missing, &reading.remarks);
                report["findings"] = json!(findings);
                print::json(&report.to_string());
            } else {
                for complaint in &missing {
                    print::note(&format!("warning: {complaint}; this server will not start"));
                }
                for finding in &findings {
                    print::note(&format!("warning: {}", doctor::said(finding)));
                    print::note(&format!("         {}", finding.remedy));
                }
                warn(&reading.remarks);
                let files = print::count(reading.texts.len(), "file");
                let servers = print::count(config.servers.len(), "server");
                print::line(&format!("fine: {servers} in {files}"));
            }
            Exit::Fine
        }
        Err(complaints) if json => {
            let complaints: Vec<&Complaint> = complaints.iter().collect();
            print::json(&report(false, &complaints, &reading.remarks).to_string());
            Exit::BadConfig
        }
        Err(complaints) => {
            warn(&reading.remarks);
            refuse(&complaints)
        }
    }
}

fn warn(remarks: &[Complaint]) {
    for remark in remarks {
        print::note(&format!("warning: {}: {}", remark.at.file.display(), remark.message));
    }
}

fn report(ok: bool, complaints: &[&Complaint], remarks: &[Complaint]) -> serde_json::Value {
    json!({ "ok": ok, "complaints": complaints, "remarks": remarks })
}

fn show(location: &Location) -> Exit {
    match location.texts().and_then(|texts| config::load::merge(&texts)) {
        Ok(table) => {
            print::lines(config::show::toml(&table).trim_end());
            Exit::Fine
        }
        Err(complaints) => refuse(&complaints),
    }
}
