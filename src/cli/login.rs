//! `callmux login | logout`.

use std::io::BufRead;

use bytes::Bytes;
use hyper::Method;

use super::args::{LoginArgs, ServerArgs};
use super::args_daemon::DaemonArgs;
use super::ask::{DaemonAnswer, ask, bring_up, tell};

use crate::api::{Consent, Farewell, Order, Phase, ServerReport, path};
use crate::base::ServerName;
use crate::terminal::browser::{OPENER, open};
use crate::terminal::{Exit, print};

pub(super) fn login(args: &LoginArgs) -> Exit {
    attempt(args).unwrap_or_else(|exit| exit)
}

fn attempt(args: &LoginArgs) -> Result<Exit, Exit> {
    let (daemon, server) = (&args.server.daemon, parse(&args.server)?);
    let login = path::order(&server, Order::Login);
    bring_up(daemon, args.spawn)?;
    let consent: Consent = ask(daemon, Method::POST, &login)?.if_fine()?.read()?;
    // It goes to another program, and came from a server.
    if !["https://", "http://"].iter().any(|scheme| consent.url.starts_with(scheme)) {
        print::error("the authorization server named what is no address of the web");
        return Err(Exit::Failed);
    }
    print::line("To give your consent, open:");
    print::line("");
    print::line(&format!("  {}", consent.url));
    print::line("");
    if args.no_browser {
        print::line("If that ends at an address that cannot be opened, paste the address here.");
        follow_stdin(daemon.clone(), path::login_paste(&server));
    } else if !open(&consent.url) {
        print::note(&format!("{OPENER} could not be started; open the address by hand"));
    }
    let report = ask(daemon, Method::POST, &path::login_wait(&server))?.if_fine()?;
    let report: ServerReport = report.read()?;
    if report.phase != Phase::Ready {
        let why = report.reason.unwrap_or_default();
        print::error(&format!("logged in, but server {} is {}: {why}", report.name, report.phase));
        return Err(Exit::Failed);
    }
    print::line(&format!("logged in: server {} is ready, {} tools", report.name, report.tools));
    if consent.unwritten {
        print::note(&format!(
            "its section has no `auth`; the login holds all the same. Write `auth = \"oauth\"` into \
             [servers.{}] to say so",
            report.name
        ));
    }
    Ok(Exit::Fine)
}

pub(super) fn logout(args: &ServerArgs) -> Exit {
    let answer = parse(args).and_then(|server| {
        ask(&args.daemon, Method::POST, &path::order(&server, Order::Logout))?.if_fine()
    });
    match answer.and_then(|answer| answer.read()) {
        Ok(Farewell { not_revoked: None }) => Exit::Fine,
        Ok(Farewell { not_revoked: Some(why) }) => {
            print::note(&format!(
                "the tokens are forgotten here, but they were not revoked: {why}"
            ));
            Exit::Fine
        }
        Err(exit) => exit,
    }
}

fn parse(args: &ServerArgs) -> Result<ServerName, Exit> {
    ServerName::parse(&args.server).map_err(|_| {
        print::error(&format!("`{}` is no server's name", args.server));
        Exit::Usage
    })
}

/// Each line is an address that a browser elsewhere came to.
fn follow_stdin(daemon: DaemonArgs, path: String) {
    // Not waited for: it ends with the program.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let address = line.trim().to_owned();
            if !address.is_empty() {
                drop(
                    tell(&daemon, Method::POST, &path, Bytes::from(address))
                        .and_then(DaemonAnswer::if_fine),
                );
            }
        }
    });
}
