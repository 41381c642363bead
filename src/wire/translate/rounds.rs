//! Multi-round-trip requests (2026-07-28): a server's questions in its result, and the answers in
//! the request that follows.

use crate::wire::error::Malformed;
use crate::wire::message::{Kind, Message};
use crate::wire::object;
use crate::wire::payload::Payload;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The end of a round in which the server asked for input.
#[derive(Debug)]
pub struct Round {
    /// The questions as requests of their own; each has its key as its id.
    pub questions: Vec<Message>,
    /// What the next round has to repeat, as a JSON string.
    pub state: Option<String>,
}

/// What is wrong with a result that asks for input.
#[derive(Debug, thiserror::Error)]
pub enum BadRound {
    #[error("it is no result")]
    NoResult,
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("`inputRequests`: {0}")]
    Questions(serde_json::Error),
    #[error("the input request {0} has no method")]
    NoMethod(String),
    #[error("{0}")]
    Question(#[from] Malformed),
}

/// Reads a result that asks for input.
pub fn read(answer: &Message) -> Result<Round, BadRound> {
    let Kind::Result { result, .. } = answer.kind() else { return Err(BadRound::NoResult) };
    let members = ["inputRequests", "requestState"];
    let [questions, state] = object::members(answer.at(*result), members)?;
    let questions: BTreeMap<&str, &RawValue> =
        questions.map_or(Ok(BTreeMap::new()), serde_json::from_str).map_err(BadRound::Questions)?;
    let questions = questions.into_iter().map(|(key, question)| read_question(key, question.get()));
    Ok(Round { questions: questions.collect::<Result<_, _>>()?, state: state.map(str::to_owned) })
}

fn read_question(key: &str, question: &str) -> Result<Message, BadRound> {
    let [method, params] = object::members(question, ["method", "params"])?;
    let method = method.ok_or_else(|| BadRound::NoMethod(key.to_owned()))?;
    let id = serde_json::Value::from(key);
    let params = params.map_or_else(String::new, |params| format!(r#","params":{params}"#));
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method}{params}}}"#);
    Ok(Message::parse(&text.into())?)
}

/// The members of `params` that begin the next round, each with a comma behind it. `answers`: keys
/// and results, both as JSON.
pub fn next(answers: &[(String, String)], state: Option<&str>) -> String {
    let answers: Vec<String> =
        answers.iter().map(|(key, result)| format!("{key}:{result}")).collect();
    let state = state.map_or_else(String::new, |state| format!(r#""requestState":{state},"#));
    format!(r#""inputResponses":{{{}}},{state}"#, answers.join(","))
}

/// The response by which a client is asked for input. `question`: the server's request. `state` is
/// plain text.
pub fn ask(id: &str, key: &str, question: &Message, state: &str) -> Payload {
    let method = serde_json::Value::from(question.method().map_or("", |method| method.as_str()));
    let params = question.params().map_or_else(String::new, |json| format!(r#","params":{json}"#));
    Payload::from(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"input_required","inputRequests":{{"{key}":{{"method":{method}{params}}}}},"requestState":"{state}"}}}}"#
    ))
}

/// The client's answer to the question with this key as a response; `None` if it has none.
pub fn answer_to(key: &str, responses: &str) -> Option<Message> {
    let responses: BTreeMap<&str, &RawValue> = serde_json::from_str(responses).ok()?;
    let result = responses.get(key)?.get();
    let text = format!(r#"{{"jsonrpc":"2.0","id":0,"result":{result}}}"#);
    Message::parse(&text.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::{answer_to, ask, next, read};
    use crate::wire::Message;

    fn parse(text: &str) -> Message {
        Message::parse(&bytes::Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    #[test]
    fn questions_become_requests_and_answers_the_next_round() {
        let result = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{
            "a":{"method":"roots/list"},"b":{"method":"elicitation/create","params":{"x":1e400}}},"requestState":"s\""}}"#;
        let round = read(&parse(result)).unwrap();
        let texts: Vec<&str> = round.questions.iter().map(Message::text).collect();
        assert_eq!(texts[0], r#"{"jsonrpc":"2.0","id":"a","method":"roots/list"}"#);
        assert_eq!(round.questions[1].params(), Some(r#"{"x":1e400}"#));
        let members = next(&[(r#""a""#.into(), "{}".into())], round.state.as_deref());
        assert_eq!(members, r#""inputResponses":{"a":{}},"requestState":"s\"","#);
        for wrong in ["[]", "7", r#"{"a":{}}"#, r#"{"a":{"method":7}}"#] {
            let text =
                format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"inputRequests":{wrong}}}}}"#);
            assert!(read(&parse(&text)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_becomes_a_question() {
        let question = parse(r#"{"jsonrpc":"2.0","id":9,"method":"roots/list"}"#);
        let asked = ask("\"c\"", "k", &question, "st").into_bytes();
        let asked: serde_json::Value = serde_json::from_slice(&asked).unwrap();
        assert_eq!(asked["result"]["inputRequests"]["k"]["method"], "roots/list");
        assert_eq!(asked["result"]["requestState"], "st");
        let answer = answer_to("k", r#"{"k":{"roots":[]}}"#).unwrap();
        assert_eq!(answer.text(), r#"{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}"#);
        assert!(answer_to("k", "{}").is_none() && answer_to("k", "[]").is_none());
    }
}
