use std::path::Path;
use std::time::Duration;

use super::{CallFinished, CallOutcome, Fact};
use crate::base::{CallId, ServerName, SessionId};
use crate::telemetry::entry;

fn server() -> ServerName {
    ServerName::parse("s").unwrap()
}

fn session() -> SessionId {
    SessionId::parse("00000000000000000000000000000007").unwrap()
}

fn call() -> CallFinished {
    CallFinished {
        call: CallId::next(),
        session: Some(session()),
        principal: "user 1000".into(),
        client: "c 1".to_owned(),
        kind: "tool",
        name: "a__b".into(),
        server: Some(server()),
        outcome: CallOutcome::Done,
        reason: None,
        took: Duration::from_micros(1500),
        request_bytes: 10,
        reply_bytes: 20,
    }
}

/// Every fact, in each of the forms that it has.
fn samples() -> Vec<Fact> {
    [daemon(), config(), servers(), words(), sessions(), doors(), calls()].concat()
}

fn daemon() -> Vec<Fact> {
    let address = || "127.0.0.1:1".to_owned();
    vec![
        Fact::DaemonStarted { version: "1.2.3", pid: 1 },
        Fact::Listening { address: address(), inherited: true },
        Fact::Listening { address: address(), inherited: false },
        Fact::ListenerRefused { address: address(), reason: "no".to_owned() },
        Fact::DaemonReady { servers: 2 },
        Fact::DaemonDraining { calls: 3 },
        Fact::DaemonStopped { calls_left: 4 },
        Fact::DaemonUpgraded,
        Fact::DaemonIdle,
        Fact::StrayStopped { unit: "u.service".to_owned() },
    ]
}

fn config() -> Vec<Fact> {
    let files = || vec!["/a".into(), "/b".into()];
    let names =
        |names: &[&str]| names.iter().map(|name| ServerName::parse(name).unwrap()).collect();
    vec![
        Fact::ConfigLoaded { files: files(), servers: 2 },
        Fact::ConfigLoaded { files: Vec::new(), servers: 0 },
        Fact::ConfigRefused { complaint: "a:1:1: no".to_owned() },
        Fact::ConfigReloaded {
            added: names(&["a", "b"]),
            removed: names(&["c"]),
            restarted: names(&["d", "e"]),
            adjusted: names(&["f"]),
            unchanged: 7,
        },
        Fact::ConfigReloaded {
            added: Vec::new(),
            removed: Vec::new(),
            restarted: Vec::new(),
            adjusted: Vec::new(),
            unchanged: 1,
        },
        Fact::LastGoodConfigUsed { files: files(), servers: 2 },
        Fact::ConfigUnwatched { reason: "no".to_owned() },
    ]
}

fn servers() -> Vec<Fact> {
    let (reason, took) = (|| "no\nmore".to_owned(), Duration::from_millis(12));
    let revision = "2025-11-25".to_owned();
    vec![
        Fact::ServerOrdered { server: server(), order: "stop", principal: "user 1".into() },
        Fact::ServerStarted { server: server(), pid: 5, attempt: 6 },
        Fact::ServerDialed { server: server(), origin: "https://h:1".to_owned(), attempt: 2 },
        Fact::ServerReady { server: server(), era: "legacy", revision, tools: 3, took },
        Fact::ServerAdopted { server: server(), pid: 5, took },
        Fact::ServerFailed { server: server(), reason: reason(), retry_in: took },
        Fact::ServerUnusable { server: server(), reason: reason() },
        Fact::ServerStopped { server: server() },
    ]
}

fn words() -> Vec<Fact> {
    let (message, unit) = (|| "2 tools: no".to_owned(), || Some("u.service".into()));
    let (what, sample, line) = ("x".to_owned(), "y\u{1b}".to_owned(), "<0>z\n".to_owned());
    let definition = Some("t".to_owned());
    vec![
        Fact::ServerMisbehaved { server: server(), what, sample },
        Fact::ServerWrote { server: server(), unit: unit(), line },
        Fact::ServerWrote { server: server(), unit: None, line: "x".repeat(9000) },
        Fact::ServerWroteTooMuch { server: server(), lines: 5 },
        Fact::DefinitionsRefused { server: server(), definition, message: message() },
        Fact::DefinitionsRefused { server: server(), definition: None, message: message() },
        Fact::ToolsChanged { tools: 7 },
    ]
}

fn sessions() -> Vec<Fact> {
    let (session, waiting) = (session(), 1 << 20);
    let opened = |cwd: Option<&str>| Fact::SessionOpened {
        session,
        front: "link",
        principal: "user 1".to_owned(),
        client: "c 1".to_owned(),
        revision: "2025-11-25".to_owned(),
        cwd: cwd.map(Into::into),
    };
    vec![
        opened(Some("/d")),
        opened(None),
        Fact::SessionClosed { session },
        Fact::LinkLost { session },
        Fact::LinkResumed { session, resent: 3 },
        Fact::ClientBehind { session, waiting },
        Fact::ClientGivenUp { session, waiting, silent: Duration::from_secs(130) },
    ]
}

fn doors() -> Vec<Fact> {
    let (address, reason) = (Some(([127, 0, 0, 1], 1).into()), || "no".to_owned());
    vec![
        Fact::PeerRefused { address, cause: "gone", reason: reason() },
        Fact::PeerRefused { address: None, cause: "other_user", reason: reason() },
        Fact::CapReached { what: "link", max: 5, evicted: true },
        Fact::CapReached { what: "session", max: 5, evicted: false },
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
    ];
    let of_kind = kinds.into_iter().map(|kind| CallFinished { kind, ..call() });
    let reason = || Some("it said no".to_owned());
    let ended =
        outcomes.into_iter().map(|outcome| CallFinished { outcome, reason: reason(), ..call() });
    let alone = CallFinished { session: None, server: None, ..call() };
    let all = of_kind.chain(ended).chain([alone]);
    all.map(|call| Fact::CallFinished(Box::new(call))).collect()
}

fn written(fact: &Fact) -> String {
    let mut bytes = Vec::new();
    entry::write(&mut bytes, &fact.record(), None);
    let text = String::from_utf8(bytes).unwrap().replace('\0', "\\0");
    match fact {
        Fact::CallFinished(call) => {
            let id = format!("CALL_ID={}\n", call.call);
            assert!(text.contains(&id), "{text}");
            text.replace(&id, "CALL_ID=…\n")
        }
        _ => text,
    }
}

/// People have scripts that read them.
#[test]
fn entries_are_written_as_they_always_were() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/facts.txt");
    let found: Vec<String> = samples().iter().map(written).collect();
    let found = found.join("\n");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap();
    let differs = recorded.lines().zip(found.lines()).find(|(recorded, found)| recorded != found);
    assert_eq!(differs, None, "`UPDATE=1 cargo test`, if that is meant");
    assert_eq!(recorded, found);
}
