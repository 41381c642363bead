//! What is noted of a call for the next process of ours.

use crate::base::CallId;
use crate::client::session::Session;
use crate::handover::CallRow;
use crate::handover::call::Monotonic;
use crate::mux::Call;
use crate::wire::params::Target;

/// The row of a call of a tool over a link. `None` for any other request, which can be asked again.
pub fn row(session: &Session, call: &Call, id: &str) -> Option<CallRow> {
    let params = call.head.request(&call.message).ok()?;
    (params.target == Target::Tool).then(|| CallRow {
        session: session.id,
        id: id.into(),
        era: call.era,
        token: params.progress_token.map(Into::into),
        tool: params.name.as_ref().into(),
        began: Monotonic::now(),
        call: CallId::next(),
        client: call.client_title().into(),
        stream: None,
    })
}
