//! Calls that an operator cancelled.

use std::borrow::Cow;
use std::sync::Arc;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;
use crate::base::{CallId, ServerName, SessionId};

/// An operator cancelled a call. How it ended is told beside this.
#[derive(Debug, Clone)]
pub struct CallCancelled {
    pub call: CallId,
    pub session: SessionId,
    pub server: Option<ServerName>,
    /// What it is about, as clients name it.
    pub name: Arc<str>,
    /// Who wanted that.
    pub principal: Arc<str>,
}

impl FactKind for CallCancelled {
    const ABOUT: &'static About = &About {
        name: "call_cancelled",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300c2",
        level: Level::Info,
        is_audit: false,
        subject: "A call was cancelled by an operator",
        documentation: "man:callmux(1)",
        text: "\
@CALLMUX_PRINCIPAL@ cancelled a call of @CALLMUX_TOOL@, over the management API. Its
server was told, and its client got an error. How it ended:

    journalctl --user -t callmux CALLMUX_CALL_ID=@CALLMUX_CALL_ID@",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Maybe("SERVER", |fact| Some(fact.server.as_ref()?.as_str().into())),
        FactField::Always("CALL_ID", |fact| fact.call.to_string().into()),
        FactField::Always("SESSION", |fact| fact.session.to_string().into()),
        FactField::Always("TOOL", |fact| (&*fact.name).into()),
        FactField::Always("PRINCIPAL", |fact| (&*fact.principal).into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { name, principal, .. } = self;
        format!("call of {name} cancelled, says {principal}").into()
    }
}
