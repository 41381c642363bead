//! `[access]`: who may do what.

use super::named::{Named, members};
use super::networks;
use super::oidc;
use crate::base::{Principal, dirs};
use crate::keys;
use crate::keys::section::Section;
use crate::keys::tree::{Node, Value};
use crate::settings::access::{
    ADMIN, ADMIN_READ, Access, AccessToken, ApprovalSettings, Approved, ApprovedItem, Rule,
    RuleEffect, RuleLimits, ScryptHash, TokenHash, ToolHint,
};
use crate::settings::complaint::{Complaint, Place};
use crate::settings::{Limits, NamePatterns, ProcessPatterns};

/// So many slow hashes there may be.
const SLOW_MAX: usize = 16;

pub(super) fn read(node: Node, named: &mut Named<'_>) -> Access {
    let mut access = Access::default();
    for (name, node) in members(node, "access", named) {
        match name.as_str() {
            "limits" => access.limits = limits(node, named),
            "approvals" => access.approvals = approvals(node, named),
            "networks" => access.networks = networks::read(node, named),
            "tokens" => {
                let at = node.at.clone();
                for (name, node) in members(node, "access.tokens", named) {
                    let token = token(&name, node, named);
                    access.tokens.extend(token.map(|token| (name, token)));
                }
                named.complaints.extend(too_many_slow(&access, at));
            }
            "oidc" => access.oidc = oidc::read(node, named),
            "rules" => access.rules = rules(node, named),
            "approved" => {
                for (name, node) in members(node, "access.approved", named) {
                    let approved = approved(&name, node, named);
                    access.approved.extend(approved.map(|approved| (name, approved)));
                }
            }
            name => {
                let is_limit = keys::LIMITS.iter().any(|key| key.name == name);
                let message = if is_limit {
                    "unknown key; write `[access.limits]` above the limits".to_owned()
                } else {
                    "unknown key; known are limits, approvals, networks, oidc, tokens, rules, approved"
                        .to_owned()
                };
                let key = format!("access.{name}");
                named.complaints.push(Complaint { at: node.at, key, message });
            }
        }
    }
    access
}

fn approvals(node: Node, named: &mut Named<'_>) -> ApprovalSettings {
    let mut approvals = ApprovalSettings::default();
    let path = "access.approvals".to_owned();
    let mut section = Section::new(path, node, keys::APPROVALS, named.sources, named.complaints);
    for row in keys::APPROVAL_ROWS {
        row.read(&mut section, &mut approvals);
    }
    named.unresolved.extend(section.finish());
    approvals
}

fn limits(node: Node, named: &mut Named<'_>) -> Limits {
    let mut limits = Limits::default();
    let path = "access.limits".to_owned();
    let mut section = Section::new(path, node, keys::LIMITS, named.sources, named.complaints);
    for row in keys::LIMIT_ROWS {
        row.read(&mut section, &mut limits);
    }
    named.unresolved.extend(section.finish());
    limits
}

/// `None`, with complaints, if it cannot be told which token is meant.
fn token(name: &str, node: Node, named: &mut Named<'_>) -> Option<AccessToken> {
    let (path, at) = (format!("access.tokens.{name}"), node.at.clone());
    let mut section = Section::new(path, node, keys::TOKEN, named.sources, named.complaints);
    if !AccessToken::is_name(name) {
        section.complain(at.clone(), "", AccessToken::NAMES);
    }
    if !section.has("hash") {
        let message = "is missing: `callmux token new NAME` makes a token and writes its hash";
        section.complain(at, "hash", message);
    }
    let (current, previous) = (hash(&mut section, "hash"), hash(&mut section, "previous"));
    let expires = section.moment("expires");
    let until = section.place("grace_until");
    let previous = match (previous, section.moment("grace_until")) {
        (Some(hash), Some(until)) => Some((hash, until)),
        (None, None) => None,
        _ => {
            let message = "goes with `previous`, and `previous` with it";
            section.complain(until, "grace_until", message);
            None
        }
    };
    named.unresolved.extend(section.finish());
    Some(AccessToken { hash: current?, expires, previous })
}

/// `None`, with complaints, if it does not say who may have what.
fn approved(name: &str, node: Node, named: &mut Named<'_>) -> Option<Approved> {
    let (path, at) = (format!("access.approved.{name}"), node.at.clone());
    let mut section = Section::new(path, node, keys::APPROVED, named.sources, named.complaints);
    let principal = section.text("principal");
    let [tool, prompt, resource] =
        ["tool", "prompt", "resource"].map(|name| section.text(name).map(|(text, _)| text));
    let items = [
        tool.map(ApprovedItem::Tool),
        prompt.map(ApprovedItem::Prompt),
        resource.map(ApprovedItem::Resource),
    ];
    let mut items: Vec<ApprovedItem> = items.into_iter().flatten().collect();
    if items.len() != 1 {
        section.complain(at.clone(), "", "names one `tool`, one `prompt` or one `resource`");
    }
    match &principal {
        None => section.complain(at, "principal", "is missing; write who may have it"),
        Some((text, at)) if Principal::parse(text).is_none() => {
            let message = format!("`{text}` is nobody; write for example \"user:1000\"");
            section.complain(at.clone(), "principal", message);
        }
        Some(_) => {}
    }
    named.unresolved.extend(section.finish());
    Some(Approved { principal: principal?.0, what: items.pop()? })
}

/// Each wrong token is tried with all of them.
fn too_many_slow(access: &Access, at: Place) -> Option<Complaint> {
    let of = |token: &AccessToken| {
        let previous = token.previous.as_ref().is_some_and(|(hash, _)| hash.is_slow());
        usize::from(token.hash.is_slow()) + usize::from(previous)
    };
    let count: usize = access.tokens.values().map(of).sum();
    let message = format!(
        "has {count} hashes of the npm callmux, which are slow, and at most {SLOW_MAX} are tried; \
         `callmux token rotate NAME` makes tokens of ours"
    );
    (count > SLOW_MAX).then(|| Complaint { at, key: "access.tokens".to_owned(), message })
}

/// What is written there instead may be the token itself: it is not repeated.
fn hash(section: &mut Section<'_>, name: &str) -> Option<TokenHash> {
    let (text, at) = section.text(name)?;
    if let Some(hash) = ScryptHash::parse(&text) {
        if !hash.is_bearable() {
            let message = format!(
                "is a hash that takes more to be tried than {} MiB and eight times the steps of the \
                 npm callmux; `callmux token new NAME` makes a token that needs no slow hash",
                ScryptHash::MEMORY_MAX >> 20
            );
            section.complain(at, name, message);
            return None;
        }
        return Some(TokenHash::Scrypt(hash.into()));
    }
    let hash = text.strip_prefix("sha256:").and_then(digits);
    if hash.is_none() {
        let message = "is no hash of a token; write `sha256:` and 64 hexadecimal digits, \
                       as `callmux token hash` prints them, or `scrypt$…` of the npm callmux";
        section.complain(at, name, message);
    }
    hash.map(TokenHash::Sha256)
}

fn digits(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 2 * hash.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

fn rules(node: Node, named: &mut Named<'_>) -> Vec<Rule> {
    let Value::List(items) = node.value else {
        let message = format!(
            "must be a list of rules, not {}; write `[[access.rules]]` above each",
            node.value.title()
        );
        named.complaints.push(Complaint { at: node.at, key: "access.rules".into(), message });
        return Vec::new();
    };
    let mut rules: Vec<Rule> = Vec::new();
    for (index, node) in items.into_iter().enumerate() {
        let (path, at) = (format!("access.rules[{index}]"), node.at.clone());
        let mut section = Section::new(path, node, keys::RULE, named.sources, named.complaints);
        let rule = rule(index, &mut section);
        if let Some(other) = rules.iter().find(|other| other.id == rule.id) {
            let other = other.at.as_ref().map(ToString::to_string).unwrap_or_default();
            section.complain(at.clone(), "id", format!("is also that of the rule at {other}"));
        }
        named.unresolved.extend(section.finish());
        rules.push(Rule { at: Some(at), ..rule });
    }
    rules
}

fn rule(index: usize, section: &mut Section<'_>) -> Rule {
    if !section.has("effect") {
        let message = "is missing; write `effect = \"allow\"`, `\"ask\"` or `\"deny\"`";
        section.complain(section.place("effect"), "effect", message);
    }
    let id = section.text("id").map_or_else(|| format!("rule-{}", index + 1), |(id, _)| id);
    let mut patterns = |name: &str| {
        let texts = section.plain_texts(name)?;
        for (text, at) in &texts {
            if name == "principals" && !is_of_principals(text) {
                let message = format!(
                    "`{text}` fits no principal; write for example \"user:1000\" or \"token:ci\""
                );
                section.complain(at.clone(), name, message);
            }
        }
        Some(NamePatterns::new(texts.into_iter().map(|(text, _)| text).collect()))
    };
    let [principals, clients, servers] = ["principals", "clients", "servers"].map(&mut patterns);
    let [tools, prompts, resources] = ["tools", "prompts", "resources"].map(&mut patterns);
    let process = process(section);
    let (hints, endpoints) = (hints(section), endpoints(section));
    let effect = RuleEffect::ALL[section.choice("effect")];
    let limits = rule_limits(section, effect);
    Rule {
        id,
        principals,
        clients,
        process,
        servers,
        tools,
        prompts,
        resources,
        hints,
        endpoints,
        effect,
        limits,
        at: None,
    }
}

/// What is asked of the process. A pattern that can fit nothing would make of a rule that denies one that
/// denies nobody.
fn process(section: &mut Section<'_>) -> Option<Box<ProcessPatterns>> {
    let is_path = |text: &str| text.starts_with(['/', '*']);
    let mut patterns = |name: &str, why: &str, can_fit: &dyn Fn(&str) -> bool| {
        let texts = section.plain_texts(name)?;
        let mut all = Vec::new();
        for (text, at) in texts {
            let text = dirs::expand_home(&text).to_string_lossy().into_owned();
            if !can_fit(&text) {
                section.complain(at, name, format!("`{text}` {why}"));
            }
            all.push(text);
        }
        Some(NamePatterns::new(all))
    };
    let name =
        "is no path and no name of a program; write for example \"/usr/bin/claude\" or \"claude\"";
    let exe =
        patterns("exe", name, &|text| !text.is_empty() && (!text.contains('/') || is_path(text)));
    let unit = "ends like no unit that runs programs; write for example \"app-*.scope\"";
    let is_unit = |text: &str| [".scope", ".service", "*"].iter().any(|end| text.ends_with(end));
    let units = patterns("units", unit, &is_unit);
    let directory = "is no absolute path of a directory; write for example \"~/work/*\"";
    let cwd = patterns("cwd", directory, &is_path);
    ProcessPatterns { exe, units, cwd }.some()
}

/// What servers are to say of the tools that it is about.
fn hints(section: &mut Section<'_>) -> Vec<ToolHint> {
    let (place, texts) = (section.place("hints"), section.plain_texts("hints"));
    if texts.as_ref().is_some_and(Vec::is_empty) {
        section.complain(place, "hints", "names none; leave it out, or write \"read_only\"");
    }
    let mut found = Vec::new();
    for (text, at) in texts.unwrap_or_default() {
        match ToolHint::parse(&text) {
            Some(hint) => found.push(hint),
            None => {
                let known = ToolHint::NAMES.join(", ");
                section.complain(at, "hints", format!("`{text}` is none of {known}"));
            }
        }
    }
    found
}

/// Those that a token can be let ask.
fn endpoints(section: &mut Section<'_>) -> Option<NamePatterns> {
    for other in ["servers", "tools", "prompts", "resources", "hints"] {
        if section.has("endpoints") && section.has(other) {
            let message = format!("does not go with `{other}`; write a rule of its own");
            section.complain(section.place("endpoints"), "endpoints", message);
        }
    }
    let texts = section.plain_texts("endpoints")?;
    let known = ["/metrics", ADMIN_READ, ADMIN];
    for (text, at) in texts.iter().filter(|(text, _)| !known.contains(&text.as_str())) {
        let message = format!(
            "`{text}` is none that a token may ask; write \"/metrics\", \"{ADMIN_READ}\" or \"{ADMIN}\""
        );
        section.complain(at.clone(), "endpoints", message);
    }
    Some(NamePatterns::new(texts.into_iter().map(|(text, _)| text).collect()))
}

fn rule_limits(section: &mut Section<'_>, effect: RuleEffect) -> RuleLimits {
    let names = ["calls_per_minute", "in_flight"];
    for name in names {
        if effect == RuleEffect::Deny && section.has(name) {
            let message = "counts what the rule lets in, and this one denies";
            section.complain(section.place(name), name, message);
        }
    }
    let [calls_per_minute, in_flight] = names.map(|name| section.number(name));
    RuleLimits { calls_per_minute, in_flight }
}

/// Whether a pattern can fit anybody at all.
fn is_of_principals(pattern: &str) -> bool {
    let kind = pattern.split_once(':').map_or(pattern, |(kind, _)| kind);
    let is_kind = matches!(kind, "user" | "token" | "oidc" | "group" | "scope");
    kind.contains('*') || is_kind && kind.len() < pattern.len()
}
