//! Facts of the config.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;
use crate::base::{Count, ServerName};

/// The config is in force with which the daemon began.
#[derive(Debug, Clone)]
pub struct ConfigLoaded {
    pub files: Vec<PathBuf>,
    pub servers: usize,
}

impl FactKind for ConfigLoaded {
    const ABOUT: &'static About = &About {
        name: "config_loaded",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30007",
        level: Level::Info,
        is_audit: false,
        subject: "The config was read",
        documentation: "man:callmux.toml(5)",
        text: "\
The config is in force. It was read from @CALLMUX_CONFIG_FILES@.

`callmux config show` prints every value and where it comes from.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("CONFIG_FILES", |fact| joined(&fact.files, ":").into())];

    fn message(&self) -> Cow<'_, str> {
        let (servers, from) = (Count::of(self.servers, "server"), origin(&self.files));
        format!("config with {servers} read from {from}").into()
    }
}

/// A config is not used.
#[derive(Debug, Clone)]
pub struct ConfigRefused {
    pub complaint: String,
}

impl FactKind for ConfigRefused {
    const ABOUT: &'static About = &About {
        name: "config_refused",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30008",
        level: Level::Error,
        is_audit: false,
        subject: "The config was refused",
        documentation: "man:callmux.toml(5)",
        text: "\
The config is not in force:

    @CALLMUX_CONFIG_COMPLAINT@

The daemon goes on with the config that was in force before, and a daemon that
starts, with the last one that was good. Where there is none, it runs without
servers, and clients that call a tool read the complaint above. Correct the
file; it is read as soon as it is saved. To see everything that is wrong:

    callmux config check",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("CONFIG_COMPLAINT", |fact| fact.complaint.as_str().into())];

    fn message(&self) -> Cow<'_, str> {
        format!("config refused: {}", self.complaint).into()
    }
}

/// Somebody had callmux change the config.
#[derive(Debug, Clone)]
pub struct ConfigChanged {
    /// What: `PUT servers.github`, `undo: PUT servers.github`.
    pub change: String,
    pub principal: Arc<str>,
    pub files: Vec<PathBuf>,
}

impl FactKind for ConfigChanged {
    const ABOUT: &'static About = &About {
        name: "config_changed",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300b3",
        level: Level::Info,
        is_audit: true,
        subject: "The config was changed through callmux",
        documentation: "man:callmux-config(1)",
        text: "\
@CALLMUX_PRINCIPAL@ had callmux change the config: @CALLMUX_CHANGE@. Written
was @CALLMUX_CONFIG_FILES@, which is callmux's own; files of yours stay as they
are. To take the last such change back:

    callmux config undo",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("CHANGE", |fact| fact.change.as_str().into()),
        FactField::Always("PRINCIPAL", |fact| (&*fact.principal).into()),
        FactField::Always("CONFIG_FILES", |fact| joined(&fact.files, ":").into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!("config changed: {}, says {}", self.change, self.principal).into()
    }
}

/// Another config is in force.
#[derive(Debug, Clone)]
pub struct ConfigReloaded {
    pub added: Vec<ServerName>,
    pub removed: Vec<ServerName>,
    pub restarted: Vec<ServerName>,
    pub adjusted: Vec<ServerName>,
    pub unchanged: usize,
}

impl FactKind for ConfigReloaded {
    const ABOUT: &'static About = &About {
        name: "config_reloaded",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30040",
        level: Level::Info,
        is_audit: false,
        subject: "The config was reloaded",
        documentation: "man:callmux.toml(5)",
        text: "\
Another config is in force. Added servers: @CALLMUX_ADDED@. Removed:
@CALLMUX_REMOVED@. Started anew: @CALLMUX_RESTARTED@. Treated differently from
now on: @CALLMUX_ADJUSTED@. Untouched: @CALLMUX_UNCHANGED@ servers.

Calls that were running keep the server they began with. Clients were told if
the list of tools is another one.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("UNCHANGED", |fact| fact.unchanged.into()),
        FactField::Always("ADDED", |fact| names(&fact.added, " ").into()),
        FactField::Always("REMOVED", |fact| names(&fact.removed, " ").into()),
        FactField::Always("RESTARTED", |fact| names(&fact.restarted, " ").into()),
        FactField::Always("ADJUSTED", |fact| names(&fact.adjusted, " ").into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let changes = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("restarted", &self.restarted),
            ("adjusted", &self.adjusted),
        ];
        let some = changes.into_iter().filter(|(_, servers)| !servers.is_empty());
        let mut parts: Vec<String> =
            some.map(|(verb, servers)| format!("{verb} {}", names(servers, ", "))).collect();
        parts.push(format!("{} unchanged", Count::of(self.unchanged, "server")));
        format!("config reloaded: {}", parts.join("; ")).into()
    }
}

/// The current config was refused at the start; this one is in force.
#[derive(Debug, Clone)]
pub struct LastGoodConfigUsed {
    pub files: Vec<PathBuf>,
    pub servers: usize,
}

impl FactKind for LastGoodConfigUsed {
    const ABOUT: &'static About = &About {
        name: "last_good_config_used",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30041",
        level: Level::Warning,
        is_audit: false,
        subject: "The last good config is in force",
        documentation: "man:callmux.toml(5)",
        text: "\
The current config is refused; the entry before says why. The daemon runs with
the one that was in force when it last ran, as it was then written in
@CALLMUX_CONFIG_FILES@.

Correct the file; it is read as soon as it is saved.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("CONFIG_FILES", |fact| joined(&fact.files, ":").into())];

    fn message(&self) -> Cow<'_, str> {
        let (servers, from) = (Count::of(self.servers, "server"), origin(&self.files));
        format!("the last good config is in force, with {servers} from {from} as it was").into()
    }
}

/// Changes of the config may go unnoticed.
#[derive(Debug, Clone)]
pub struct ConfigUnwatched {
    pub reason: String,
}

impl FactKind for ConfigUnwatched {
    const ABOUT: &'static About = &About {
        name: "config_unwatched",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30042",
        level: Level::Warning,
        is_audit: false,
        subject: "The config cannot be watched",
        documentation: "man:callmux(1)",
        text: "\
Changes of the config are not noticed at once: @CALLMUX_REASON@.

The config is read every few seconds instead, and whenever it is asked for:

    systemctl --user reload callmux.service

If the limits of inotify are reached, raise them (sysctl
fs.inotify.max_user_instances, fs.inotify.max_user_watches).",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("REASON", |fact| fact.reason.as_str().into())];

    fn message(&self) -> Cow<'_, str> {
        let reason = &self.reason;
        format!("the config cannot be watched, so it is read every few seconds: {reason}").into()
    }
}

/// Where a config came from, for people.
fn origin(files: &[PathBuf]) -> String {
    if files.is_empty() { "no file".to_owned() } else { joined(files, ", ") }
}

fn joined(files: &[PathBuf], between: &str) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    files.join(between)
}

fn names(servers: &[ServerName], between: &str) -> String {
    let names: Vec<&str> = servers.iter().map(ServerName::as_str).collect();
    names.join(between)
}
