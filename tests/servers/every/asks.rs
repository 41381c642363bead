//! Asking the client: by a request of its own, or by the end of a round.

use crate::odd::ODD;
use crate::{CAPABILITIES, Members, Refusal, Request, Server, members, say, text};

/// A question of the legacy era, and the call that waits for its answer.
#[derive(Debug)]
pub struct Asking {
    pub call: String,
    tool: String,
    round: u64,
    of: u64,
}

/// The key of a question of the modern era, as it is written.
const KEY: &str = r#""the key é""#;

/// Method and params of a tool's question.
fn question(tool: &str, round: u64, is_modern: bool) -> (&'static str, String) {
    match tool {
        "sample" => (
            "sampling/createMessage",
            format!(
                r#"{{"maxTokens":9,"messages":[{{"role":"user","content":{{"type":"text","text":"é",{ODD}}}}}],{ODD}}}"#
            ),
        ),
        "elicit" => (
            "elicitation/create",
            format!(
                r#"{{"message":"Round {round}?","requestedSchema":{{"type":"object","properties":{{"zeta":{{"type":"string"}},"alpha":{{"type":"number","maximum":1e400}}}}}},{ODD}}}"#
            ),
        ),
        "elicit_url" => {
            let id = if is_modern { "" } else { r#""elicitationId":"e-1","# };
            let url = "https://example.com/?x=é";
            let params =
                format!(r#"{{"mode":"url","message":"Go there",{id}"url":"{url}",{ODD}}}"#);
            ("elicitation/create", params)
        }
        _ => ("roots/list", r#"{"_meta":{"x/odd":1e400}}"#.to_owned()),
    }
}

fn state(tool: &str, round: u64) -> String {
    format!("é {tool} \"{round}\"")
}

impl Server {
    pub fn ask_or_go_on(&mut self, request: &Request<'_>, tool: &str) -> Result<(), Refusal> {
        let arguments = request.params.get("arguments").map_or("{}", |json| json.get());
        let of = members(arguments).get("rounds").and_then(|json| json.get().parse().ok());
        let of = of.unwrap_or(1);
        if !self.is_modern {
            let call = request.id.to_owned();
            self.ask(Asking { call, tool: tool.to_owned(), round: 1, of });
            return Ok(());
        }
        let needed = match tool {
            "sample" => "sampling",
            "roots" => "roots",
            _ => "elicitation",
        };
        let can = members(request.meta.get(CAPABILITIES).map_or("{}", |json| json.get()));
        if !can.contains_key(needed) {
            return Err((-32021, format!("the client has no {needed}")));
        }
        let Some(given) = request.params.get("requestState") else {
            self.end_round(request.id, tool, 1);
            return Ok(());
        };
        let given: String = serde_json::from_str(given.get())
            .map_err(|_| (-32602, "requestState is no text".to_owned()))?;
        let round = (1..=of).find(|round| given == state(tool, *round));
        let round = round.ok_or((-32602, "this requestState is none of mine".to_owned()))?;
        let responses = request.params.get("inputResponses").map_or("{}", |json| json.get());
        let responses = members(responses);
        let key: String = serde_json::from_str(KEY).unwrap();
        let answer = responses.get(&key).map(|json| json.get());
        let answer = answer.ok_or((-32602, "the answer is missing".to_owned()))?;
        if round < of {
            self.end_round(request.id, tool, round + 1);
        } else {
            self.answer(
                request.id,
                &format!(r#""content":[],"answer":{answer},"round":{round},{ODD}"#),
            );
        }
        Ok(())
    }

    fn end_round(&self, id: &str, tool: &str, round: u64) {
        let (method, params) = question(tool, round, self.is_modern);
        let state = serde_json::Value::from(state(tool, round));
        say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"input_required","inputRequests":{{{KEY}:{{"method":"{method}","params":{params}}}}},"requestState":{state},{ODD}}}}}"#
        ));
    }

    fn ask(&mut self, asking: Asking) {
        let (method, params) = question(&asking.tool, asking.round, self.is_modern);
        self.asked += 1;
        let id = format!(r#""question é {}""#, self.asked);
        say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#));
        self.asking.insert(id, asking);
    }

    /// The client answers one of our questions.
    pub fn take_answer(&mut self, id: &str, message: &Members<'_>) {
        let id = serde_json::Value::from(serde_json::from_str::<String>(id).unwrap_or_default());
        let Some(asking) = self.asking.remove(&id.to_string()) else {
            return self.note("answer to nothing");
        };
        if let Some(error) = message.get("error") {
            let error = members(error.get());
            let words = serde_json::Value::from(text(error.get("message")));
            let code = error.get("code").map_or("null", |code| code.get());
            return self.answer(
                &asking.call,
                &format!(r#""content":[],"isError":true,"refused":{code},"because":{words},{ODD}"#),
            );
        }
        let Asking { call, tool, round, of } = asking;
        if round < of {
            return self.ask(Asking { call, tool, round: round + 1, of });
        }
        if tool == "elicit_url" {
            say(
                r#"{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e-1"}}"#,
            );
        }
        let answer = message.get("result").map_or("null", |result| result.get());
        self.answer(&call, &format!(r#""content":[],"answer":{answer},"round":{round},{ODD}"#));
    }
}
