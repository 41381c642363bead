//! `callmux config check | show | schema`.

use std::path::Path;

use serde_json::json;

use super::args::{ConfigArgs, ConfigVerb};
use super::serve::{config_path, refuse};
use super::{Exit, generate, print};
use crate::config::{self, Complaint};

pub(super) fn config(args: &ConfigArgs) -> Exit {
    match args.verb {
        ConfigVerb::Schema => {
            let schema = serde_json::to_string_pretty(&config::schema::schema());
            print::line(&schema.expect("a schema is JSON"));
            return Exit::Fine;
        }
        ConfigVerb::Keys => {
            print::line(generate::keys_table().trim_end());
            return Exit::Fine;
        }
        ConfigVerb::Check { .. } | ConfigVerb::Show => {}
    }
    let Some(path) = config_path(args.config.as_deref()) else {
        print::line("fine: there is no config");
        return Exit::Fine;
    };
    match args.verb {
        ConfigVerb::Check { json } => check(&path, json),
        ConfigVerb::Show | ConfigVerb::Schema | ConfigVerb::Keys => show(&path),
    }
}

fn check(path: &Path, json: bool) -> Exit {
    match config::load(path) {
        Ok(loaded) => {
            // What is missing stops one server, not the config.
            let missing: Vec<&Complaint> =
                loaded.config.servers.values().flat_map(|server| &server.unresolved).collect();
            if json {
                print::line(&report(true, &missing).to_string());
            } else {
                for complaint in &missing {
                    print::note(&format!("warning: {complaint}; this server will not start"));
                }
                let (files, servers) = (loaded.files.len(), loaded.config.servers.len());
                print::line(&format!("fine: {servers} servers in {files} files"));
            }
            Exit::Fine
        }
        Err(complaints) if json => {
            print::line(&report(false, &complaints.iter().collect::<Vec<_>>()).to_string());
            Exit::BadConfig
        }
        Err(complaints) => refuse(&complaints),
    }
}

fn report(ok: bool, complaints: &[&Complaint]) -> serde_json::Value {
    let item = |complaint: &&Complaint| {
        json!({
            "file": complaint.at.file.display().to_string(),
            "line": complaint.at.line,
            "column": complaint.at.column,
            "key": complaint.key,
            "message": complaint.message,
        })
    };
    json!({ "ok": ok, "complaints": complaints.iter().map(item).collect::<Vec<_>>() })
}

fn show(path: &Path) -> Exit {
    match config::load::read(path) {
        Ok((table, _)) => {
            print::line(config::show::toml(&table).trim_end());
            Exit::Fine
        }
        Err(complaints) => refuse(&complaints),
    }
}
