use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::Rules;
use crate::access::{Action, ActionKind, ClientName, Denied, Subject, ToolHints};
use crate::base::peer_facts::{KnownFact, PeerFact, PeerFacts};
use crate::base::{Principal, ServerName};
use crate::settings::access::{AccessToken, Oidc, Rule, TokenHash, ToolHint};
use crate::settings::{Access, NamePatterns, ProcessPatterns, RuleEffect};

fn patterns(text: &str) -> NamePatterns {
    NamePatterns::new(text.split(',').map(str::to_owned).collect())
}

/// Rules of lines such as `allow token:ci servers=github tools=github__get_*,github__list_*`.
fn rules(lines: &[&str]) -> Rules {
    let rule = |(at, line): (usize, &&str)| {
        let mut words = line.split_whitespace();
        let effect = match words.next() {
            Some("allow") => RuleEffect::Allow,
            Some("ask") => RuleEffect::Ask,
            _ => RuleEffect::Deny,
        };
        let mut rule = Rule { id: format!("r{at}"), effect, ..Rule::default() };
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or(("principals", word));
            if key == "calls_per_minute" {
                rule.limits.calls_per_minute = value.parse().ok();
                continue;
            }
            let value = Some(patterns(value));
            match key {
                "principals" => rule.principals = value,
                "clients" => rule.clients = value,
                "exe" => {
                    let process = ProcessPatterns { exe: value, ..ProcessPatterns::default() };
                    rule.process = process.some();
                }
                "servers" => rule.servers = value,
                "tools" => rule.tools = value,
                "prompts" => rule.prompts = value,
                "resources" => rule.resources = value,
                "endpoints" => rule.endpoints = value,
                "hints" => {
                    let texts = value.iter().flat_map(NamePatterns::texts);
                    rule.hints = texts.filter_map(|text| ToolHint::parse(text)).collect();
                }
                other => panic!("{other}"),
            }
        }
        rule
    };
    let rules = lines.iter().enumerate().map(rule).collect();
    let tokens = [(
        "ci".to_owned(),
        AccessToken { hash: TokenHash::Sha256([0; 32]), expires: None, previous: None },
    )]
    .into();
    Rules::new(Access { tokens, rules, ..Access::default() })
}

/// Who wants what: `token:ci/claude-code tool github__get_me`, `user:1 server github`, `user:1 own callmux_find`.
fn judged(rules: &Rules, wish: &str) -> Result<(), Denied> {
    let words: Vec<&str> = wish.split(' ').collect();
    let [who, kind, name] = words[..] else { panic!("{wish}") };
    let (who, client) = who.split_once('/').unwrap_or((who, ""));
    let principal: Principal = match who.strip_prefix("token:") {
        Some(name) => Principal::token(name),
        None => Principal::user(who["user:".len()..].parse().unwrap()),
    };
    let subject = Subject { principal: &principal, client: ClientName::Read(client) };
    let (server, own) = name.split_once("__").unwrap_or((name, ""));
    let server = ServerName::parse(server).ok();
    let of = |kind| Action::new(kind, server.as_ref(), own).shown_as(name);
    let action = match kind {
        "tool" => of(ActionKind::Tool),
        "prompt" => of(ActionKind::Prompt),
        "task" => of(ActionKind::Task),
        "tasks" => Action::of_server(ActionKind::Tasks, server.as_ref().unwrap()),
        "level" => Action::of_server(ActionKind::LogLevel, server.as_ref().unwrap()),
        "server" => Action::of_server(ActionKind::Tool, server.as_ref().unwrap()),
        "completion" => of(ActionKind::PromptCompletion),
        "template" => Action::new(ActionKind::ResourceCompletion, server.as_ref(), own),
        "resource" => Action::new(ActionKind::Resource, server.as_ref(), own),
        "own" => Action::new(ActionKind::Tool, None, name),
        "admin" => Action::new(ActionKind::Administration, None, name),
        other => panic!("{other}"),
    };
    rules.judge(subject, action).map(drop)
}

#[track_caller]
fn check(lines: &[&str], wishes: &[(&str, Result<(), Denied>)]) {
    let rules = rules(lines);
    for (wish, expected) in wishes {
        assert_eq!(judged(&rules, wish), *expected, "{lines:?}: {wish}");
        assert_eq!(judged(&rules, wish), *expected, "{lines:?}: {wish}, asked again");
    }
}

fn by(rule: &str) -> Result<(), Denied> {
    Err(Denied::Rule(rule.into()))
}

#[test]
fn without_rules_everybody_may_who_is_still_somebody() {
    check(
        &[],
        &[
            ("user:1 tool a__b", Ok(())),
            ("token:ci tool a__b", Ok(())),
            ("token:gone tool a__b", Err(Denied::Token)),
            ("user:1 admin /api/v1/status", Ok(())),
            ("token:ci admin /api/v1/status", Err(Denied::Always)),
        ],
    );
}

#[test]
fn the_first_rule_that_is_about_it_decides_and_without_one_it_is_denied() {
    check(
        &[
            "deny tools=*__delete_*",
            "allow token:ci servers=github tools=github__get_*",
            "allow user:1 clients=claude-*",
            "deny user:2",
            "allow user:* servers=docs",
        ],
        &[
            ("token:ci tool github__get_me", Ok(())),
            ("token:ci tool github__delete_me", by("r0")),
            ("token:ci tool github__star", Err(Denied::Unmatched)),
            ("token:ci tool docs__get_me", Err(Denied::Unmatched)),
            ("token:ci prompt github__get_me", Err(Denied::Unmatched)),
            ("token:ci resource github__get_me", Err(Denied::Unmatched)),
            ("token:ci task github__1", Err(Denied::Unmatched)),
            ("token:ci tasks github", Err(Denied::Unmatched)),
            ("token:ci level github", Ok(())),
            ("token:ci server github", Ok(())),
            ("token:ci server docs", Err(Denied::Unmatched)),
            ("user:1/claude-code tool mail__send", Ok(())),
            ("user:1/codex tool mail__send", Err(Denied::Unmatched)),
            ("user:1 tool mail__send", Err(Denied::Unmatched)),
            ("user:1/claude-code tool mail__delete_all", by("r0")),
            ("user:1/claude-code tasks mail", Ok(())),
            ("user:2 tool docs__read", by("r3")),
            ("user:3 tool docs__read", Ok(())),
            ("user:3 prompt docs__read", Ok(())),
            ("user:3 tool mail__read", Err(Denied::Unmatched)),
            ("user:3 admin /api/v1/status", Ok(())),
        ],
    );
}

#[test]
fn tools_of_our_own_are_for_who_may_do_anything() {
    check(
        &["deny tools=callmux_recipe_*", "allow token:ci tools=a__x", "deny user:2", "deny user:*"],
        &[
            ("token:ci own callmux_find", Ok(())),
            ("token:ci own callmux_recipe_run", by("r0")),
            ("user:2 own callmux_find", Err(Denied::Unmatched)),
            ("user:3 own callmux_find", Err(Denied::Unmatched)),
        ],
    );
}

#[test]
fn a_token_asks_no_endpoint_but_one_that_a_rule_names() {
    check(
        &["allow token:ci endpoints=/metrics", "allow user:1 servers=a"],
        &[
            ("token:ci admin /metrics", Ok(())),
            ("token:ci admin /api/v1/status", Err(Denied::Always)),
            ("token:ci tool a__b", Err(Denied::Unmatched)),
            ("token:ci server a", Err(Denied::Unmatched)),
            ("token:ci own callmux_find", Err(Denied::Unmatched)),
            ("user:1 tool a__b", Ok(())),
            ("user:1 admin /metrics", Ok(())),
            ("user:1 admin /api/v1/status", Ok(())),
        ],
    );
    check(&["allow"], &[("token:ci admin /metrics", Err(Denied::Always))]);
    check(
        &["deny token:ci endpoints=/metrics", "allow endpoints=/metrics"],
        &[("token:ci admin /metrics", by("r0"))],
    );
}

#[test]
fn a_denied_part_does_not_hide_the_server() {
    check(
        &["deny servers=a tools=a__x", "allow servers=a"],
        &[
            ("user:1 server a", Ok(())),
            ("user:1 tool a__x", by("r0")),
            ("user:1 tool a__y", Ok(())),
        ],
    );
    check(&["deny servers=a"], &[("user:1 server a", by("r0")), ("user:1 tool a__x", by("r0"))]);
}

#[test]
fn a_kind_is_not_another_and_an_empty_name_is_a_name() {
    check(
        &["deny tools=a__*", "allow servers=a resources=*", "allow servers=b prompts=b__p"],
        &[
            ("user:1 tool a__", by("r0")),
            ("user:1 resource a__x", Ok(())),
            ("user:1 template a__x", Ok(())),
            ("user:1 completion a__p", Err(Denied::Unmatched)),
            ("user:1 completion b__p", Ok(())),
            ("user:1 template b__p", Err(Denied::Unmatched)),
        ],
    );
}

#[test]
fn who_is_denied_everything_first_has_no_tools_of_ours_either() {
    check(
        &["deny user:2", "allow user:*"],
        &[("user:2 own callmux_find", Err(Denied::Unmatched)), ("user:1 own callmux_find", Ok(()))],
    );
}

#[test]
fn a_name_without_an_end_is_none() {
    let long = "x".repeat(257);
    let wish = format!("user:1/{long} tool a__b");
    check(
        &["allow clients=x*"],
        &[(&wish, Err(Denied::Unmatched)), ("user:1/xx tool a__b", Ok(()))],
    );
}

fn some(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(of)
}

fn line() -> impl Strategy<Value = String> {
    let who = some(&["", "user:1", "token:*", "*"]);
    let servers = some(&["", "servers=a", "servers=a,b", "servers=*"]);
    let tools = some(&["", "tools=a__x", "tools=*__x", "tools=b__*", "tools=*"]);
    let effect =
        some(&["allow", "ask", "deny", "allow calls_per_minute=1", "ask calls_per_minute=9"]);
    (effect, who, servers, tools)
        .prop_map(|(effect, who, servers, tools)| format!("{effect} {who} {servers} {tools}"))
}

proptest! {
    /// A rule that is put in front of others and denies takes things away and gives nothing; and what
    /// no rule fits any more is denied.
    #[test]
    fn to_deny_more_opens_nothing(lines in proptest::collection::vec(line(), 1..6), tools in "[ab]__[xy]") {
        let all: Vec<&str> = lines.iter().map(String::as_str).collect();
        let deny = format!("deny tools={tools}");
        let stricter = rules(&[&[deny.as_str()], &all[..]].concat());
        let before = rules(&all);
        for who in ["user:1", "user:2", "token:ci"] {
            for name in ["a__x", "a__y", "b__x", "b__y"] {
                let wish = format!("{who} tool {name}");
                let (now, then) = (judged(&stricter, &wish), judged(&before, &wish));
                prop_assert_eq!(now.is_ok(), then.is_ok() && name != tools, "{:?} {}", lines, wish);
                if then.is_ok() {
                    let server = format!("{who} server {}", &name[..1]);
                    prop_assert!(judged(&before, &server).is_ok(), "{:?} {}", lines, server);
                }
            }
        }
    }
}

fn with_issuer(lines: &[&str]) -> Rules {
    let oidc = Some(Arc::new(Oidc {
        issuer: "https://i".into(),
        audience: String::new(),
        resource: None,
        groups_claim: String::new(),
        algorithms: Vec::new(),
        leeway: Duration::ZERO,
    }));
    Rules::new(Access { oidc, ..rules(lines).access })
}

#[test]
fn whom_an_issuer_calls_so_has_what_any_of_their_names_has() {
    let judge = |lines: &[&str], groups: &[&str], scopes: &[&str], (issuer, until): (&str, u64)| {
        let [groups, scopes] = [groups, scopes]
            .map(|names| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>());
        let alice = Principal::oidc(&issuer.into(), "alice", &groups, &scopes, until);
        let rules = with_issuer(lines);
        let subject = Subject { principal: &alice, client: ClientName::Read("") };
        let server = ServerName::parse("a").unwrap();
        let tool = Action::new(ActionKind::Tool, Some(&server), "b").shown_as("a__b");
        assert!(!rules.hide_nothing(subject));
        let admin = Action::new(ActionKind::Administration, None, "/api/v1/status");
        assert!(rules.judge(subject, admin).is_err());
        rules.judge(subject, tool).map(drop)
    };
    let good = ("https://i", u64::from(u32::MAX));
    let lines = &["deny group:out", "allow oidc:bob", "allow group:dev", "allow scope:mcp*"];
    for (groups, scopes, expected) in [
        (&[][..], &[][..], Err(Denied::Unmatched)),
        (&["dev"], &[], Ok(())),
        (&["x", "dev"], &["y"], Ok(())),
        (&["dev", "out"], &[], by("r0")),
        (&[], &["mcp:read"], Ok(())),
        (&["mcp:read"], &["dev"], Err(Denied::Unmatched)),
    ] {
        assert_eq!(judge(lines, groups, scopes, good), expected, "{groups:?} {scopes:?}");
    }
    assert_eq!(judge(&["allow oidc:ali*"], &[], &[], good), Ok(()));
    assert_eq!(judge(&[], &[], &[], good), Ok(()), "without rules whoever is let in may");
    // What was said of them is over, or was said by somebody else.
    for other in [("https://i", 1), ("https://j", u64::from(u32::MAX))] {
        assert_eq!(judge(&[], &["dev"], &[], other), Err(Denied::Token));
    }
    let unproved = Principal::parse("oidc:alice").unwrap();
    let subject = Subject { principal: &unproved, client: ClientName::Read("") };
    let wish = Action::new(ActionKind::Tool, None, "callmux_status");
    assert_eq!(rules(&[]).judge(subject, wish).map(drop), Err(Denied::Token));
}

/// What is remembered of one is not taken for the other, though they are the same principal.
#[test]
fn the_same_one_is_judged_by_what_is_said_now() {
    let rules = with_issuer(&["allow group:dev"]);
    let may = |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|&name| name.to_owned()).collect();
        let until = u64::from(u32::MAX);
        let alice = Principal::oidc(&"https://i".into(), "alice", &groups, &[], until);
        let subject = Subject { principal: &alice, client: ClientName::Read("") };
        rules.judge(subject, Action::new(ActionKind::Tool, None, "callmux_status")).is_ok()
    };
    assert_eq!([may(&["dev"]), may(&[]), may(&["dev"])], [true, false, true]);
}

/// A process that runs this program, of which nothing else is known.
#[derive(Debug)]
struct Runs(KnownFact, KnownFact);

impl PeerFacts for Runs {
    fn number(&self) -> u32 {
        1
    }

    fn told(&self, fact: PeerFact) -> &KnownFact {
        if fact == PeerFact::Exe { &self.0 } else { &self.1 }
    }
}

/// A rule that allows is never for a process that is not known, one that denies always, and a person is
/// asked only about what would not be denied.
#[test]
fn in_doubt_about_a_process_nobody_may_more() {
    let verdict = |rules: &Rules, exe: Option<&str>, wish: &str| {
        let known =
            |exe: &str| Runs(KnownFact::one(Some(format!("/bin/{exe}"))), KnownFact::default());
        let peer = exe.map(|exe| Arc::new(known(exe)) as _);
        let principal = Principal::user(1).at(peer);
        let subject = Subject { principal: &principal, client: ClientName::Read("") };
        let server = ServerName::parse("s").unwrap();
        let server = (!wish.starts_with("callmux_")).then_some(&server);
        let action = Action::new(ActionKind::Tool, server, wish);
        match rules.judge(subject, action) {
            Ok(Some(rule)) if rules.ask(rule, subject, action) => "ask",
            Ok(_) => "allow",
            Err(_) => "deny",
        }
    };
    let (allow, ask, deny) = ("allow", "ask", "deny");
    for (lines, claude, nobody, codex) in [
        (&["allow exe=claude"][..], allow, deny, deny),
        (&["deny exe=claude", "allow user:*"], deny, deny, allow),
        (&["deny exe=claude tools=s__u", "allow user:*"], allow, allow, allow),
        (&["deny exe=claude tools=s__t", "allow user:*"], deny, deny, allow),
        (&["ask exe=claude", "allow user:*"], ask, ask, allow),
        (&["ask exe=claude", "deny user:*"], ask, deny, deny),
        (&["ask exe=claude"], ask, deny, deny),
        (&["ask exe=claude", "ask user:*"], ask, ask, ask),
        (&["ask exe=claude", "deny exe=codex", "allow user:*"], ask, deny, deny),
        (&["allow exe=claude", "ask user:*"], allow, ask, ask),
        (&["allow exe=claude servers=other", "ask user:*"], ask, ask, ask),
    ] {
        let rules = rules(lines);
        assert!(rules.ask_for_peers());
        let found = [Some("claude"), None, Some("codex")];
        let found = found.map(|exe| verdict(&rules, exe, "s__t"));
        assert_eq!(found, [claude, nobody, codex], "{lines:?}");
    }
    // Tools of our own are there for who may do anything.
    for (lines, claude, nobody, codex) in [
        (&["allow exe=claude"][..], allow, deny, deny),
        (&["ask exe=claude"], allow, deny, deny),
        (&["deny exe=claude", "allow user:*"], deny, deny, allow),
        (&["deny exe=claude tools=s__t", "allow user:*"], allow, allow, allow),
    ] {
        let rules = rules(lines);
        let found = [Some("claude"), None, Some("codex")];
        let found = found.map(|exe| verdict(&rules, exe, "callmux_find"));
        assert_eq!(found, [claude, nobody, codex], "{lines:?}");
    }
    assert!(!rules(&["allow user:1"]).ask_for_peers());
}

/// What nothing is known of counts as what does harm.
#[test]
fn a_rule_about_hints_is_about_tools_that_have_one() {
    let nothing = ToolHints::default();
    let reads = ToolHints { is_read_only: true, is_idempotent: true };
    let repeats = ToolHints { is_idempotent: true, ..nothing };
    let (kind, task) = (ActionKind::Tool, ActionKind::Task);
    for (lines, kind, target, hints, expected) in [
        (&["allow hints=read_only"][..], kind, "s__t", reads, true),
        (&["allow hints=read_only"], kind, "s__t", repeats, false),
        (&["allow hints=read_only"], kind, "s__t", nothing, false),
        (&["allow hints=idempotent"], kind, "s__t", repeats, true),
        (&["allow hints=read_only,idempotent"], kind, "s__t", repeats, true),
        (&["allow hints=read_only tools=s__*"], kind, "s__t", reads, true),
        (&["allow hints=read_only tools=s__*"], kind, "s__t", nothing, false),
        (&["allow hints=read_only tools=s__u"], kind, "s__t", reads, false),
        (&["allow hints=read_only servers=other"], kind, "s__t", reads, false),
        (&["deny hints=read_only", "allow user:*"], kind, "s__t", nothing, true),
        (&["deny hints=read_only", "allow user:*"], kind, "s__t", reads, false),
        // It is about nothing else, but who may have a tool may know of its server.
        (&["allow hints=read_only"], ActionKind::Prompt, "s__t", reads, false),
        (&["allow hints=read_only"], ActionKind::Resource, "s:t", reads, false),
        (&["allow hints=read_only"], task, "t", reads, false),
        (&["allow hints=read_only"], kind, "", nothing, true),
        (&["deny hints=read_only", "allow user:*"], kind, "", nothing, true),
    ] {
        let rules = rules(lines);
        assert!(rules.ask_for_hints() && !rules.ask_for_peers());
        let (principal, server) = (Principal::user(1), ServerName::parse("s").unwrap());
        let subject = Subject { principal: &principal, client: ClientName::Read("") };
        let action = Action::new(kind, Some(&server), target).hinted(hints);
        let found = rules.judge(subject, action).is_ok();
        assert_eq!(found, expected, "{lines:?} {kind:?} {target} {hints:?}");
    }
    let own = rules(&["allow hints=read_only"]);
    assert_eq!(judged(&own, "user:1 own callmux_find"), Ok(()));
}
