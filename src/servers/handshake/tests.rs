use std::time::Duration;

use super::{Greeting, greet};
use crate::connection::tests::open;
use crate::servers::identity::Identity;
use crate::servers::memory::Memory;
use crate::wire::Era::{self, Legacy, Modern};

const MODERN: &str = r#""result":{"supportedVersions":["2026-07-28"],"capabilities":{}}"#;
const LEGACY: &str = r#""result":{"protocolVersion":"2025-11-25","capabilities":{}}"#;
const ONLY_MODERN: &str = r#""result":{"protocolVersion":"2026-07-28","capabilities":{}}"#;
const UNKNOWN: &str = r#""error":{"code":-32601,"message":"no such method"}"#;
const TOO_OLD: &str = r#""error":{"code":-32022,"message":"unsupported version"}"#;
const ONLY_LEGACY: &str = r#""error":{"code":-32022,"message":"unsupported version","data":{"supported":["2025-11-25","1999-01-01"]}}"#;
const UNHEARD_OF: &str = r#""error":{"code":-32022,"message":"unsupported version","data":{"supported":["1999-01-01"]}}"#;
const NEVER: &str = "";

/// How a server behaves, and what must come of it.
struct Case {
    remembered: Option<Era>,
    /// The answer to `server/discover`; a slow server gives it when `initialize` has come.
    discover: &'static str,
    slow: bool,
    initialize: &'static str,
    era: Result<Era, &'static str>,
    then_remembered: Option<Era>,
}

async fn check(case: Case) {
    let (connection, mut far) = open(10_000);
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::at(dir.path().join("era.json"));
    if let Some(era) = case.remembered {
        memory.remember(era, None, &Identity::read(era, "", "{}"));
    }
    let server = async move {
        let mut discover_id = None;
        loop {
            let line = far.line().await;
            let message: serde_json::Value = serde_json::from_str(&line).unwrap();
            let answers = match message["method"].as_str().unwrap() {
                "server/discover" if case.slow => {
                    discover_id = Some(message["id"].clone());
                    vec![]
                }
                "server/discover" => vec![(message["id"].clone(), case.discover)],
                "initialize" => {
                    let late = discover_id.take().map(|id| (id, case.discover));
                    late.into_iter().chain([(message["id"].clone(), case.initialize)]).collect()
                }
                _ => vec![],
            };
            for (id, answer) in answers.iter().filter(|(_, answer)| *answer != NEVER) {
                far.say(&format!(r#"{{"jsonrpc":"2.0","id":{id},{answer}}}"#)).await;
            }
        }
    };
    // Only a server that is slow on purpose sees the end of this patience.
    let probe = Duration::from_millis(if case.slow { 10 } else { 60_000 });
    let mut greeting = Greeting::new("test", memory.clone());
    let greeted = tokio::select! {
        greeted = greet(&connection, &mut greeting, probe, Duration::from_mins(1)) => greeted,
        () = server => unreachable!("a server does not leave"),
    };
    match (greeted.map(|identity| identity.era), case.era) {
        (Ok(era), Ok(expected)) => assert_eq!(era, expected),
        (Err(error), Err(expected)) => {
            assert!(error.to_string().contains(expected), "{error}");
        }
        (found, expected) => panic!("{found:?} instead of {expected:?}"),
    }
    assert_eq!(memory.era(), case.then_remembered);
}

#[rustfmt::skip]
#[tokio::test]
async fn the_era_is_found_however_slowly_a_server_starts() {
    let case = |remembered, discover, slow, initialize, era, then_remembered| Case {
        remembered, discover, slow, initialize, era, then_remembered,
    };
    for case in [
        case(None, MODERN, false, NEVER, Ok(Modern), Some(Modern)),
        case(None, UNKNOWN, false, LEGACY, Ok(Legacy), Some(Legacy)),
        case(None, TOO_OLD, false, NEVER, Err("no revision we know"), None),
        case(None, ONLY_LEGACY, false, LEGACY, Ok(Legacy), Some(Legacy)),
        case(None, ONLY_LEGACY, true, LEGACY, Ok(Legacy), Some(Legacy)),
        case(Some(Modern), ONLY_LEGACY, false, LEGACY, Ok(Legacy), Some(Legacy)),
        case(None, UNHEARD_OF, false, LEGACY, Err("no revision we know"), None),
        case(None, UNKNOWN, false, UNKNOWN, Err("refused the handshake"), None),
        case(None, NEVER, true, LEGACY, Ok(Legacy), Some(Legacy)),
        case(None, UNKNOWN, true, LEGACY, Ok(Legacy), Some(Legacy)),
        case(None, MODERN, true, TOO_OLD, Ok(Modern), Some(Modern)),
        case(None, MODERN, true, LEGACY, Ok(Legacy), Some(Modern)),
        case(None, NEVER, true, TOO_OLD, Err("refused the handshake"), None),
        case(None, NEVER, true, ONLY_MODERN, Ok(Modern), Some(Modern)),
        case(None, UNKNOWN, false, ONLY_MODERN, Ok(Modern), Some(Modern)),
        case(Some(Legacy), NEVER, false, ONLY_MODERN, Ok(Modern), Some(Modern)),
        case(Some(Modern), MODERN, false, NEVER, Ok(Modern), Some(Modern)),
        case(Some(Modern), UNKNOWN, false, LEGACY, Ok(Legacy), Some(Legacy)),
        case(Some(Legacy), MODERN, false, TOO_OLD, Ok(Modern), Some(Modern)),
        case(Some(Legacy), NEVER, false, LEGACY, Ok(Legacy), Some(Legacy)),
        case(Some(Legacy), NEVER, false, UNKNOWN, Err("refused the handshake"), None),
    ] {
        check(case).await;
    }
}

/// Greets a legacy server of this version that refuses modes of elicitation; how often it was greeted.
async fn greetings(memory: &Memory, version: &str) -> usize {
    let (connection, mut far) = open(10_000);
    let version = format!(r#""serverInfo":{{"name":"s","version":"{version}"}}"#);
    let mut count = 0;
    let server = async {
        loop {
            let line = far.line().await;
            let message: serde_json::Value = serde_json::from_str(&line).unwrap();
            let params = &message["params"];
            let answer = match message["method"].as_str().unwrap() {
                "initialize" => {
                    count += 1;
                    if params["capabilities"]["elicitation"]["form"].is_null() {
                        let revision = &params["protocolVersion"];
                        format!(r#""result":{{"protocolVersion":{revision},{version}}}"#)
                    } else {
                        UNKNOWN.to_owned()
                    }
                }
                "server/discover" => UNKNOWN.to_owned(),
                _ => continue,
            };
            far.say(&format!(r#"{{"jsonrpc":"2.0","id":{},{answer}}}"#, message["id"])).await;
        }
    };
    let (limit, mut greeting) = (Duration::from_mins(1), Greeting::new("test", memory.clone()));
    let identity = tokio::select! {
        greeted = greet(&connection, &mut greeting, limit, limit) => greeted.unwrap(),
        () = server => unreachable!("a server does not leave"),
    };
    assert_eq!(identity.revision, "2025-11-25", "what it refused was something else");
    count
}

#[tokio::test]
async fn what_a_server_wants_to_hear_is_remembered_until_it_is_another() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::at(dir.path().join("era.json"));
    assert_eq!(greetings(&memory, "1").await, 2);
    assert_eq!(greetings(&memory, "1").await, 1);
    assert_eq!(greetings(&memory, "2").await, 1);
    assert_eq!(greetings(&memory, "2").await, 2, "another version may want to hear more");
    assert_eq!(greetings(&memory, "2").await, 1);
}
