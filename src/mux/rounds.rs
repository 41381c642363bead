//! Rounds of a legacy client at a modern server: we run them for it.
//!
//! The server ends a round with questions (2026-07-28, "Multi Round-Trip Requests"). Each becomes a
//! request to the client, as legacy servers send them; the answers begin the next round.

use std::time::Duration;

use tokio::sync::oneshot;

use super::call::Outlet;
use super::sending::CallLimits;
use crate::connection::Ask;
use crate::targets::failure::Failure;
use crate::wire::error::code;
use crate::wire::translate::rounds;
use crate::wire::{Kind, Message, Method, RpcError};

/// Rounds of one call at the most: a server that never has enough must not keep us.
const ROUNDS_MAX: u32 = 32;
/// Questions of one round at the most.
const QUESTIONS_MAX: usize = 16;
/// How long a person may take to answer.
const PATIENCE: Duration = Duration::from_mins(10);

/// Asks the client what the server wants to know, and returns the members with which the next round
/// begins. `number`: of the round that ended.
pub(super) async fn run(
    limits: CallLimits<'_>,
    answer: &Message,
    number: u32,
    outlet: &impl Outlet,
) -> Result<String, Failure> {
    if number > ROUNDS_MAX {
        return Err(refused(format!("the server asked for input {ROUNDS_MAX} times in one call")));
    }
    let round = rounds::read(answer).map_err(|error| {
        refused(format!("the server asks for input in a form that cannot be read: {error}"))
    })?;
    if round.questions.len() > QUESTIONS_MAX {
        let count = round.questions.len();
        return Err(refused(format!(
            "the server asks {count} questions at once; at most {QUESTIONS_MAX} are passed on"
        )));
    }
    let mut waiting = Vec::new();
    for question in round.questions {
        let key = question.id().unwrap_or_default().to_owned();
        let method = question.method().cloned();
        let (ask, answered) = Ask::of_call(question);
        outlet.ask(ask);
        waiting.push((key, method, answered));
    }
    let mut answers = Vec::new();
    for (key, method, answered) in waiting {
        let method = method.unwrap_or(Method::Other("".into()));
        answers.push((key, result(limits, &method, answered).await?));
    }
    Ok(rounds::next(&answers, round.state.as_deref()))
}

/// The client's result, as JSON.
async fn result(
    limits: CallLimits<'_>,
    method: &Method,
    answered: oneshot::Receiver<Message>,
) -> Result<String, Failure> {
    let answer = tokio::select! {
        answer = answered => answer.ok(),
        () = tokio::time::sleep(PATIENCE) => None,
        _ = limits.ended() => None,
    };
    let answer = answer.ok_or_else(|| refused(format!("the client did not answer {method}")))?;
    match answer.kind() {
        Kind::Result { result, .. } => Ok(answer.at(*result).to_owned()),
        // A client that cannot or will not show a form has cancelled it.
        _ if *method == Method::Elicit => Ok(r#"{"action":"cancel"}"#.to_owned()),
        Kind::Error { error, .. } => {
            Err(refused(format!("the client refused {method}: {}", answer.at(*error))))
        }
        Kind::Request { .. } | Kind::Notification { .. } => {
            Err(refused(format!("the client answered {method} with nonsense")))
        }
    }
}

fn refused(reason: String) -> Failure {
    Failure::Refused(RpcError::new(code::INTERNAL, reason))
}
