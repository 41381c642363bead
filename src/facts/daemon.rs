//! Facts of the daemon itself.

use std::borrow::Cow;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;
use crate::base::Count;

/// The daemon began.
#[derive(Debug, Clone)]
pub struct DaemonStarted {
    pub version: &'static str,
    pub pid: u32,
    /// The run of the service before this one, if it was cut off: systemd's id of it.
    pub cut_off: Option<String>,
}

impl FactKind for DaemonStarted {
    const ABOUT: &'static About = &About {
        name: "daemon_started",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30001",
        level: Level::Info,
        is_audit: false,
        subject: "The callmux daemon started",
        documentation: "man:callmux(1)",
        text: "\
callmux @CALLMUX_VERSION@ started as process @CALLMUX_PID@.

The socket callmux.socket starts it when the first client connects, and systemd
starts it again after a crash. If it says that the one before was cut off, that one
crashed or was killed. What it wrote, and what systemd wrote of it:

    journalctl --user _SYSTEMD_INVOCATION_ID=@CALLMUX_CUT_OFF@
    journalctl --user -u callmux.service

For its first minute the new one then writes what is for debuggers, too.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("VERSION", |fact| fact.version.into()),
        FactField::Always("PID", |fact| fact.pid.into()),
        FactField::Maybe("CUT_OFF", |fact| fact.cut_off.as_deref().map(Into::into)),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { version, cut_off, .. } = self;
        match cut_off {
            None => format!("callmux {version} started"),
            Some(_) => format!("callmux {version} started, and the one before it was cut off"),
        }
        .into()
    }
}

/// Clients can connect.
#[derive(Debug, Clone)]
pub struct ListenerOpened {
    pub address: String,
    /// Passed by systemd.
    pub inherited: bool,
}

impl FactKind for ListenerOpened {
    const ABOUT: &'static About = &About {
        name: "listening",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30002",
        level: Level::Info,
        is_audit: false,
        subject: "callmux accepts connections on @CALLMUX_ADDRESS@",
        documentation: "man:callmux(1)",
        text: "\
Clients can connect to @CALLMUX_ADDRESS@.

At a unix socket and a loopback address the daemon's own user is served, at a unix
socket root, too; everywhere who sends a token. Nothing needs to be done.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("ADDRESS", |fact| fact.address.as_str().into())];

    fn message(&self) -> Cow<'_, str> {
        let how = if self.inherited { "passed by systemd" } else { "bound by callmux" };
        format!("listening on {} ({how})", self.address).into()
    }
}

/// A socket is not served, or a certificate at one.
#[derive(Debug, Clone)]
pub struct ListenerRefused {
    pub address: String,
    pub reason: String,
}

impl FactKind for ListenerRefused {
    const ABOUT: &'static About = &About {
        name: "listener_refused",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30003",
        level: Level::Error,
        is_audit: false,
        subject: "callmux does not serve @CALLMUX_ADDRESS@",
        documentation: "man:callmux(1)",
        text: "\
There is a socket that callmux must not or cannot serve. The entry says why. Others
are served; in place of a certificate that cannot be used, the one before is.

An address that other machines can reach takes a token (callmux token new NAME) and
http.tls_cert, or http.behind_proxy where a proxy speaks TLS. Then, or once
ListenStream= is right (systemctl --user edit --full callmux-http.socket):

    systemctl --user stop callmux.service
    systemctl --user restart callmux-http.socket",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("ADDRESS", |fact| fact.address.as_str().into())];

    fn message(&self) -> Cow<'_, str> {
        format!("not serving {}: {}", self.address, self.reason).into()
    }
}

/// Clients are answered.
#[derive(Debug, Clone)]
pub struct DaemonReady {
    pub servers: usize,
}

impl FactKind for DaemonReady {
    const ABOUT: &'static About = &About {
        name: "daemon_ready",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30004",
        level: Level::Info,
        is_audit: false,
        subject: "The callmux daemon is ready",
        documentation: "man:callmux(1)",
        text: "\
Clients are answered from now on. @CALLMUX_SERVERS@ servers are configured. They
start at the same time and may need longer; calls wait for them.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("SERVERS", |fact| fact.servers.into())];

    fn message(&self) -> Cow<'_, str> {
        format!("ready, {} configured", Count::of(self.servers, "server")).into()
    }
}

/// The daemon was told to stop.
#[derive(Debug, Clone)]
pub struct DaemonDraining {
    pub calls: usize,
}

impl FactKind for DaemonDraining {
    const ABOUT: &'static About = &About {
        name: "daemon_draining",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30005",
        level: Level::Info,
        is_audit: false,
        subject: "The callmux daemon is stopping",
        documentation: "man:callmux.toml(5)",
        text: "\
The daemon was told to stop. @CALLMUX_CALLS@ calls were running and may finish
within drain_timeout. New connections wait in the socket for the next daemon.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("CALLS", |fact| fact.calls.into())];

    fn message(&self) -> Cow<'_, str> {
        format!("stopping; {} may finish", Count::of(self.calls, "call")).into()
    }
}

/// The daemon ends.
#[derive(Debug, Clone)]
pub struct DaemonStopped {
    pub calls_left: usize,
}

impl FactKind for DaemonStopped {
    const ABOUT: &'static About = &About {
        name: "daemon_stopped",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30006",
        level: Level::Info,
        is_audit: false,
        subject: "The callmux daemon stopped",
        documentation: "man:callmux.toml(5)",
        text: "\
@CALLMUX_CALLS@ calls were still running when drain_timeout was over. Their
clients were told that the outcome is unknown.

If that happens often, raise drain_timeout in ~/.config/callmux/config.toml.
The calls in question:

    journalctl --user -t callmux CALLMUX_OUTCOME=outcome_unknown",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("CALLS", |fact| fact.calls_left.into())];

    fn message(&self) -> Cow<'_, str> {
        let calls = Count::of(self.calls_left, "call");
        format!("stopped; {calls} {} cut off", calls.were()).into()
    }
}

/// Our program was replaced on disk.
#[derive(Debug, Clone)]
pub struct DaemonUpgraded;

impl FactKind for DaemonUpgraded {
    const ABOUT: &'static About = &About {
        name: "daemon_upgraded",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30033",
        level: Level::Info,
        is_audit: false,
        subject: "The callmux daemon starts itself anew",
        documentation: "man:callmux.toml(5)",
        text: "\
Another program lies where the running one came from, and restart_on_upgrade is
set. The new program takes over sessions, servers and running calls. Nothing
needs to be done.",
    };
    const FIELDS: &'static [FactField<Self>] = &[];

    fn message(&self) -> Cow<'_, str> {
        "our program was replaced; the new one goes on".into()
    }
}

/// Nobody needed us for `idle_exit`.
#[derive(Debug, Clone)]
pub struct DaemonIdle;

impl FactKind for DaemonIdle {
    const ABOUT: &'static About = &About {
        name: "daemon_idle",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30032",
        level: Level::Info,
        is_audit: false,
        subject: "The callmux daemon ends because nobody needs it",
        documentation: "man:callmux.toml(5)",
        text: "\
No bridge was connected and nothing was asked for idle_exit. The next client starts
the daemon again, by the socket of systemd or, where that is not, itself. Nothing
needs to be done.",
    };
    const FIELDS: &'static [FactField<Self>] = &[];

    fn message(&self) -> Cow<'_, str> {
        "nobody needs us; the next client starts us again".into()
    }
}

/// A unit of ours that nobody holds was ended.
#[derive(Debug, Clone)]
pub struct StrayStopped {
    pub unit: String,
}

impl FactKind for StrayStopped {
    const ABOUT: &'static About = &About {
        name: "stray_stopped",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30031",
        level: Level::Info,
        is_audit: false,
        subject: "callmux ended the unit @CALLMUX_UNIT@",
        documentation: "man:callmux(1)",
        text: "\
At its start the daemon found a unit of an MCP server that it had no connection
to: the server was removed or changed in the config while the daemon was away,
or the daemon was stopped without a chance to end it. Nothing needs to be done.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("UNIT", |fact| fact.unit.as_str().into())];

    fn message(&self) -> Cow<'_, str> {
        format!("{} was nobody's", self.unit).into()
    }
}

/// Memory was short, and what can be had again was forgotten.
#[derive(Debug, Clone)]
pub struct MemoryGivenBack {
    pub results: usize,
    pub bytes: usize,
}

impl FactKind for MemoryGivenBack {
    const ABOUT: &'static About = &About {
        name: "memory_given_back",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30054",
        level: Level::Info,
        is_audit: false,
        subject: "Memory is short, and callmux gave some back",
        documentation: "man:callmux(1) man:systemd.resource-control(5)",
        text: "\
Programs had to wait for memory. callmux forgot the results that it kept to give
them again ([cache] and cache_ttl), @CALLMUX_RESULTS@ of them, and gave free memory
back. The next calls are sent to their servers; nothing else changes.

If this appears often, see which server takes the memory, and limit it:

    systemd-cgtop
    memory_max = \"1GiB\"      in [servers.NAME]",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("RESULTS", |fact| fact.results.into()),
        FactField::Always("BYTES", |fact| fact.bytes.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let results = Count(self.results as u64, "kept result");
        format!("memory is short: {results} {} forgotten", results.were()).into()
    }
}
