//! The prompts and resources that the suite asks for.

use rmcp::model::{ErrorData, GetPromptRequestParams, GetPromptResponse, ReadResourceResult};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

use crate::ask::{Asked, Given, ask, elicitation, form, typed};

/// One red pixel.
pub const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// No sound at all: the head of a WAV file.
pub const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

const TEXT: &str = "text/plain";

pub fn resources() -> Value {
    let resource = |uri: &str, name: &str, description: &str, mime: &str| json!({ "uri": uri, "name": name, "description": description, "mimeType": mime });
    json!([
        resource("test://static-text", "Static text", "A text that never changes", TEXT),
        resource("test://static-binary", "Static image", "One red pixel", "image/png"),
        resource("test://watched-resource", "Watched", "To subscribe to", TEXT),
        resource("test://example-resource", "Example", "For prompts to embed", TEXT),
    ])
}

pub fn templates() -> Value {
    json!([{
        "uriTemplate": "test://template/{id}/data",
        "name": "Data by id",
        "description": "Says which id it was asked for",
        "mimeType": "application/json",
    }])
}

/// The content of a resource.
///
/// # Errors
/// That there is none of this URI.
pub fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let text = |text: &str| json!({ "uri": uri, "mimeType": TEXT, "text": text });
    let contents = match uri {
        "test://static-text" => text("This is the content of the static text resource."),
        "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
        "test://watched-resource" => text("Watched resource content"),
        "test://example-resource" => text("Embedded resource content for testing."),
        other => {
            let id = other.strip_prefix("test://template/").and_then(|it| it.strip_suffix("/data"));
            let Some(id) = id.filter(|id| !id.is_empty() && !id.contains('/')) else {
                let data = Some(json!({ "uri": uri }));
                return Err(ErrorData::resource_not_found("Resource not found", data));
            };
            let data = json!({
                "id": id, "templateTest": true, "data": format!("Data for ID: {id}"),
            });
            json!({ "uri": uri, "mimeType": "application/json", "text": data.to_string() })
        }
    };
    typed(json!({ "resultType": "complete", "contents": [contents] }))
}

pub fn prompts(more: bool) -> Value {
    let argument = |name: &str| json!({ "name": name, "description": name, "required": true });
    let prompt = |name: &str, description: &str, arguments: &[&str]| {
        let arguments: Vec<_> = arguments.iter().map(|name| argument(name)).collect();
        json!({ "name": name, "description": description, "arguments": arguments })
    };
    let mut prompts = vec![
        prompt("test_simple_prompt", "One message", &[]),
        prompt("test_prompt_with_arguments", "Repeats its arguments", &["arg1", "arg2"]),
        prompt("test_prompt_with_embedded_resource", "Embeds a resource", &["resourceUri"]),
        prompt("test_prompt_with_image", "Shows an image", &[]),
        prompt("test_input_required_result_prompt", "Asks before it answers", &[]),
    ];
    if more {
        prompts.push(prompt("test_changed_prompt", "Comes and goes", &[]));
    }
    Value::Array(prompts)
}

/// The messages of a prompt.
///
/// # Errors
/// That there is no such prompt, or that an argument is missing.
pub async fn prompt(
    request: GetPromptRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<GetPromptResponse, ErrorData> {
    let text = |text: &str| json!({ "type": "text", "text": text });
    let arguments = request.arguments.unwrap_or_default();
    let argument = |name: &str| {
        let missing = || ErrorData::invalid_params(format!("the argument {name} is missing"), None);
        arguments.get(name).and_then(Value::as_str).ok_or_else(missing)
    };
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (one, two) = (argument("arg1")?, argument("arg2")?);
            vec![text(&format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))]
        }
        "test_prompt_with_embedded_resource" => {
            let words = "Embedded resource content for testing.";
            let uri = argument("resourceUri")?;
            let resource = json!({ "uri": uri, "mimeType": TEXT, "text": words });
            let resource = json!({ "type": "resource", "resource": resource });
            vec![resource, text("Please process the embedded resource above.")]
        }
        "test_prompt_with_image" => {
            let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
            vec![image, text("Please analyze the image above.")]
        }
        "test_input_required_result_prompt" => {
            let given = Given { responses: request.input_responses, state: request.request_state };
            let message = "What context should the prompt use?";
            let question = elicitation("user_context", message, &form("context", "string"));
            let answers = match ask(context, &given, vec![question], None).await? {
                Asked::Required(result) => return Ok(result.into()),
                Asked::Answers(answers) => answers,
            };
            vec![text(&format!("Context: {}", answers["user_context"]["content"]["context"]))]
        }
        "test_changed_prompt" => vec![text("Here for now.")],
        name => {
            return Err(ErrorData::invalid_params(format!("there is no prompt {name}"), None));
        }
    };
    let message = |content| json!({ "role": "user", "content": content });
    let messages: Vec<_> = contents.into_iter().map(message).collect();
    typed(json!({ "resultType": "complete", "messages": messages }))
        .map(GetPromptResponse::Complete)
}
