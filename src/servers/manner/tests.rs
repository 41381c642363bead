use super::{Cost, Elicitation, Manner, Refusals};

/// What is said, one after the other, to a server that refuses everything with these words.
fn said(words: &str, cost: Cost) -> Vec<String> {
    let (mut refused, mut all, mut next) = (Refusals::default(), Vec::new(), Some(Manner::FIRST));
    while let Some(manner) = next {
        let elicitation = match manner.elicitation {
            Elicitation::Modes => "modes",
            Elicitation::Plain => "plain",
            Elicitation::None => "none",
        };
        all.push(format!("{} {elicitation}", manner.revision));
        next = refused.next(manner, words, cost);
    }
    all
}

#[test]
fn what_was_refused_decides_what_is_said_next() {
    let all = said("no", Cost::Message);
    assert_eq!(all.len(), 7, "{all:?}");
    assert_eq!(all[..3], ["2025-11-25 modes", "2025-11-25 plain", "2025-11-25 none"]);
    let form = r#"{"code":-32603,"message":"Unrecognized field \"form\" (class Elicitation)"}"#;
    assert_eq!(said(form, Cost::Message), all);
    let version = said("Unsupported protocol version: 2025-11-25", Cost::Message);
    assert_eq!(version[1], "2025-06-18 plain", "{version:?}");
    assert_eq!(version.len(), 7);
    let named = r#"{"code":-32602,"data":{"supported":["2024-11-05","2025-03-26"]}}"#;
    let named = said(named, Cost::Message);
    assert_eq!(named[1..3], ["2025-03-26 none", "2024-11-05 none"]);
    assert_eq!(
        said("", Cost::Process),
        ["2025-11-25 modes", "2025-06-18 plain", "2025-03-26 none", "2024-11-05 none"]
    );
    assert_eq!(said("supported: 2024-11-05", Cost::Process)[1], "2024-11-05 none");
}
