//! How a server is that was just added.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::Serialize;

use super::args_daemon::DaemonArgs;
use super::ask::ask;
use super::operate;
use crate::api::{Order, Phase, ServerReport, path};
use crate::base::{ServerName, runtime_dir};
use crate::servers::{Probe, probe_here};
use crate::settings::ServerConfig;
use crate::terminal::{Exit, print};
use crate::wire::ListKind;

/// The name that the server gets to know.
const NAME: &str = "callmux-server-add";

/// How it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Readiness {
    /// It is ready, with so many tools.
    Ready {
        tools: usize,
    },
    NotReady {
        reason: String,
    },
}

impl Readiness {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Ready { .. } => Exit::Fine,
            Self::NotReady { .. } => Exit::Failed,
        }
    }

    /// Tells a person.
    pub(super) fn print(&self, server: &ServerName) {
        match self {
            Self::Ready { tools } => {
                print::line(&format!("ready: {}", print::count(*tools, "tool")));
            }
            Self::NotReady { reason } => print::error(&format!("{server} is not ready: {reason}")),
        }
    }
}

/// Whether somebody listens on the daemon's socket; systemd then starts a daemon.
pub(super) fn is_served(daemon: &DaemonArgs) -> bool {
    let socket = daemon.socket.clone().or_else(|| runtime_dir::socket().ok());
    socket.is_some_and(|socket| UnixStream::connect(socket).is_ok())
}

/// Waits until the daemon has it ready, or knows why it is not.
pub(super) fn at_daemon(daemon: &DaemonArgs, server: &ServerName) -> Result<Readiness, Exit> {
    let answer = ask(daemon, Method::POST, &path::order(server, Order::Start))?;
    if answer.status != StatusCode::OK {
        return Err(answer.unexpected());
    }
    let report: ServerReport = answer.read()?;
    Ok(match report.phase {
        Phase::Ready => Readiness::Ready { tools: report.tools },
        _ => Readiness::NotReady { reason: operate::why(&report) },
    })
}

/// Starts it here, looks at what it offers, and ends it.
pub(super) fn by_probe(server: &ServerName, config: &Arc<ServerConfig>) -> Result<Readiness, Exit> {
    let look = Probe { server: server.clone(), config: config.clone(), name: NAME, first: None };
    let looked = probe_here(look).map_err(|error| {
        print::error(&format!("no runtime: {error}"));
        Exit::System
    })?;
    Ok(match looked {
        Ok((_, offer)) => Readiness::Ready { tools: offer.list(ListKind::Tools).items.len() },
        Err(failure) => Readiness::NotReady { reason: failure.to_string() },
    })
}
