//! 403 for a call that more of the issuer's grant would allow (2026-07-28, "Scope Challenge Handling").
//!
//! It hangs on the rules and on the name that was called, and not on whether there is such a tool: of two
//! names that a rule with `scope:…` is about, both are answered so.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header as names};

use super::answer::Prepared;
use super::response::{IsError, Response};
use super::well_known;
use crate::access::{Action, ActionKind, ClientName, Gate, Subject, held_scopes, missing_scope};
use crate::base::names::SEPARATOR;
use crate::client::session::Session;
use crate::front::Front;
use crate::wire::params::Target;

/// So long a challenge may be, in bytes: more of what is granted already is not repeated.
const SCOPES_MAX: usize = 2048;

/// A call of somebody whose issuer could grant more.
pub(super) struct Grantable {
    session: Arc<Session>,
    tool: Box<str>,
    client_info: Option<Arc<str>>,
}

impl Grantable {
    /// `None`: nothing that is granted would change the answer.
    pub(super) fn of(front: &Front, prepared: &Prepared) -> Option<Self> {
        prepared.session.principal.proof()?;
        if prepared.head.target() != Some(Target::Tool) || !front.hub.world().gate.asks_for_scopes()
        {
            return None;
        }
        let tool = prepared.head.request(&prepared.message).ok()?.name.as_ref().into();
        let client_info = prepared.head.client_info(&prepared.message).map(Into::into);
        Some(Self { session: prepared.session.clone(), tool, client_info })
    }

    /// The answer as a challenge, if a scope is missing.
    pub(super) fn challenged(&self, front: &Front, mut response: Response) -> Response {
        if response.extensions().get::<IsError>().is_none() {
            return response;
        }
        if let Some(challenge) = self.challenge(front) {
            *response.status_mut() = StatusCode::FORBIDDEN;
            response.headers_mut().insert(names::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn challenge(&self, front: &Front) -> Option<HeaderValue> {
        let (world, actor) = (front.hub.world(), self.session.actor());
        let client = match &self.client_info {
            Some(said) => ClientName::In(said),
            None => actor.subject().client,
        };
        let subject = Subject { principal: &actor.principal, client };
        // What they may know of was refused for another reason.
        if world.seen_tool(subject, &self.tool).is_some() {
            return None;
        }
        let server = world.servers.values().find(|server| server.owns(&self.tool))?;
        let prefix = server.config.policy.prefix.as_deref().unwrap_or(server.name.as_str());
        let shown = shown(&self.tool, prefix, server.name.as_str())?;
        let action = Action::new(ActionKind::Tool, Some(&server.name), &self.tool);
        let missing = missing_scope(&world.gate, subject, action.shown_as(&shown))?;
        let missing = Some(missing).filter(|scope| well_known::is_askable(scope))?;
        let held: Vec<&str> = held_scopes(actor.principal.proof()?).collect();
        let scopes = with_held(&held, missing);
        HeaderValue::try_from(written(&world.gate, &scopes)).ok()
    }
}

/// A name as clients see it: also that of the server leads to what is shown with a prefix.
fn shown(name: &str, prefix: &str, server: &str) -> Option<String> {
    let own = |space: &str| name.strip_prefix(space)?.strip_prefix(SEPARATOR);
    let own = own(prefix).or_else(|| own(server))?;
    Some(if prefix.is_empty() { own.to_owned() } else { format!("{prefix}{SEPARATOR}{own}") })
}

/// What to ask for: the next token takes the place of this one.
fn with_held(held: &[&str], missing: &str) -> String {
    let mut scopes = String::new();
    for scope in held.iter().copied().filter(|scope| well_known::is_askable(scope)) {
        if scopes.len() + scope.len() + missing.len() + 2 > SCOPES_MAX {
            break;
        }
        scopes += scope;
        scopes.push(' ');
    }
    scopes + missing
}

fn written(gate: &Gate, scopes: &str) -> String {
    let mut parameters =
        vec!["error=\"insufficient_scope\"".to_owned(), format!("scope=\"{scopes}\"")];
    parameters.extend(well_known::metadata(gate));
    format!("Bearer {}", parameters.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{SCOPES_MAX, shown, with_held};

    #[test]
    fn a_name_is_read_as_clients_see_it() {
        for (name, prefix, expected) in [
            ("notes__add", "notes", Some("notes__add")),
            ("notes__add", "n", Some("n__add")),
            ("n__add", "n", Some("n__add")),
            ("notes__add", "", Some("add")),
            ("add", "notes", None),
        ] {
            assert_eq!(shown(name, prefix, "notes").as_deref(), expected, "{name} {prefix}");
        }
    }

    #[test]
    fn what_is_held_is_asked_for_again_as_far_as_there_is_room() {
        assert_eq!(with_held(&[], "write"), "write");
        assert_eq!(with_held(&["read", "q\"", "offline_access"], "write"), "read write");
        let many = vec!["a-scope-of-some-length"; 1000];
        let scopes = with_held(&many, "write");
        assert!(scopes.len() <= SCOPES_MAX && scopes.ends_with(" write"), "{scopes}");
    }
}
