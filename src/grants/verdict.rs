//! `callmux access`: the verdict of the gate, without a daemon.

use serde_json::{Value, json};

use super::args::{AccessArgs, AccessVerb, WhoArgs};
use super::supposed;
use crate::access::{
    Action, ActionKind, ClientName, Denied, Gate, ProcessFit, Subject, ToolHints, process_fit,
};
use crate::base::{Principal, ServerName};
use crate::config::Location;
use crate::settings::access::{Rule, RuleLimits, ToolHint};
use crate::settings::{Config, NamePatterns, RuleEffect};
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

pub fn access(args: &AccessArgs) -> Exit {
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error("there is no home directory; name the config with --config");
        return Exit::Unavailable;
    };
    let config = match location.read().config {
        Ok(config) => config,
        Err(complaints) => {
            for complaint in &complaints {
                print::note(&complaint.to_string());
            }
            print::error("the config is wrong; a daemon goes on with the last one that was right");
            return Exit::BadConfig;
        }
    };
    match &args.verb {
        AccessVerb::Rules => rules(&config, args.json),
        AccessVerb::Test { who, tools, prompt, resource } => {
            let wishes = wishes(&config, tools, prompt, resource);
            wishes.map_or_else(|exit| exit, |wishes| test(&config, who, &wishes, args.json))
        }
    }
}

/// What is wrong with who is asked about.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum BadWho {
    #[error("--as: write `token:NAME`, `user:UID` or `oidc:SUB`")]
    Nobody,
    #[error("--group and --scope go with `--as oidc:SUB`: nobody else has any")]
    HasNone,
    #[error("the name of a group or a scope has one line")]
    Lines,
}

/// What somebody wants: as it was written, and what it is.
struct TestedWish<'a> {
    text: &'a str,
    kind: ActionKind,
    server: Option<ServerName>,
    own: &'a str,
}

/// What a rule is about, as a person reads it.
fn about(rule: &Rule) -> String {
    let list = |word: &str, patterns: &Option<NamePatterns>| {
        patterns.as_ref().map(|patterns| format!("{word} {}", patterns.texts().join(", ")))
    };
    let parts = [
        list("servers", &rule.servers),
        list("tools", &rule.tools),
        list("prompts", &rule.prompts),
        list("resources", &rule.resources),
        (!rule.hints.is_empty()).then(|| format!("hints {}", hint_names(rule).join(", "))),
        list("endpoints", &rule.endpoints),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join("; ") }
}

fn hint_names(rule: &Rule) -> Vec<&'static str> {
    rule.hints.iter().map(|hint| hint.as_str()).collect()
}

/// How much of it one user may do, behind what was said before.
fn at_most(limits: RuleLimits) -> String {
    let calls = limits.calls_per_minute.map(|calls| format!("; {calls} calls a minute at most"));
    let open = limits.in_flight.map(|open| format!("; {open} at once at most"));
    calls.into_iter().chain(open).collect()
}

fn whom(rule: &Rule) -> String {
    let of = |patterns: &Option<NamePatterns>| patterns.as_ref().map(|all| all.texts().join(", "));
    let process = rule.process.as_deref().cloned().unwrap_or_default();
    let parts = [
        ("", of(&rule.principals)),
        ("with ", of(&rule.clients)),
        ("by ", of(&process.exe)),
        ("of ", of(&process.units)),
        ("in ", of(&process.cwd)),
    ];
    let parts = parts.into_iter().filter_map(|(word, list)| Some(word.to_owned() + &list?));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "everybody".to_owned() } else { parts.join(" ") }
}

/// What was not known of who is asked about and a rule wants to know, behind what was said before.
fn doubt(rule: &Rule, whose: &Principal) -> &'static str {
    match process_fit(rule, whose) {
        ProcessFit::Unknown => "; its process is not known: --exe, --unit, --cwd",
        ProcessFit::Yes | ProcessFit::No => "",
    }
}

/// An effect stands in the second column.
fn effect_style(column: usize, cell: &str) -> Style {
    match (column, cell) {
        (1, "allow") => Style::Good,
        (1, "ask") => Style::Notable,
        (1, "deny") => Style::Bad,
        _ => Style::Plain,
    }
}

fn place(rule: &Rule) -> String {
    rule.at.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn rules(config: &Config, is_json: bool) -> Exit {
    let rules = &config.access.rules;
    if is_json {
        let one = |rule: &Rule| {
            let of = |patterns: &Option<NamePatterns>| {
                patterns.as_ref().map(|patterns| patterns.texts().to_vec())
            };
            json!({
                "id": rule.id, "effect": rule.effect.as_str(), "at": place(rule),
                "principals": of(&rule.principals), "clients": of(&rule.clients),
                "exe": rule.process.as_deref().and_then(|process| of(&process.exe)),
                "units": rule.process.as_deref().and_then(|process| of(&process.units)),
                "cwd": rule.process.as_deref().and_then(|process| of(&process.cwd)),
                "servers": of(&rule.servers), "tools": of(&rule.tools),
                "prompts": of(&rule.prompts), "resources": of(&rule.resources),
                "endpoints": of(&rule.endpoints),
                "hints": (!rule.hints.is_empty()).then(|| hint_names(rule)),
                "calls_per_minute": rule.limits.calls_per_minute,
                "in_flight": rule.limits.in_flight,
            })
        };
        let all: Vec<Value> = rules.iter().map(one).collect();
        print::json(&json!({ "rules": all }).to_string());
        return Exit::Fine;
    }
    if rules.is_empty() {
        print::line("there are no `[[access.rules]]`: whoever is let in may do everything");
        return Exit::Fine;
    }
    let row = |rule: &Rule| {
        let effect = rule.effect.as_str().to_owned();
        [rule.id.clone(), effect, whom(rule), about(rule) + &at_most(rule.limits)]
    };
    let rows: Vec<[String; 4]> = rules.iter().map(row).collect();
    print::table(["RULE", "EFFECT", "WHOM", "WHAT"], &rows, effect_style, &[]);
    print::note("the first that fits decides; what none fits is denied");
    Exit::Fine
}

fn wishes<'a>(
    config: &Config,
    tools: &'a [String],
    prompts: &'a [String],
    resources: &'a [String],
) -> Result<Vec<TestedWish<'a>>, Exit> {
    let named = |kind: ActionKind| {
        move |text: &'a String| {
            let (server, own) = owner(config, text).ok_or_else(|| {
                print::error(&format!(
                    "no server of the config has `{text}`: a name begins with that of its server, \
                     such as `github__create_issue`"
                ));
                Exit::Usage
            })?;
            Ok(TestedWish { text, kind, server, own })
        }
    };
    let resource = |text: &'a String| {
        let (server, uri) = text.split_once(' ').ok_or_else(|| {
            print::error(&format!("`--resource {text}`: write the server before the URI"));
            Exit::Usage
        })?;
        let server = ServerName::parse(server).map_err(|error| {
            print::error(&format!("`--resource {text}`: {error}"));
            Exit::Usage
        })?;
        Ok(TestedWish { text, kind: ActionKind::Resource, server: Some(server), own: uri })
    };
    let tools = tools.iter().map(named(ActionKind::Tool));
    let prompts = prompts.iter().map(named(ActionKind::Prompt));
    tools.chain(prompts).chain(resources.iter().map(resource)).collect()
}

/// Whose a name is that clients see, by the prefixes of the config, and what its server calls it. Tools
/// of our own are nobody's.
fn owner<'a>(config: &Config, name: &'a str) -> Option<(Option<ServerName>, &'a str)> {
    if name.starts_with("callmux_") {
        return Some((None, name));
    }
    let prefixed = config.servers.iter().filter_map(|(server, settings)| {
        let prefix = settings.policy.prefix.as_deref().unwrap_or(server.as_str());
        let own = match prefix {
            "" => name,
            prefix => name.strip_prefix(prefix)?.strip_prefix("__")?,
        };
        Some((prefix.len(), server, own))
    });
    let (_, server, own) = prefixed.max_by_key(|(len, ..)| *len)?;
    Some((Some(server.clone()), own))
}

/// Who is asked about.
fn principal(config: &Config, who: &WhoArgs) -> Result<Principal, BadWho> {
    let principal = match who.principal.as_deref().map(Principal::parse) {
        None => Principal::own(),
        Some(Some(principal)) => principal,
        Some(None) => return Err(BadWho::Nobody),
    };
    let Some(subject) = principal.as_str().strip_prefix("oidc:") else {
        let has_none = who.group.is_empty() && who.scope.is_empty();
        return if has_none { Ok(principal) } else { Err(BadWho::HasNone) };
    };
    if who.group.iter().chain(&who.scope).any(|name| name.contains('\n')) {
        return Err(BadWho::Lines);
    }
    let Some(oidc) = &config.access.oidc else { return Ok(principal) };
    // As if they had just logged in.
    Ok(Principal::oidc(&oidc.issuer, subject, &who.group, &who.scope, u64::from(u32::MAX)))
}

/// What a server is supposed to say of its tools, if it is taken at its word.
fn hints(config: &Config, who: &WhoArgs, server: Option<&ServerName>) -> ToolHints {
    let server = server.and_then(|name| config.servers.get(name));
    if !server.is_some_and(|server| server.policy.trusted) {
        return ToolHints::default();
    }
    let says = |hint: ToolHint| who.hint.iter().any(|said| said == hint.as_str());
    let is_read_only = says(ToolHint::ReadOnly);
    ToolHints { is_read_only, is_idempotent: is_read_only || says(ToolHint::Idempotent) }
}

fn test(config: &Config, who: &WhoArgs, wishes: &[TestedWish<'_>], is_json: bool) -> Exit {
    let principal = match principal(config, who) {
        Ok(principal) => principal.at(supposed::process(who)),
        Err(wrong) => {
            print::error(&wrong.to_string());
            return Exit::Usage;
        }
    };
    let gate = Gate::default().with(config.access.clone());
    let subject = Subject { principal: &principal, client: ClientName::Read(&who.client) };
    let (mut exit, mut told) = (Exit::Fine, Vec::new());
    for wish in wishes {
        let action = Action::new(wish.kind, wish.server.as_ref(), wish.own).shown_as(wish.text);
        let action = action.hinted(hints(config, who, wish.server.as_ref()));
        let verdict = gate.verdict(subject, action);
        let rule = match &verdict {
            Ok(rule) => *rule,
            Err(Denied::Rule(id)) => config.access.rules.iter().find(|rule| rule.id == **id),
            Err(_) => None,
        };
        let why = match (&verdict, rule) {
            (Err(denied), None) => denied.to_string(),
            (_, Some(rule)) => {
                let (at, doubt) = (place(rule), doubt(rule, &principal));
                format!("rule {} at {at}{}{doubt}", rule.id, at_most(rule.limits))
            }
            (Ok(_), None) => "there are no rules".to_owned(),
        };
        if verdict.is_err() {
            exit = Exit::Failed;
        }
        let effect = match verdict {
            Ok(Some(rule)) if gate.asks(subject, action, rule) => RuleEffect::Ask,
            Ok(_) => RuleEffect::Allow,
            Err(_) => RuleEffect::Deny,
        };
        told.push((wish.text, effect, rule, why));
    }
    if is_json {
        let one = |(text, effect, rule, why): &(&str, RuleEffect, Option<&Rule>, String)| {
            json!({
                "name": text, "principal": principal.as_str(), "effect": effect.as_str(),
                "rule": rule.map(|rule| &rule.id), "at": rule.map(place), "reason": why,
                "calls_per_minute": rule.and_then(|rule| rule.limits.calls_per_minute),
                "in_flight": rule.and_then(|rule| rule.limits.in_flight),
            })
        };
        let all: Vec<Value> = told.iter().map(one).collect();
        print::json(&json!({ "verdicts": all }).to_string());
        return exit;
    }
    let row = |(text, effect, _, why): &(&str, RuleEffect, Option<&Rule>, String)| {
        [(*text).to_owned(), effect.as_str().to_owned(), why.clone()]
    };
    let rows: Vec<[String; 3]> = told.iter().map(row).collect();
    print::table(["NAME", "VERDICT", "WHY"], &rows, effect_style, &[]);
    if who.hint.is_empty() && gate.asks_for_hints() {
        print::note(
            "what servers say of their tools is not known here, and taken for nothing: --hint",
        );
    }
    exit
}
