//! The one gate. Whatever somebody wants of a server, or of callmux itself, is asked here, and only
//! what is let in here reaches a server: a connection sends nothing without a [`Permit`].

use std::sync::Arc;

use tokio::time::Instant;

use super::limits::{Limited, Meters};
use crate::base::Principal;
use crate::base::ServerName;
#[cfg(debug_assertions)]
use crate::base::file;
use crate::settings::Limits;

/// Who wants something, as one request shows it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub principal: &'a Principal,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    pub kind: ActionKind,
    /// Whom it is done to; `None`: callmux itself.
    pub server: Option<&'a ServerName>,
    /// The server's own name, URI or id of what it is done to; empty for what is about the server as
    /// a whole.
    pub target: &'a str,
}

/// What an action is about. The journal calls it by [`ActionKind::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// `tools/call`
    Tool,
    /// `prompts/get`
    Prompt,
    /// `resources/read`
    Resource,
    /// `completion/complete`
    Completion,
    /// `tasks/get`, `tasks/result`, `tasks/update` and `tasks/cancel`
    Task,
    /// `tasks/list`
    Tasks,
    /// `resources/subscribe`, and the resources of `subscriptions/listen`
    Subscription,
    /// `logging/setLevel`
    LogLevel,
    /// `notifications/roots/list_changed`
    Roots,
    /// What operators ask of the daemon; the target is the path of the endpoint.
    Administration,
}

impl ActionKind {
    pub const ALL: [Self; 10] = [
        Self::Tool,
        Self::Prompt,
        Self::Resource,
        Self::Completion,
        Self::Task,
        Self::Tasks,
        Self::Subscription,
        Self::LogLevel,
        Self::Roots,
        Self::Administration,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Completion => "completion",
            Self::Task => "task",
            Self::Tasks => "tasks",
            Self::Subscription => "subscription",
            Self::LogLevel => "log_level",
            Self::Roots => "roots",
            Self::Administration => "administration",
        }
    }

    /// Whether it is one of the calls that limits are about: a request that one server gets because
    /// a client asks for it.
    fn is_call(self) -> bool {
        !matches!(self, Self::Tasks | Self::LogLevel | Self::Roots | Self::Administration)
    }
}

/// Leave to send something to a server. A gate gives it for one action; hold it until that is over.
#[derive(Debug)]
pub struct Permit(());

impl Permit {
    /// For what callmux says to a server of its own accord, on nobody's behalf: handshakes, the lists,
    /// pings, and taking back what it had asked. `tests/tidy` knows who may.
    pub fn own() -> Self {
        Self(())
    }
}

/// The subject may not do this, nor know of it: whoever asks is told what they would be told if
/// there were no such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", Self::REASON)]
pub struct Denied;

impl Denied {
    /// For the journal, which tells it to nobody who may not know.
    pub const REASON: &str = "the access rules deny it";
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Limited(#[from] Limited),
}

/// Decides who may do what, and how often.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    denied: Arc<[DeniedPattern]>,
    limits: Limits,
    /// They go on when the limits change.
    meters: Arc<Meters>,
}

/// What nobody may do.
#[derive(Debug)]
struct DeniedPattern {
    /// By its name; `None`: of every kind.
    kind: Option<Box<str>>,
    server: Box<str>,
    /// The beginning of the target, or all of it.
    target: Box<str>,
    is_beginning: bool,
}

/// The largest file of patterns, in bytes.
#[cfg(debug_assertions)]
const PATTERNS_MAX: u64 = 64 * 1024;

/// How patterns name callmux itself.
const ITSELF: &str = "callmux";

impl Gate {
    /// The gate that is in force now. A build for development can be told what to deny, in the patterns
    /// of [`Gate::denying`] or as `@FILE` with those: its tests show that nothing gets past the gate.
    pub fn in_force() -> Self {
        #[cfg(debug_assertions)]
        if let Ok(patterns) = std::env::var("CALLMUX_DENIED") {
            let Some(path) = patterns.strip_prefix('@') else { return Self::denying(&patterns) };
            let bytes = file::read(path.as_ref(), PATTERNS_MAX).unwrap_or_default();
            return Self::denying(&String::from_utf8_lossy(&bytes));
        }
        Self::default()
    }

    /// A gate that denies all principals what these patterns name, which stand between white space:
    /// `[KIND:]SERVER[/TARGET]`, where `*` at the end of a target stands for any rest. The server of
    /// our own tools is `callmux`.
    #[cfg(any(test, debug_assertions))]
    pub fn denying(patterns: &str) -> Self {
        let pattern = |text: &str| {
            let (server, target) = text.split_once('/').unwrap_or((text, "*"));
            let beginning = target.strip_suffix('*');
            let (kind, server) = server
                .split_once(':')
                .map_or((None, server), |(kind, server)| (Some(kind.into()), server));
            DeniedPattern {
                kind,
                server: server.into(),
                target: beginning.unwrap_or(target).into(),
                is_beginning: beginning.is_some(),
            }
        };
        let denied = patterns.split_whitespace().map(pattern).collect();
        Self { denied, ..Self::default() }
    }

    /// The same with these limits. What was counted so far counts.
    #[must_use]
    pub fn limited(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The gate that is in force after a reload. What was counted so far counts.
    #[must_use]
    pub fn renewed(&self, limits: Limits) -> Self {
        Self { meters: self.meters.clone(), ..Self::in_force() }.limited(limits)
    }

    /// Asks for an action, which is counted.
    pub fn admit(&self, subject: Subject<'_>, action: Action<'_>) -> Result<Permit, NotAdmitted> {
        let permit = self.admit_again(subject, action)?;
        if action.server.is_some() && action.kind.is_call() && !self.limits.is_none() {
            self.meters.take(subject.principal, self.limits, Instant::now())?;
        }
        Ok(permit)
    }

    /// Asks again for an action that was let in before and goes on: it is not counted once more.
    pub fn admit_again(&self, subject: Subject<'_>, action: Action<'_>) -> Result<Permit, Denied> {
        if self.sees(subject, action) {
            return Ok(Permit(()));
        }
        let (principal, kind) = (subject.principal.label(), action.kind.as_str());
        tracing::debug!(%principal, kind, target = action.target, "denied");
        Err(Denied)
    }

    /// Whether the subject may know of what the action is about.
    pub fn sees(&self, _subject: Subject<'_>, action: Action<'_>) -> bool {
        !self.denied.iter().any(|pattern| pattern.fits(action))
    }

    /// Whether everybody may know of everything.
    pub fn hides_nothing(&self) -> bool {
        self.denied.is_empty()
    }
}

impl DeniedPattern {
    fn fits(&self, action: Action<'_>) -> bool {
        let server = action.server.map_or(ITSELF, ServerName::as_str);
        let is_target = if self.is_beginning {
            action.target.starts_with(&*self.target)
        } else {
            *action.target == *self.target
        };
        let is_kind = self.kind.as_deref().is_none_or(|kind| kind == action.kind.as_str());
        is_kind && is_target && *self.server == *server
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, ActionKind, Denied, Gate, NotAdmitted, Subject};
    use crate::base::{Principal, ServerName};

    #[test]
    fn what_a_pattern_names_is_denied_and_nothing_else() {
        let gate =
            Gate::denying("files/delete files/wipe_* callmux/callmux_status mail roots:other");
        let admit = |server: Option<&str>, target: &str| {
            let server = server.map(|name| ServerName::parse(name).unwrap());
            let (principal, server) = (Principal::user(1), server.as_ref());
            let action = Action { kind: ActionKind::Tool, server, target };
            gate.admit(Subject { principal: &principal }, action).map(drop)
        };
        for (server, target) in
            [(Some("files"), "delete"), (Some("files"), "wipe_all"), (Some("mail"), "any")]
        {
            assert_eq!(
                admit(server, target),
                Err(NotAdmitted::Denied(Denied)),
                "{server:?} {target}"
            );
        }
        assert_eq!(admit(None, "callmux_status"), Err(NotAdmitted::Denied(Denied)));
        for (server, target) in [
            (Some("files"), "delete_not"),
            (Some("files"), "wipe"),
            (Some("other"), "delete"),
            (None, "callmux_parallel"),
            (None, "delete"),
        ] {
            assert_eq!(admit(server, target), Ok(()), "{server:?} {target}");
        }
        let (principal, server) = (Principal::user(1), ServerName::parse("other").unwrap());
        let roots = Action { kind: ActionKind::Roots, server: Some(&server), target: "" };
        assert!(!gate.sees(Subject { principal: &principal }, roots), "of this kind alone");
        assert!(Gate::default().hides_nothing() && !gate.hides_nothing());
    }
}
