use std::path::Path;
use std::time::Duration;

use super::entry;
use crate::base::{ServerName, SessionId};
use crate::facts::about::About;
use crate::facts::{self, CallFinished, CallOutcome, Fact, Priority};
use crate::metrics::families::FAMILIES;

fn server() -> ServerName {
    ServerName::parse("s").unwrap()
}

fn session() -> SessionId {
    SessionId::parse("00000000000000000000000000000007").unwrap()
}

fn call() -> CallFinished {
    let (server, outcome) = (Some(server()), CallOutcome::Done);
    CallFinished { server, outcome, reason: None, ..CallFinished::example() }
}

/// Every fact, in each of the forms that it has.
fn samples() -> Vec<Fact> {
    let before = [daemon(), config(), servers(), words(), sessions(), doors(), calls()].concat();
    [before, approvals(), gaps()].concat()
}

fn daemon() -> Vec<Fact> {
    let address = || "127.0.0.1:1".to_owned();
    vec![
        facts::DaemonStarted { version: "1.2.3", pid: 1, cut_off: None }.into(),
        facts::DaemonStarted { version: "1.2.3", pid: 1, cut_off: Some("1".repeat(32)) }.into(),
        facts::ListenerOpened { address: address(), inherited: true }.into(),
        facts::ListenerOpened { address: address(), inherited: false }.into(),
        facts::ListenerRefused { address: address(), reason: "no".to_owned() }.into(),
        facts::DaemonReady { servers: 2 }.into(),
        facts::DaemonDraining { calls: 3 }.into(),
        facts::DaemonStopped { calls_left: 4 }.into(),
        facts::DaemonUpgraded.into(),
        facts::DaemonIdle.into(),
        facts::StrayStopped { unit: "u.service".to_owned() }.into(),
        facts::MemoryGivenBack { results: 1, bytes: 2048 }.into(),
    ]
}

fn config() -> Vec<Fact> {
    let files = || vec!["/a".into(), "/b".into()];
    let names =
        |names: &[&str]| names.iter().map(|name| ServerName::parse(name).unwrap()).collect();
    vec![
        facts::ConfigLoaded { files: files(), servers: 2 }.into(),
        facts::ConfigLoaded { files: Vec::new(), servers: 0 }.into(),
        facts::ConfigRefused { complaint: "a:1:1: no".to_owned() }.into(),
        facts::ConfigReloaded {
            added: names(&["a", "b"]),
            removed: names(&["c"]),
            restarted: names(&["d", "e"]),
            adjusted: names(&["f"]),
            unchanged: 7,
        }
        .into(),
        facts::ConfigReloaded {
            added: Vec::new(),
            removed: Vec::new(),
            restarted: Vec::new(),
            adjusted: Vec::new(),
            unchanged: 1,
        }
        .into(),
        facts::LastGoodConfigUsed { files: files(), servers: 2 }.into(),
        facts::ConfigUnwatched { reason: "no".to_owned() }.into(),
        facts::ConfigChanged {
            change: "PUT servers.a".to_owned(),
            principal: "user 1".into(),
            files: files(),
        }
        .into(),
    ]
}

fn servers() -> Vec<Fact> {
    let (reason, took) = (|| "no\nmore".to_owned(), Duration::from_millis(12));
    let revision = "2025-11-25".to_owned();
    vec![
        facts::ServerOrdered { server: server(), order: "stop", principal: "user 1".into() }.into(),
        facts::ServerStarted { server: server(), pid: 5, attempt: 6 }.into(),
        facts::ServerDialed { server: server(), origin: "https://h:1".to_owned(), attempt: 2 }
            .into(),
        facts::ServerReady { server: server(), era: "legacy", revision, tools: 3, took }.into(),
        facts::ServerAdopted { server: server(), pid: 5, took }.into(),
        facts::ServerFailed { server: server(), reason: reason(), retry_in: took }.into(),
        facts::ServerUnusable { server: server(), reason: reason() }.into(),
        facts::ServerStopped { server: server() }.into(),
    ]
}

fn words() -> Vec<Fact> {
    let (message, unit) = (|| "2 tools: no".to_owned(), || Some("u.service".into()));
    let (what, sample, line) = ("x".to_owned(), "y\u{1b}".to_owned(), "<0>z\n".to_owned());
    let definition = Some("t".to_owned());
    vec![
        facts::ServerMisbehaved { server: server(), what, sample }.into(),
        facts::ServerWrote { server: server(), unit: unit(), priority: Priority::Error, line }
            .into(),
        facts::ServerWrote {
            server: server(),
            unit: None,
            priority: Priority::Info,
            line: "x".repeat(9000),
        }
        .into(),
        facts::ServerWroteTooMuch { server: server(), lines: 5 }.into(),
        facts::DefinitionsRefused { server: server(), definition, message: message() }.into(),
        facts::DefinitionsRefused { server: server(), definition: None, message: message() }.into(),
        facts::DefinitionMoved {
            server: server(),
            definition: Some("tool t".to_owned()),
            change: "new".to_owned(),
            is_held: true,
        }
        .into(),
        facts::DefinitionMoved {
            server: server(),
            definition: None,
            change: "no".to_owned(),
            is_held: false,
        }
        .into(),
        facts::ToolsChanged { tools: 7 }.into(),
    ]
}

fn sessions() -> Vec<Fact> {
    let (session, waiting) = (session(), 1 << 20);
    let opened = |cwd: Option<&str>| -> Fact {
        facts::SessionOpened {
            session,
            front: "link",
            principal: "user 1".to_owned(),
            client: "c 1".to_owned(),
            revision: "2025-11-25".to_owned(),
            cwd: cwd.map(Into::into),
        }
        .into()
    };
    let cancelled = |server| -> Fact {
        let (call, name, principal) = (call().call, "a__t".into(), "user 1".into());
        facts::CallCancelled { call, session, server, name, principal }.into()
    };
    vec![
        opened(Some("/d")),
        opened(None),
        facts::SessionClosed { session }.into(),
        facts::SessionEnded { session, principal: "user 1".into(), calls: 2 }.into(),
        cancelled(Some(server())),
        cancelled(None),
        facts::LinkLost { session }.into(),
        facts::LinkResumed { session, resent: 3 }.into(),
        facts::ClientBehind { session, waiting }.into(),
        facts::ClientGivenUp { session, waiting, silent: Duration::from_secs(130) }.into(),
    ]
}

fn doors() -> Vec<Fact> {
    let (address, reason) = (Some(([127, 0, 0, 1], 1).into()), || "no".to_owned());
    vec![
        facts::PeerRefused { address, cause: "gone", reason: reason() }.into(),
        facts::PeerRefused { address: None, cause: "other_user", reason: reason() }.into(),
        facts::CapReached { what: "link", max: 5, evicted: true }.into(),
        facts::CapReached { what: "session", max: 5, evicted: false }.into(),
    ]
}

fn calls() -> Vec<Fact> {
    let kinds = [
        "tool",
        "prompt",
        "resource",
        "completion",
        "task",
        "tasks",
        "subscription",
        "log_level",
        "roots",
        "administration",
        "request",
    ];
    let outcomes = [
        CallOutcome::Done,
        CallOutcome::ToolError,
        CallOutcome::NotSent,
        CallOutcome::OutcomeUnknown,
        CallOutcome::Cancelled,
        CallOutcome::Refused,
        CallOutcome::Denied,
        CallOutcome::Limited,
        CallOutcome::Unapproved,
    ];
    let of_kind = kinds.into_iter().map(|kind| CallFinished { kind, ..call() });
    let reason = || Some("it said no".to_owned());
    let ended =
        outcomes.into_iter().map(|outcome| CallFinished { outcome, reason: reason(), ..call() });
    let alone = CallFinished { session: None, server: None, ..call() };
    let (outcome, rule) = (CallOutcome::Denied, Some("r".into()));
    let denied = CallFinished { outcome, rule, ..call() };
    let all = of_kind.chain(ended).chain([alone, denied]);
    all.map(|call| Box::new(call).into()).collect()
}

fn approvals() -> Vec<Fact> {
    let (id, principal, client) = (|| "0a1b2c3d".into(), "user:1".into(), "c 1".into());
    let (calls, rule) = (vec!["s__a".into(), "s__b".into()], "r".into());
    vec![
        facts::ApprovalAsked { id: id(), calls, principal, client, rule }.into(),
        facts::ApprovalAnswered { id: id(), decision: "once", by: "client".into() }.into(),
    ]
}

fn gaps() -> Vec<Fact> {
    vec![
        facts::CallsMissing { missing: 3, record: Some("/r".to_owned()) }.into(),
        facts::CallsMissing { missing: 3, record: None }.into(),
        facts::FactsLost { lost: 4 }.into(),
        facts::AuditUnwritable { dir: "/a".to_owned(), reason: "no".to_owned() }.into(),
        facts::AuditGap { lost: 5, set_aside: None }.into(),
        facts::AuditGap { lost: 0, set_aside: Some("/a/b.torn".to_owned()) }.into(),
        facts::HistoryUnwritable { path: "/a/h.db".to_owned(), reason: "no".to_owned() }.into(),
        facts::HistorySetAside {
            path: "/a/h.db".to_owned(),
            aside: "/a/h.db.broken-7".to_owned(),
            reason: "no".to_owned(),
        }
        .into(),
    ]
}

fn written(fact: &Fact) -> String {
    let mut bytes = Vec::new();
    entry::write(&mut bytes, &fact.record(), None);
    let text = String::from_utf8(bytes).unwrap().replace('\0', "\\0");
    // Each call has another id.
    let call = match fact {
        Fact::CallFinished(call) => call.call,
        Fact::CallCancelled(call) => call.call,
        _ => return text,
    };
    let id = format!("CALL_ID={call}\n");
    assert!(text.contains(&id), "{text}");
    text.replace(&id, "CALL_ID=…\n")
}

/// Compares a file with what it should be; `UPDATE=1` writes it.
fn is_fresh(file: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        crate::base::file::publish(&path, fresh.as_bytes()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let differs = kept.lines().zip(fresh.lines()).find(|(kept, fresh)| kept != fresh);
    let advice = "run `UPDATE=1 cargo test`, if that is meant";
    assert!(kept == fresh, "{file} differs, first in {differs:?}; {advice}");
}

/// The page lists every family of metrics.
#[test]
fn the_page_has_every_family() {
    let text = std::fs::read_to_string("docs/metrics.md").unwrap();
    let (before, rest) = text.split_once("<!-- generated: families -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let mut table =
        "| family | type | labels | one is | what |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for family in FAMILIES {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, labels) = (family.name, family.kind.as_str(), labels.join(", "));
        table += &format!("| `{name}` | {kind} | {labels} | {} | {} |\n", family.unit, family.help);
    }
    let fresh = format!("{before}<!-- generated: families -->\n{table}<!-- end -->{after}");
    is_fresh("docs/metrics.md", &fresh);
}

/// People have scripts that read them.
#[test]
fn entries_are_written_as_they_always_were() {
    let found: Vec<String> = samples().iter().map(written).collect();
    is_fresh("tests/recorded/facts.txt", &found.join("\n"));
}

/// It has an entry for each fact (systemd.io/CATALOG).
#[test]
fn the_message_catalogue_is_fresh() {
    let head = "# The journal's message catalogue: what `journalctl -x` shows below an entry of callmux.\n\
         # Generated from src/facts. Format: https://systemd.io/CATALOG\n";
    let entry = |about: &About| {
        format!(
            "\n-- {}\nSubject: {}\nDefined-By: callmux\nDocumentation: {}\n\n{}\n",
            about.message_id, about.subject, about.documentation, about.text
        )
    };
    let entries: String = facts::all().into_iter().map(|(about, _)| entry(about)).collect();
    is_fresh("dist/systemd/callmux.catalog", &format!("{head}{entries}"));
}

/// What is printed of them is true: each field that an entry has is listed, and what is listed is there.
#[test]
fn the_list_of_fields_is_true() {
    let (kinds, samples) = (facts::all(), samples());
    for (about, fields) in &kinds {
        let of_kind = samples.iter().filter(|fact| std::ptr::eq(fact.about(), *about));
        let written: Vec<Vec<&str>> = of_kind
            .map(|fact| fact.record().fields.iter().map(|(name, _)| *name).collect())
            .collect();
        assert!(!written.is_empty(), "no sample of {}", about.name);
        for names in &written {
            let is_listed = |name: &&str| fields.iter().any(|field| field.any_of.contains(name));
            assert!(names.iter().all(is_listed), "{}: {names:?}", about.name);
        }
        for field in fields {
            let has = |names: &Vec<&str>| {
                let is_any = |name: &&&str| field.any_of.contains(name);
                names.iter().filter(is_any).count()
            };
            let counts: Vec<usize> = written.iter().map(has).collect();
            assert!(counts.iter().all(|count| *count <= 1), "{}: {field:?}", about.name);
            let is_always = counts.iter().all(|count| *count == 1);
            assert_eq!(is_always, field.is_always, "{}: {field:?}", about.name);
            for name in field.any_of {
                let is_there = written.iter().any(|names| names.contains(name));
                assert!(is_there, "{}: no sample has {name}", about.name);
            }
        }
    }
}

/// Scripts and the catalogue tell them apart by both, and a fact that is `@CALLMUX_X@` in its
/// catalogue entry has that field.
#[test]
fn each_fact_is_told_from_every_other_and_its_entry_names_only_its_fields() {
    let kinds = facts::all();
    for (index, (about, fields)) in kinds.iter().enumerate() {
        let is_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        assert!(about.message_id.len() == 32 && about.message_id.bytes().all(is_hex));
        for (other, _) in &kinds[..index] {
            assert!(about.name != other.name && about.message_id != other.message_id);
        }
        let texts = [about.subject, about.text].join("\n");
        for name in texts.split("@CALLMUX_").skip(1).map(|rest| rest.split('@').next().unwrap()) {
            let is_field = fields.iter().any(|field| field.any_of.contains(&name));
            assert!(is_field, "{}: @CALLMUX_{name}@", about.name);
        }
    }
}
