//! A question as a client shows it, and what it answers (MCP 2025-11-25, "Elicitation").

use serde_json::{Value, json};

use super::question::{Decision, Question};
use crate::base::{clip, visible};

/// Of a question with many calls so many are shown.
const CALLS_SHOWN: usize = 20;
/// Of the arguments of one of several calls so much is shown, in bytes.
const PART_MAX: usize = 200;

/// The parameters of `elicitation/create`.
pub fn form(question: &Question) -> Value {
    let titles = ["Allow this once", "Allow the same for an hour", "Deny"];
    let decisions = Decision::ALL.map(Decision::as_str);
    json!({
        "message": message(question),
        "requestedSchema": {
            "type": "object",
            "properties": {
                "decision": {
                    "type": "string", "title": "Decision", "enum": decisions, "enumNames": titles,
                },
            },
            "required": ["decision"],
        },
    })
}

/// What a result of `elicitation/create` says. Whoever closes the form has not approved.
pub fn decision(result: &str) -> Decision {
    let answer: Value = serde_json::from_str(result).unwrap_or_default();
    let said = answer["content"]["decision"].as_str().filter(|_| answer["action"] == "accept");
    said.and_then(Decision::parse).unwrap_or(Decision::Deny)
}

/// A question for a place with little room.
#[derive(Debug, PartialEq, Eq)]
pub struct QuestionText {
    /// One line.
    pub title: String,
    pub body: String,
    /// Nothing was left out.
    pub is_whole: bool,
}

/// The question with a body of about `max` bytes.
pub fn question_text(question: &Question, max: usize) -> QuestionText {
    let text = message(question);
    let (title, body) = text.split_once('\n').unwrap_or((&text, ""));
    let is_whole = body.len() <= max && question.calls.len() == 1;
    let body = if is_whole {
        body.to_owned()
    } else {
        let id = &question.id;
        format!(
            "{}…\nThat is not all of it: see `callmux approvals` ({id}).",
            clip::start(body, max)
        )
    };
    QuestionText { title: title.to_owned(), body, is_whole }
}

/// The question in words. What clients and models wrote in it is shown as it is, character by character.
fn message(question: &Question) -> String {
    let asking = &question.asking;
    let mut text = match &*question.calls {
        [one] => format!(
            "May `{}` of server {} be {}?\n",
            visible::line(&one.shown),
            one.server,
            done_to(&one.kind)
        ),
        many => format!("May these {} calls be made?\n", many.len()),
    };
    match &*question.calls {
        [one] => {
            let arguments = one.arguments.as_deref().filter(|text| *text != "{}");
            text +=
                &arguments.map_or_else(String::new, |json| format!("{}\n", visible::json(json)));
        }
        many => {
            for call in many.iter().take(CALLS_SHOWN) {
                let arguments = clip::start(call.arguments.as_deref().unwrap_or("{}"), PART_MAX);
                text += &format!("- {} {}\n", visible::line(&call.shown), visible::line(arguments));
            }
            let more = many.len().saturating_sub(CALLS_SHOWN);
            if more > 0 {
                text += &format!("… and {more} more: `callmux approvals` shows all\n");
            }
        }
    }
    let cwd = asking.cwd.as_ref().map_or_else(String::new, |cwd| format!(" in {cwd}"));
    let (client, cwd) = (visible::line(&asking.client), visible::line(&cwd));
    text + &format!("Asked for by {client}{cwd}; the access rule {} has you asked.", asking.rule)
}

fn done_to(kind: &str) -> &'static str {
    match kind {
        "prompt" => "used",
        "resource" => "read",
        _ => "called",
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{Decision, decision, form, question_text};
    use crate::approvals::{AskedCall, Asking, Question};
    use crate::base::{Principal, ServerName};

    fn question(calls: usize) -> Question {
        let server = ServerName::parse("prod").unwrap();
        let call = |at: usize| {
            let arguments = format!("{{\"id\":{at},\"x\":\"\u{202e}\u{1b}[2J\"}}");
            AskedCall::new(&server, "tool", ("wipe", "prod__wipe"), Some(&arguments))
        };
        let asking = Asking {
            principal: Principal::user(1),
            client: "agent\u{1b} 1".into(),
            cwd: Some("/home/u".into()),
            rule: "careful".into(),
            processes: Vec::new(),
        };
        let (asked, calls) = (SystemTime::UNIX_EPOCH, (0..calls).map(call).collect());
        Question { id: "0a1b2c3d".into(), asking, calls, asked, until: asked }
    }

    #[test]
    fn a_question_shows_what_is_wanted_and_hides_nothing() {
        let one = form(&question(1));
        let text = one["message"].as_str().unwrap();
        assert!(text.starts_with("May `prod__wipe` of server prod be called?\n"), "{text}");
        assert!(text.contains(r#""id":0"#) && text.contains("in /home/u; the access rule careful"));
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        let many = form(&question(30));
        let text = many["message"].as_str().unwrap();
        assert!(text.starts_with("May these 30 calls be made?\n- prod__wipe {"), "{text}");
        assert!(text.contains("… and 10 more"), "{text}");
    }

    #[test]
    fn what_has_no_room_is_told_to_be_not_all() {
        let one = question_text(&question(1), 1000);
        assert_eq!(one.title, "May `prod__wipe` of server prod be called?");
        assert!(one.is_whole && one.body.ends_with("the access rule careful has you asked."));
        assert!(!one.body.contains(['\u{1b}', '\u{202e}']), "{one:?}");
        for (calls, max) in [(1, 20), (2, 1000), (30, 1000)] {
            let cut = question_text(&question(calls), max);
            assert!(
                !cut.is_whole && cut.body.contains("`callmux approvals` (0a1b2c3d)"),
                "{cut:?}"
            );
            assert!(cut.body.len() < max + 100, "{cut:?}");
        }
    }

    #[test]
    fn only_a_clear_word_is_a_yes() {
        for (result, expected) in [
            (r#"{"action":"accept","content":{"decision":"once"}}"#, Decision::Once),
            (r#"{"action":"accept","content":{"decision":"hour"}}"#, Decision::Hour),
            (r#"{"action":"accept","content":{"decision":"deny"}}"#, Decision::Deny),
            (r#"{"action":"accept","content":{"decision":"always"}}"#, Decision::Deny),
            (r#"{"action":"accept","content":{}}"#, Decision::Deny),
            (r#"{"action":"decline","content":{"decision":"once"}}"#, Decision::Deny),
            (r#"{"action":"cancel"}"#, Decision::Deny),
            ("7", Decision::Deny),
            ("", Decision::Deny),
        ] {
            assert_eq!(decision(result), expected, "{result}");
        }
    }
}
