//! What a daemon is told to be, and how it ended.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use super::settings::Settings;
use crate::front::listen::Listener;
use crate::front::stdio::GivenUp;
use crate::telemetry::Recorder;

/// What to run.
#[derive(Debug)]
pub struct Options {
    pub settings: Settings,
    pub serve: Serve,
    pub recorder: Recorder,
    /// The run of the service before this one, if it was cut off.
    pub cut_off: Option<String>,
}

/// How clients come in.
#[derive(Debug)]
pub enum Serve {
    /// Over these sockets, which are ours.
    Bound(Vec<Listener>),
    /// The same for as long as somebody needs us: nobody is there to stop us.
    OnDemand(Vec<Listener>),
    /// Over these sockets, which are systemd's, with what it kept for us.
    Inherited { listeners: Vec<Listener>, stored: Vec<(String, OwnedFd)> },
    /// One client on stdin and stdout, which works in this directory; its end is ours.
    Stdio { cwd: Option<PathBuf> },
}

/// Who starts the daemon again when it has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keeper {
    /// systemd, whose the sockets are.
    Systemd,
    /// Whoever needs one.
    Need,
    /// Somebody who runs a daemon in a shell.
    #[default]
    Person,
    /// The one client on stdio, whose alone all of it is.
    Client,
}

impl Keeper {
    pub(super) fn of(serve: &Serve) -> Self {
        match serve {
            Serve::Inherited { .. } => Self::Systemd,
            Serve::OnDemand(_) => Self::Need,
            Serve::Bound(_) => Self::Person,
            Serve::Stdio { .. } => Self::Client,
        }
    }
}

/// Why the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Stopped,
    /// It is to be started anew.
    Again,
    /// The one client of stdio did not read.
    GivenUp(GivenUp),
}
