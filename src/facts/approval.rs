//! Facts of calls that a person is asked about.

use std::borrow::Cow;
use std::sync::Arc;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;

/// A person is asked.
#[derive(Debug, Clone)]
pub struct ApprovalAsked {
    pub id: Box<str>,
    /// The calls, by the names that clients see.
    pub calls: Vec<Box<str>>,
    pub principal: Arc<str>,
    pub client: Box<str>,
    pub rule: Box<str>,
}

impl FactKind for ApprovalAsked {
    const ABOUT: &'static About = &About {
        name: "approval_asked",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300b1",
        level: Level::Info,
        is_audit: true,
        subject: "@CALLMUX_PRINCIPAL@ wants @CALLMUX_CALLS@, which a person has to approve",
        documentation: "man:callmux-approvals(1)",
        text: "\
An access rule with effect = \"ask\" is about what somebody wants. It waits for a
person: the client asks if it can, else a notification of the desktop, and anybody
at a terminal of the same user can answer:

  callmux approvals

Without an answer it is refused after access.limits.approval_timeout.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("APPROVAL", |fact| (&*fact.id).into()),
        FactField::Always("CALLS", |fact| fact.calls.join(", ").into()),
        FactField::Always("PRINCIPAL", |fact| (&*fact.principal).into()),
        FactField::Always("CLIENT", |fact| (&*fact.client).into()),
        FactField::Always("RULE", |fact| (&*fact.rule).into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { id, calls, principal, rule, .. } = self;
        let calls = calls.join(", ");
        format!("{principal} wants {calls}; the rule {rule} has a person asked: approval {id}")
            .into()
    }
}

/// It was answered.
#[derive(Debug, Clone)]
pub struct ApprovalAnswered {
    pub id: Box<str>,
    /// `once`, `hour` or `deny`.
    pub decision: &'static str,
    /// Who said so: a principal at a terminal, `client` or `desktop`.
    pub by: Arc<str>,
}

impl FactKind for ApprovalAnswered {
    const ABOUT: &'static About = &About {
        name: "approval_answered",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300b2",
        level: Level::Info,
        is_audit: true,
        subject: "Approval @CALLMUX_APPROVAL@ was answered: @CALLMUX_DECISION@",
        documentation: "man:callmux-approvals(1)",
        text: "\
A person said whether the calls of this question may be made: each of them once, or
all of the same for an hour, or not.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("APPROVAL", |fact| (&*fact.id).into()),
        FactField::Always("DECISION", |fact| fact.decision.into()),
        FactField::Always("BY", |fact| (&*fact.by).into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { id, decision, by } = self;
        format!("approval {id}: {decision}, by {by}").into()
    }
}
