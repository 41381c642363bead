//! What of `[access]` is not as it was meant, as far as can be seen of it alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::network_remarks::network_remarks;
use crate::base::{Principal, ServerName};
use crate::settings::access::{AccessToken, Rule};
use crate::settings::{Access, Config, NamePatterns, RuleEffect, ServerConfig};

/// So long before a token expires that is told.
const SOON: Duration = Duration::from_hours(7 * 24);

/// One of them, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRemark {
    pub message: String,
    pub remedy: String,
}

/// Tokens that end, rules that are about nobody and nothing, and listeners that serve nobody.
pub fn remarks(config: &Config, now: SystemTime) -> Vec<AccessRemark> {
    let access = &config.access;
    let ends = access.tokens.iter().filter_map(|(name, token)| end(name, token, now));
    let mut all: Vec<AccessRemark> = ends.collect();
    all.extend(slow(access));
    all.extend(access.rules.iter().filter_map(|rule| is_in_vain(config, rule)));
    all.extend(access.rules.iter().filter_map(|rule| is_unheard(config, rule)));
    all.extend(never_asked(access));
    all.extend(passed_on(config));
    all.extend(open_to_all(access));
    all.extend(locked_out(access));
    let of_network = network_remarks(config, now).into_iter();
    all.extend(of_network.map(|(message, remedy)| AccessRemark { message, remedy: remedy.into() }));
    all
}

fn end(name: &str, token: &AccessToken, now: SystemTime) -> Option<AccessRemark> {
    let left = token.expires?.duration_since(now).unwrap_or_default();
    let message = match left.as_secs() {
        0 => format!("the token `{name}` has expired: nobody is let in with it"),
        seconds if left < SOON => {
            format!("the token `{name}` expires within {} days", seconds / 86_400 + 1)
        }
        _ => return None,
    };
    let remedy =
        format!("`callmux token rotate {name} --expires 90d`, or `callmux token revoke {name}`");
    Some(AccessRemark { message, remedy })
}

/// Trying a slow hash of the npm callmux takes the time of a thousand calls, and a token of ours needs none.
fn slow(access: &Access) -> impl Iterator<Item = AccessRemark> {
    let slow = access.tokens.iter().filter(|(_, token)| token.hash.is_slow());
    slow.map(|(name, _)| AccessRemark {
        message: format!("the token `{name}` is one of the npm callmux, with a slow hash"),
        remedy: format!(
            "`callmux token rotate {name}` makes one of ours; the old one is taken for a day"
        ),
    })
}

/// The texts of a list that are names, not patterns.
fn names(patterns: Option<&NamePatterns>) -> impl Iterator<Item = &str> {
    let texts = patterns.into_iter().flat_map(NamePatterns::texts);
    texts.map(String::as_str).filter(|text| !text.contains('*'))
}

/// A name in a rule that nothing has: a slip of the pen in a rule that denies lets everything through.
fn is_in_vain(config: &Config, rule: &Rule) -> Option<AccessRemark> {
    let token = |name: &&str| {
        let name = name.strip_prefix("token:");
        name.is_some_and(|name| !config.access.tokens.contains_key(name))
    };
    let has_issuer = config.access.oidc.is_some();
    let of_issuer = |name: &&str| {
        let is_said = ["oidc:", "group:", "scope:"].iter().any(|kind| name.starts_with(kind));
        is_said && !has_issuer
    };
    let servers: BTreeSet<&str> = config.servers.keys().map(ServerName::as_str).collect();
    let prefixes: BTreeSet<&str> = config
        .servers
        .iter()
        .map(|(name, server)| server.policy.prefix.as_deref().unwrap_or(name.as_str()))
        .collect();
    let has_bare = prefixes.contains("");
    let is_nobodys = |name: &&str| match name.split_once("__") {
        Some((prefix, _)) => !prefixes.contains(prefix),
        None => !has_bare && !name.starts_with("callmux_"),
    };
    let what = names(rule.principals.as_ref())
        .find(token)
        .map(|name| format!("{name}, a token that there is not"))
        .or_else(|| {
            let texts = rule.principals.iter().flat_map(NamePatterns::texts).map(String::as_str);
            let name = texts.into_iter().find(of_issuer)?;
            Some(format!("{name}, and there is no `[access.oidc]` that says who that is"))
        })
        .or_else(|| {
            let unknown = |name: &&str| !servers.contains(name);
            let name = names(rule.servers.as_ref()).find(unknown)?;
            Some(format!("the server `{name}`, which there is not"))
        })
        .or_else(|| {
            let of = |patterns| names(patterns).find(is_nobodys);
            let name = of(rule.tools.as_ref()).or_else(|| of(rule.prompts.as_ref()))?;
            Some(format!("`{name}`, which no server's name begins"))
        })?;
    let message = format!("the access rule {} is about {what}", rule.id);
    let at = rule.at.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(AccessRemark { message, remedy: format!("correct it at {at}, or take it away") })
}

/// A rule about what servers say of their tools, none of which is believed.
fn is_unheard(config: &Config, rule: &Rule) -> Option<AccessRemark> {
    let is_heard = |(name, server): (&ServerName, &Arc<ServerConfig>)| {
        let is_of = rule.servers.as_ref().is_none_or(|servers| servers.allow(name.as_str()));
        is_of && server.policy.trusted
    };
    let is_in_vain = !rule.hints.is_empty() && !config.servers.iter().any(is_heard);
    is_in_vain.then(|| AccessRemark {
        message: format!(
            "the access rule {} is about nothing: what its servers say of their tools is not believed",
            rule.id
        ),
        remedy: "write `trusted = true` for the servers whose hints are true".to_owned(),
    })
}

/// A token of an issuer is meant for us, and nobody else is to have it (MCP, "Token Passthrough").
fn passed_on(config: &Config) -> Option<AccessRemark> {
    config.access.oidc.as_ref()?;
    let passes = |server: &ServerConfig| {
        server.remote.forward_headers.iter().any(|name| name.eq_ignore_ascii_case("authorization"))
    };
    let (name, _) = config.servers.iter().find(|(_, server)| passes(server))?;
    Some(AccessRemark {
        message: format!("the server {name} gets the tokens that clients send to callmux"),
        remedy:
            "take `authorization` out of its `forward_headers`, unless the tokens are meant for it"
                .to_owned(),
    })
}

/// An issuer knows more people than are meant.
fn open_to_all(access: &Access) -> Option<AccessRemark> {
    let oidc = access.oidc.as_ref().filter(|_| access.rules.is_empty())?;
    Some(AccessRemark {
        message: format!("whoever gets a token of {} for us may do everything", oidc.issuer),
        remedy: "say in `[[access.rules]]` who may do what, such as `principals = [\"group:dev\"]`"
            .to_owned(),
    })
}

/// Rules behind one that is about everybody and everything.
fn never_asked(access: &Access) -> Option<AccessRemark> {
    let lists = |rule: &Rule| {
        [
            &rule.principals,
            &rule.clients,
            &rule.servers,
            &rule.tools,
            &rule.prompts,
            &rule.resources,
            &rule.endpoints,
        ]
        .map(Option::is_some)
    };
    let is_about_all =
        |rule: &Rule| lists(rule) == [false; 7] && rule.process.is_none() && rule.hints.is_empty();
    let at = access.rules.iter().position(is_about_all)?;
    let (before, behind) = (access.rules.get(at)?, access.rules.get(at + 1)?);
    Some(AccessRemark {
        message: format!(
            "the access rule {} is never asked: {} before it is about everybody and everything",
            behind.id, before.id
        ),
        remedy: "put the rule that is about everything last".to_owned(),
    })
}

/// Whether our own user's processes may do nothing at all.
fn locked_out(access: &Access) -> Option<AccessRemark> {
    let own = Principal::own();
    let allows = |rule: &Rule| {
        let is_own = rule.principals.as_ref().is_none_or(|of| of.allow(own.as_str()));
        is_own && rule.endpoints.is_none() && rule.effect != RuleEffect::Deny
    };
    let is_out = !access.rules.is_empty() && !access.rules.iter().any(allows);
    is_out.then(|| AccessRemark {
        message: format!("no access rule allows anything to you, {own}"),
        remedy: format!(
            "if that is not meant, add `[[access.rules]]` with `principals = [\"{own}\"]` and `effect = \"allow\"`"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::remarks;
    use crate::settings::access::{AccessToken, Rule, TokenHash};
    use crate::settings::{Access, Config, NamePatterns, RuleEffect, sample};
    use std::collections::BTreeMap;
    use std::time::{Duration, SystemTime};

    fn said(access: Access) -> Vec<String> {
        let server = std::sync::Arc::new(sample::server(&["x"]));
        let name = crate::base::ServerName::parse("files").unwrap();
        let config = Config { access, servers: [(name, server)].into(), ..Config::default() };
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24_000);
        remarks(&config, now).into_iter().map(|remark| remark.message).collect()
    }

    fn rule(id: &str, fill: impl FnOnce(&mut Rule)) -> Rule {
        let mut rule = Rule { id: id.to_owned(), effect: RuleEffect::Allow, ..Rule::default() };
        fill(&mut rule);
        rule
    }

    fn one(text: &str) -> NamePatterns {
        NamePatterns::new(vec![text.to_owned()])
    }

    #[test]
    fn a_token_that_ends_is_told_a_week_before() {
        let token = |hours: u64| {
            let expires = Some(SystemTime::UNIX_EPOCH + Duration::from_hours(hours));
            AccessToken { hash: TokenHash::Sha256([0; 32]), expires, previous: None }
        };
        let tokens = BTreeMap::from([
            ("gone".to_owned(), token(24_000)),
            ("late".to_owned(), token(24_000 + 8 * 24)),
            ("soon".to_owned(), token(24_000 + 30)),
        ]);
        assert_eq!(
            said(Access { tokens, ..Access::default() }),
            [
                "the token `gone` has expired: nobody is let in with it",
                "the token `soon` expires within 2 days",
            ]
        );
    }

    #[test]
    fn a_rule_about_nothing_is_told() {
        for (of, expected) in [
            (rule("r", |rule| rule.servers = Some(one("files"))), None),
            (rule("r", |rule| rule.servers = Some(one("f*"))), None),
            (rule("r", |rule| rule.tools = Some(one("files__read"))), None),
            (rule("r", |rule| rule.tools = Some(one("callmux_status"))), None),
            (
                rule("r", |rule| rule.servers = Some(one("fils"))),
                Some("the access rule r is about the server `fils`, which there is not"),
            ),
            (
                rule("r", |rule| rule.tools = Some(one("fils__read"))),
                Some("the access rule r is about `fils__read`, which no server's name begins"),
            ),
            (
                rule("r", |rule| rule.principals = Some(one("token:ci"))),
                Some("the access rule r is about token:ci, a token that there is not"),
            ),
        ] {
            let rules = vec![of.clone(), rule("all", |_| {})];
            let found = said(Access { rules, ..Access::default() });
            assert_eq!(found.first().map(String::as_str), expected, "{of:?}");
        }
        let behind = vec![rule("all", |_| {}), rule("r", |_| {})];
        let found = said(Access { rules: behind, ..Access::default() });
        assert_eq!(
            found,
            ["the access rule r is never asked: all before it is about everybody and everything"]
        );
        let none = vec![rule("r", |rule| rule.effect = RuleEffect::Deny)];
        let found = said(Access { rules: none, ..Access::default() });
        assert!(found[0].starts_with("no access rule allows anything to you, user:"), "{found:?}");
    }
}
