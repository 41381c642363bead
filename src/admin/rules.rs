//! Who may what, as operators are told.

use std::path::PathBuf;

use crate::access::{
    Action, ActionKind, ClientName, Denied, ProcessFit, Subject, process_fit, token_uses,
};
use crate::api::{AccessVerdict, RuleReport, TokenReport};
use crate::base::Principal;
use crate::settings::NamePatterns;
use crate::settings::RuleEffect;
use crate::settings::access::{Access, Rule};
use crate::world::{World, hints};

/// The rules in their order.
pub(super) fn rules(access: &Access) -> Vec<RuleReport> {
    access.rules.iter().map(rule).collect()
}

fn rule(rule: &Rule) -> RuleReport {
    let texts = |patterns: &Option<NamePatterns>| {
        patterns.as_ref().map(|patterns| patterns.texts().to_vec())
    };
    RuleReport {
        id: rule.id.clone(),
        effect: rule.effect.as_str().to_owned(),
        at: rule.at.as_ref().map(ToString::to_string),
        principals: texts(&rule.principals),
        clients: texts(&rule.clients),
        servers: texts(&rule.servers),
        tools: texts(&rule.tools),
        prompts: texts(&rule.prompts),
        resources: texts(&rule.resources),
        endpoints: texts(&rule.endpoints),
    }
}

/// What comes of a call of the tool that clients see under this name; `None`: there is no such tool.
pub(super) fn verdict(
    world: &World,
    principal: &Principal,
    client: &str,
    tool: &str,
) -> Option<AccessVerdict> {
    let entry = world.catalog.tools.entries().iter().find(|entry| *entry.shown == *tool)?;
    let server = entry.server.name.configured();
    let action = Action::new(ActionKind::Tool, Some(&server), &entry.item.name).shown_as(tool);
    let action = action.hinted(hints(&entry.server, &entry.item));
    let subject = Subject { principal, client: ClientName::Read(client) };
    let verdict = world.gate.verdict(subject, action);
    let rule = match &verdict {
        Ok(rule) => *rule,
        Err(Denied::Rule(id)) => world.config.access.rules.iter().find(|rule| rule.id == **id),
        Err(_) => None,
    };
    let is_unsure = rule.is_some_and(|rule| process_fit(rule, principal) == ProcessFit::Unknown);
    let reason = match (&verdict, rule) {
        (Err(denied), _) => denied.to_string(),
        (Ok(_), Some(_)) if is_unsure => {
            "as far as that can be said without its process".to_owned()
        }
        (Ok(_), Some(_)) => "the first rule that fits says so".to_owned(),
        (Ok(_), None) => "there are no rules".to_owned(),
    };
    let effect = match verdict {
        Ok(Some(rule)) if world.gate.asks(subject, action, rule) => RuleEffect::Ask,
        Ok(_) => RuleEffect::Allow,
        Err(_) => RuleEffect::Deny,
    };
    Some(AccessVerdict {
        principal: principal.as_str().to_owned(),
        tool: tool.to_owned(),
        effect: effect.as_str().to_owned(),
        rule: rule.map(|rule| rule.id.clone()),
        at: rule.and_then(|rule| rule.at.as_ref()).map(ToString::to_string),
        reason,
    })
}

/// The tokens by their names, and when each was used, as far as that is written down.
pub(super) fn tokens(access: &Access, state: Option<PathBuf>) -> Vec<TokenReport> {
    let uses = state.map(|state| token_uses(&state)).unwrap_or_default();
    let one = |(name, token): (&String, &crate::settings::access::AccessToken)| TokenReport {
        name: name.clone(),
        expires: token.expires.map(|at| humantime::format_rfc3339_seconds(at).to_string()),
        last_used: uses.get(name).and_then(|uses| uses.last()),
    };
    access.tokens.iter().map(one).collect()
}
