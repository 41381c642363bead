//! A server asks the client in the middle of a call: by requests in the legacy era, by the end of
//! rounds in the modern one.

use super::{Cell, Way};
use crate::support::raw;
use crate::support::speaker::{Era, Speaker, Wrong, same};

/// Calls a tool and gives the same answer to every question. The questions, method and params as
/// they are written, and the result.
fn converse(
    speaker: &mut Speaker<'_>,
    tool: &str,
    arguments: &str,
    answer: &str,
) -> Result<(Vec<String>, String), Wrong> {
    let mut questions = Vec::new();
    let question = |json: &str| {
        let part = |name: &str| raw::get(json, &[name]).unwrap_or("").to_owned();
        format!("{} {}", part("method"), part("params"))
    };
    let mut id = speaker.start_call(tool, arguments);
    loop {
        let message = speaker.take("a question or the answer", |message| {
            let is_question = ["sampling/createMessage", "elicitation/create", "roots/list"]
                .contains(&raw::text(message, &["method"]).as_str());
            let is_answer = raw::get(message, &["id"]) == Some(&*id);
            is_question || (is_answer && raw::get(message, &["method"]).is_none())
        })?;
        if let Some(own) = raw::get(&message, &["method"]).and(raw::get(&message, &["id"])) {
            if speaker.era == Era::Modern {
                return Err(format!("a modern client is asked by a request: {message}"));
            }
            questions.push(question(&message));
            speaker.wire.send(&format!(r#"{{"jsonrpc":"2.0","id":{own},"result":{answer}}}"#));
            continue;
        }
        let result = raw::get(&message, &["result"]).ok_or(message.as_str())?;
        if raw::text(result, &["resultType"]) != "input_required" {
            return Ok((questions, result.to_owned()));
        }
        let requests = raw::get(result, &["inputRequests"]).unwrap_or("{}");
        let state = raw::get(result, &["requestState"]).unwrap_or("null");
        let requests: std::collections::BTreeMap<String, &serde_json::value::RawValue> =
            serde_json::from_str(requests).map_err(|error| error.to_string())?;
        let mut responses = Vec::new();
        for (key, request) in requests {
            questions.push(question(request.get()));
            responses.push(format!("{}:{answer}", raw::quoted(&key)));
        }
        id = speaker.send(
            "tools/call",
            &format!(
                r#""requestState":{state},"name":"{tool}","arguments":{arguments},"inputResponses":{{{}}}"#,
                responses.join(",")
            ),
        );
    }
}

/// The same conversation on both sides.
fn compare(cell: &mut Cell<'_>, tool: &str, arguments: &str, answer: &str) -> Result<(), Wrong> {
    let (questions, result) = converse(cell.direct, tool, arguments, answer)?;
    // What the server says about the end of an elicitation is compared elsewhere.
    cell.direct.inbox.clear();
    let shown = cell.name(tool);
    let (asked, found) = converse(&mut cell.client, &shown, arguments, answer)?;
    same("the questions", &asked.join("\n"), &questions.join("\n"))?;
    same("the result", &found, &cell.seen(&result, false))?;
    same("the answer", raw::get(&found, &["answer"]).unwrap_or(""), answer)
}

const ODD: &str = r#""zz":1e400,"aa":[9007199254740993,"\ud800"]"#;

pub fn sampling(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let answer = format!(
        r#"{{"role":"assistant","model":"é","content":{{"type":"text","text":"\u0041",{ODD}}},{ODD}}}"#
    );
    compare(cell, "sample", "{}", &answer)?;
    compare(cell, "sample", r#"{"rounds":3}"#, &answer)
}

pub fn elicitation(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let accepted = format!(r#"{{"action":"accept","content":{{"zeta":"é","alpha":0.10}},{ODD}}}"#);
    compare(cell, "elicit", "{}", &accepted)?;
    compare(cell, "elicit", r#"{"rounds":2}"#, &accepted)?;
    for action in ["decline", "cancel"] {
        compare(cell, "elicit", "{}", &format!(r#"{{"action":"{action}"}}"#))?;
    }
    compare(cell, "elicit_url", "{}", r#"{"action":"accept"}"#)?;
    if (cell.client.era, cell.server) == (Era::Legacy, Era::Legacy) {
        let message = cell.client.take_method("notifications/elicitation/complete")?;
        same("the id", &raw::text(&message, &["params", "elicitationId"]), "e-1")?;
    }
    Ok(())
}

pub fn roots(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let answer = format!(r#"{{"roots":[{{"uri":"file:///a%20b","name":"é",{ODD}}}],{ODD}}}"#);
    compare(cell, "roots", "{}", &answer)?;
    let method = "notifications/roots/list_changed";
    if cell.client.era == Era::Legacy && cell.way == Way::Inline && cell.server == Era::Legacy {
        let before = cell.noted(&format!("notification {method}"));
        cell.client.wire.send(&format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#));
        cell.wait_noted(&format!("notification {method}"), before + 1);
    }
    Ok(())
}
