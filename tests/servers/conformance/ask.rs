//! Asking the client something in the middle of a request: in the modern era with a result that
//! requires input, in the legacy era with requests of our own.

use std::collections::BTreeMap;

use rmcp::model::{ClientCapabilities, ProtocolVersion, ServerRequest};
use rmcp::model::{CustomRequest, ErrorCode, ErrorData, InputRequiredResult, InputResponses};
use rmcp::service::{RequestContext, RoleServer, ServiceError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What the client gave along with the request, in answer to an earlier round.
pub struct Given {
    pub responses: Option<InputResponses>,
    pub state: Option<String>,
}

/// A question under the key that its answer will have: key, method, params.
pub type Question = (&'static str, &'static str, Value);

/// What came of asking.
pub enum Asked {
    /// Every answer, under its question's key.
    Answers(BTreeMap<String, Value>),
    /// The client has to be told to come back.
    Required(InputRequiredResult),
}

/// `value` as a type of the protocol; our own mistake if it is none.
pub fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(|why| ErrorData::internal_error(why.to_string(), None))
}

/// Whether this request is of a revision without a handshake.
pub fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|it| it.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// The question whether the user fills in this form.
pub fn elicitation(key: &'static str, message: &str, schema: &Value) -> Question {
    (key, "elicitation/create", json!({ "message": message, "requestedSchema": schema }))
}

/// The question what a model says to this.
pub fn sampling(key: &'static str, text: &str, tokens: u32) -> Question {
    let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
    (key, "sampling/createMessage", json!({ "messages": [message], "maxTokens": tokens }))
}

/// The question where the client works.
pub fn roots(key: &'static str) -> Question {
    (key, "roots/list", json!({}))
}

/// A form of one required field.
pub fn form(field: &str, of: &str) -> Value {
    json!({ "type": "object", "properties": { field: { "type": of } }, "required": [field] })
}

/// Which capability of the client a method needs.
fn needs(method: &str) -> &'static str {
    match method {
        "elicitation/create" => "elicitation",
        "sampling/createMessage" => "sampling",
        _ => "roots",
    }
}

/// Whether the client says that it can do this.
pub fn can(context: &RequestContext<RoleServer>, capability: &str) -> bool {
    let declared = context.client_capabilities().and_then(|it| serde_json::to_value(it).ok());
    declared.is_some_and(|it| it.get(capability).is_some())
}

/// The error for a client that lacks `capability`.
fn lacks(capability: &str) -> ErrorData {
    match serde_json::from_value::<ClientCapabilities>(json!({ capability: {} })) {
        Ok(required) => ErrorData::missing_required_client_capability(required),
        Err(why) => ErrorData::internal_error(why.to_string(), None),
    }
}

/// Whether an answer has the shape that the question's method promises.
fn fits(method: &str, answer: &Value) -> bool {
    match method {
        "elicitation/create" => answer["action"].is_string(),
        "sampling/createMessage" => answer["role"].is_string() && !answer["content"].is_null(),
        _ => answer["roots"].is_array(),
    }
}

/// Asks `questions`, in the modern era all at once. `state` is what a modern client has to bring back.
///
/// # Errors
/// When the client lacks a capability, or refuses: then its own error.
pub async fn ask(
    context: &RequestContext<RoleServer>,
    given: &Given,
    questions: Vec<Question>,
    state: Option<String>,
) -> Result<Asked, ErrorData> {
    if let Some((_, method, _)) = questions.iter().find(|(_, it, _)| !can(context, needs(it))) {
        return Err(lacks(needs(method)));
    }
    if is_modern(context) {
        let given = given.responses.as_ref();
        let answers = questions.iter().filter_map(|(key, method, _)| {
            let answer = given?.get(*key).filter(|answer| fits(method, answer))?;
            Some(((*key).to_owned(), answer.clone()))
        });
        let answers: BTreeMap<_, _> = answers.collect();
        if answers.len() == questions.len() {
            return Ok(Asked::Answers(answers));
        }
        let one = |(key, method, params): Question| (key.to_owned(), request(method, &params));
        let requests: serde_json::Map<_, _> = questions.into_iter().map(one).collect();
        let requests = typed(Value::Object(requests))?;
        return Ok(Asked::Required(InputRequiredResult::new(Some(requests), state)));
    }
    // One at a time: over stdio nobody can tell whose call a second question would belong to, once the
    // client has taken the first and gone on to another call.
    let mut answers = BTreeMap::new();
    for (key, method, params) in questions {
        // As it is, not as a model of it: nothing of a form may get lost.
        let request = ServerRequest::CustomRequest(CustomRequest::new(method, Some(params)));
        let options = rmcp::service::PeerRequestOptions::no_options();
        let sent = context.peer.send_request_with_option(request, options).await;
        let answer = sent.map_err(refused)?.await_response().await.map_err(refused)?;
        answers.insert(key.to_owned(), typed(json!(answer))?);
    }
    Ok(Asked::Answers(answers))
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "method": method, "params": params })
}

/// What a client answers to our request is for whoever made theirs.
fn refused(why: ServiceError) -> ErrorData {
    match why {
        ServiceError::McpError(error) => error,
        other => ErrorData::new(ErrorCode::INTERNAL_ERROR, other.to_string(), None),
    }
}
