//! Who may what, as operators are told.

use std::path::PathBuf;

use crate::access::token_uses;
use crate::api::{RuleReport, TokenReport};
use crate::settings::NamePatterns;
use crate::settings::access::{Access, Rule};

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
