//! What somebody could do if their issuer had granted their client more (RFC 6750, section 3.1).
//!
//! It is a question about rules alone, whatever there is or is not.

use std::time::UNIX_EPOCH;

use super::action::{Action, Subject};
use super::gate::Gate;
use crate::base::Principal;
use crate::base::principal::Proof;

/// How a proof names what was granted.
const SCOPE: &str = "scope:";

/// What was granted to somebody's client.
pub fn held_scopes(proof: &Proof) -> impl Iterator<Item = &str> {
    proof.names().filter_map(|name| name.strip_prefix(SCOPE))
}

/// The scope that the rules ask for by its name and that would let somebody do what they may not do now: the
/// first, in the order of the rules. `None`: none would, or their issuer grants nothing.
pub fn missing_scope<'a>(
    gate: &'a Gate,
    subject: Subject<'_>,
    action: Action<'_>,
) -> Option<&'a str> {
    subject.principal.proof()?;
    if gate.verdict(subject, action).is_ok() {
        return None;
    }
    gate.scopes().into_iter().find(|scope| {
        let granted = granted(subject.principal, scope);
        granted.is_some_and(|principal| {
            gate.verdict(Subject { principal: &principal, ..subject }, action).is_ok()
        })
    })
}

/// The same if the issuer had granted this, too; `None`: it did, or there is none.
fn granted(principal: &Principal, scope: &str) -> Option<Principal> {
    let proof = principal.proof()?;
    let named = |kind: &str| -> Vec<String> {
        proof.names().filter_map(|name| name.strip_prefix(kind)).map(str::to_owned).collect()
    };
    let mut scopes = named(SCOPE);
    if scopes.iter().any(|held| held == scope) {
        return None;
    }
    scopes.push(scope.to_owned());
    let until = proof.until().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let subject = principal.as_str().strip_prefix("oidc:")?;
    Some(Principal::oidc(&proof.issuer().into(), subject, &named("group:"), &scopes, until))
}

#[cfg(test)]
mod tests {
    use super::missing_scope;
    use crate::access::{Action, ActionKind, ClientName, Gate, Subject};
    use crate::base::{Principal, ServerName};
    use crate::settings::access::{Algorithm, Oidc, Rule};
    use crate::settings::{Access, NamePatterns, RuleEffect};
    use std::time::Duration;

    fn rule(principals: &[&str], tools: &[&str], effect: RuleEffect) -> Rule {
        let patterns = |texts: &[&str]| {
            Some(NamePatterns::new(texts.iter().map(|text| (*text).to_owned()).collect()))
        };
        let (principals, tools) = (patterns(principals), patterns(tools));
        Rule { principals, tools, effect, ..Rule::default() }
    }

    #[test]
    fn the_first_scope_that_would_do_is_named_and_none_that_would_not() {
        use RuleEffect::{Allow, Ask, Deny};
        let oidc = Oidc {
            issuer: "https://i".into(),
            audience: "a".to_owned(),
            resource: None,
            groups_claim: "groups".to_owned(),
            algorithms: vec![Algorithm::Es256],
            leeway: Duration::ZERO,
        };
        let rules = vec![
            rule(&["scope:guest"], &["notes__wipe"], Deny),
            rule(&["group:banned"], &["*"], Deny),
            rule(&["scope:guest", "scope:write", "scope:all*"], &["notes__*"], Allow),
            rule(&["scope:mail"], &["mail__*"], Ask),
            rule(&["group:mailers"], &["post__*"], Allow),
        ];
        let oidc = Some(std::sync::Arc::new(oidc));
        let gate = Gate::default().with(Access { oidc, rules, ..Access::default() });
        let missing = |groups: &[&str], scopes: &[&str], tool: &str, until: u64| {
            let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            let (groups, scopes) = (texts(groups), texts(scopes));
            let principal = Principal::oidc(&"https://i".into(), "alice", &groups, &scopes, until);
            let subject = Subject { principal: &principal, client: ClientName::Read("") };
            let server = ServerName::parse(tool.split_once("__").unwrap().0).unwrap();
            let action = Action::new(ActionKind::Tool, Some(&server), tool).shown_as(tool);
            missing_scope(&gate, subject, action).map(str::to_owned)
        };
        let late = 1 << 40;
        for (groups, scopes, tool, expected) in [
            (&[][..], &[][..], "notes__add", Some("guest")),
            (&[], &[], "notes__wipe", Some("write")),
            (&[], &["guest"], "notes__wipe", None),
            (&[], &["guest"], "notes__add", None),
            (&[], &["guest"], "mail__send", Some("mail")),
            (&["banned"], &[], "notes__add", None),
            (&[], &["write"], "post__send", None),
        ] {
            let found = missing(groups, scopes, tool, late);
            assert_eq!(found.as_deref(), expected, "{groups:?} {scopes:?} {tool}");
        }
        assert_eq!(missing(&[], &[], "notes__add", 1), None, "what has ended is asked for anew");
        let user = Principal::user(1);
        let subject = Subject { principal: &user, client: ClientName::Read("") };
        let server = ServerName::parse("notes").unwrap();
        let action = Action::new(ActionKind::Tool, Some(&server), "x").shown_as("notes__x");
        assert_eq!(missing_scope(&gate, subject, action), None, "nobody grants a user scopes");
    }
}
