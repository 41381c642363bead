//! The tools that the suite asks for.

use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, InputRequiredResult, JsonObject,
    LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

use crate::ask::{Asked, Given, ask, can, elicitation, form, is_modern, roots, sampling, typed};
use crate::content::{PNG, WAV};
use crate::fixture::{Change, Shared};

/// Between two notifications, so that a client can tell them apart from the result.
const PAUSE: Duration = Duration::from_millis(50);

/// The content of a result, or that input is required first.
type Outcome = Result<Result<Vec<Value>, InputRequiredResult>, ErrorData>;

/// A call that is running.
struct Call<'a> {
    shared: &'a Shared,
    context: &'a RequestContext<RoleServer>,
    name: &'a str,
    arguments: JsonObject,
    given: Given,
}

fn text(text: impl Into<String>) -> Value {
    json!({ "type": "text", "text": text.into() })
}

/// Without any tool being more than its name, its description and the arguments it takes.
pub fn list(shared: &Shared) -> Value {
    let plain = |name: &str, description: &str| {
        let schema = json!({ "type": "object", "properties": {} });
        json!({ "name": name, "description": description, "inputSchema": schema })
    };
    let taking = |name: &str, description: &str, argument: &str| json!({ "name": name, "description": description, "inputSchema": form(argument, "string") });
    let mut tools = vec![
        plain("test_simple_text", "Answers a text"),
        plain("test_image_content", "Answers an image"),
        plain("test_audio_content", "Answers a sound"),
        plain("test_embedded_resource", "Answers a resource"),
        plain("test_multiple_content_types", "Answers a text, an image and a resource"),
        plain("test_tool_with_logging", "Logs three messages"),
        plain("test_logging_tool", "Logs three messages"),
        plain("test_tool_with_progress", "Says three times how far it is"),
        plain("test_error_handling", "Always fails"),
        plain("test_reconnection", "Answers a text after a while"),
        taking("test_sampling", "Asks the client's model", "prompt"),
        taking("test_elicitation", "Asks the user", "message"),
        plain("test_elicitation_sep1034_defaults", "A form with defaults"),
        plain("test_elicitation_sep1330_enums", "A form with every kind of choice"),
        plain("test_missing_capability", "Needs a client with sampling"),
        plain("test_streaming_elicitation", "Asks the user while it reports its progress"),
        plain("test_trigger_tool_change", "Adds a tool or takes it away"),
        plain("test_trigger_prompt_change", "Adds a prompt or takes it away"),
        plain("test_input_required_result_elicitation", "Asks the user's name"),
        plain("test_input_required_result_sampling", "Asks the client's model"),
        plain("test_input_required_result_list_roots", "Asks where the client works"),
        plain("test_input_required_result_request_state", "Asks with a state"),
        plain("test_input_required_result_multiple_inputs", "Asks three things at once"),
        plain("test_input_required_result_multi_round", "Asks twice"),
        plain("test_input_required_result_tampered_state", "Asks with a state"),
        plain("test_input_required_result_capabilities", "Asks what the client can answer"),
        json!({
            "name": "test_custom_header",
            "description": "Has an argument that is mirrored in a header",
            "inputSchema": {
                "type": "object",
                "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
                "required": ["region"],
            },
        }),
        schema_2020_12(),
    ];
    if shared.more_tools() {
        tools.push(plain("test_changed_tool", "Comes and goes"));
    }
    Value::Array(tools)
}

/// A schema whose keywords only a raw copy keeps.
fn schema_2020_12() -> Value {
    let string = json!({ "type": "string" });
    json!({
        "name": "json_schema_2020_12_tool",
        "description": "Tool with JSON Schema 2020-12 features",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": string, "city": string },
            } },
            "properties": {
                "name": string,
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": string,
                "email": string,
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": {
                "properties": { "contactMethod": { "const": "phone" } },
                "required": ["contactMethod"],
            },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        },
    })
}

/// Runs a tool.
pub async fn call(
    shared: &Shared,
    request: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let name: &str = &request.name;
    if name == "test_error_handling" {
        let content = [text("This tool intentionally returns an error for testing")];
        let result = json!({ "resultType": "complete", "content": content, "isError": true });
        return typed(result).map(CallToolResponse::Complete);
    }
    let given = Given { responses: request.input_responses, state: request.request_state };
    let arguments = request.arguments.unwrap_or_default();
    let call = Call { shared, context, name, arguments, given };
    let outcome = match name {
        "test_simple_text" => Ok(Ok(vec![text("This is a simple text response for testing.")])),
        "test_sampling" | "test_elicitation" | "test_missing_capability" => call.asks().await,
        _ if name.starts_with("test_elicitation_sep") => call.forms().await,
        _ if name.starts_with("test_input_required_result_") => call.rounds().await,
        _ => call.answers().await,
    };
    match outcome? {
        Err(required) => Ok(required.into()),
        Ok(content) => typed(json!({ "resultType": "complete", "content": content }))
            .map(CallToolResponse::Complete),
    }
}

impl Call<'_> {
    fn argument(&self, name: &str) -> Result<&str, ErrorData> {
        let missing = || ErrorData::invalid_params(format!("the argument {name} is missing"), None);
        self.arguments.get(name).and_then(Value::as_str).ok_or_else(missing)
    }

    async fn log(&self, message: &str) {
        // A modern client gets none unless it says from which level on.
        if is_modern(self.context) {
            let least = self.context.meta.log_level();
            if !matches!(least, Some(LoggingLevel::Debug | LoggingLevel::Info)) {
                return;
            }
        }
        let message = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(message));
        // Who has left does not miss it.
        drop(self.context.peer.notify_logging_message(message).await);
    }

    async fn progress(&self, done: f64) {
        let Some(token) = self.context.meta.get_progress_token() else { return };
        let progress = ProgressNotificationParam::new(token, done).with_total(100.0);
        drop(self.context.peer.notify_progress(progress).await);
    }

    async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }

    /// The tools that need nothing from the client.
    async fn answers(&self) -> Outcome {
        let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
        let resource = |uri: &str, mime: &str, text: &str| {
            let resource = json!({ "uri": uri, "mimeType": mime, "text": text });
            json!({ "type": "resource", "resource": resource })
        };
        let content = match self.name {
            "test_image_content" => vec![image],
            "test_audio_content" => {
                vec![json!({ "type": "audio", "data": WAV, "mimeType": "audio/wav" })]
            }
            "test_embedded_resource" => {
                let words = "This is an embedded resource content.";
                vec![resource("test://embedded-resource", "text/plain", words)]
            }
            "test_multiple_content_types" => {
                let json = r#"{"test":"data","value":123}"#;
                let resource = resource("test://mixed-content-resource", "application/json", json);
                vec![text("Multiple content types test:"), image, resource]
            }
            "test_tool_with_logging" | "test_logging_tool" => {
                self.log("Tool execution started").await;
                self.pause().await;
                self.log("Tool processing data").await;
                self.pause().await;
                self.log("Tool execution completed").await;
                vec![text("Logged three messages")]
            }
            "test_tool_with_progress" => {
                self.progress(0.0).await;
                self.pause().await;
                self.progress(50.0).await;
                self.pause().await;
                self.progress(100.0).await;
                vec![text("Reported three times")]
            }
            "test_reconnection" => {
                self.pause().await;
                vec![text("Reconnection test completed")]
            }
            "test_streaming_elicitation" => {
                self.progress(0.0).await;
                return self.name_of_the_user().await;
            }
            "test_trigger_tool_change" => {
                self.shared.change(Change::Tools);
                vec![text("The tools have changed")]
            }
            "test_trigger_prompt_change" => {
                self.shared.change(Change::Prompts);
                vec![text("The prompts have changed")]
            }
            "test_custom_header" => vec![text(self.argument("region")?)],
            "json_schema_2020_12_tool" => vec![text(json!(self.arguments).to_string())],
            "test_changed_tool" => vec![text("Here for now")],
            name => {
                return Err(ErrorData::invalid_params(format!("there is no tool {name}"), None));
            }
        };
        Ok(Ok(content))
    }

    /// The tools that ask one thing, in words that the client gives.
    async fn asks(&self) -> Outcome {
        let question = match self.name {
            "test_sampling" => sampling("answer", self.argument("prompt")?, 100),
            "test_elicitation" => {
                let field =
                    |description: &str| json!({ "type": "string", "description": description });
                let schema = json!({
                    "type": "object",
                    "properties": {
                        "username": field("User's response"),
                        "email": field("User's email address"),
                    },
                    "required": ["username", "email"],
                });
                elicitation("answer", self.argument("message")?, &schema)
            }
            _ => sampling("answer", "Can you answer this?", 10),
        };
        let answers = match ask(self.context, &self.given, vec![question], None).await? {
            Asked::Required(required) => return Ok(Err(required)),
            Asked::Answers(answers) => answers,
        };
        let answer = &answers["answer"];
        Ok(Ok(vec![match answer["content"]["text"].as_str() {
            Some(words) => text(format!("LLM response: {words}")),
            None => text(format!("User response: {answer}")),
        }]))
    }

    /// The tools whose form is what matters.
    async fn forms(&self) -> Outcome {
        let properties = if self.name.ends_with("defaults") {
            json!({
                "name": { "type": "string", "default": "John Doe" },
                "age": { "type": "integer", "default": 30 },
                "score": { "type": "number", "default": 95.5 },
                "status": {
                    "type": "string",
                    "enum": ["active", "inactive", "pending"],
                    "default": "active",
                },
                "verified": { "type": "boolean", "default": true },
            })
        } else {
            let options = json!(["option1", "option2", "option3"]);
            let titled = |what: &str| {
                let one =
                    |(value, rank)| json!({ "const": value, "title": format!("{rank} {what}") });
                let all = [("value1", "First"), ("value2", "Second"), ("value3", "Third")];
                all.map(one)
            };
            json!({
                "untitledSingle": { "type": "string", "enum": options },
                "titledSingle": { "type": "string", "oneOf": titled("Option") },
                "legacyEnum": {
                    "type": "string",
                    "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"],
                },
                "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
                "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } },
            })
        };
        let schema = json!({ "type": "object", "properties": properties, "required": [] });
        let question = elicitation("form", "Please fill in the form", &schema);
        let answers = match ask(self.context, &self.given, vec![question], None).await? {
            Asked::Required(required) => return Ok(Err(required)),
            Asked::Answers(answers) => answers,
        };
        let (action, content) = (&answers["form"]["action"], &answers["form"]["content"]);
        let action = action.as_str().unwrap_or_default();
        Ok(Ok(vec![text(format!("Elicitation completed: action={action}, content={content}"))]))
    }

    /// The tools that are about the rounds themselves.
    async fn rounds(&self) -> Outcome {
        let round = self.name.trim_start_matches("test_input_required_result_");
        let (questions, has_state) = match round {
            "elicitation" => return self.name_of_the_user().await,
            "multi_round" => return self.two_rounds().await,
            "capabilities" => return self.what_it_can().await,
            "sampling" => {
                let words = "What is the capital of France?";
                (vec![sampling("capital_question", words, 100)], false)
            }
            "list_roots" => (vec![roots("client_roots")], false),
            "request_state" | "tampered_state" => {
                let form = form("ok", "boolean");
                (vec![elicitation("confirm", "Please confirm", &form)], true)
            }
            "multiple_inputs" => {
                let name = elicitation("user_name", "What is your name?", &form("name", "string"));
                let greeting = sampling("greeting", "Generate a greeting", 50);
                (vec![name, greeting, roots("client_roots")], true)
            }
            name => {
                return Err(ErrorData::invalid_params(format!("there is no tool {name}"), None));
            }
        };
        // Answers without the state that belongs to them are answers to nothing.
        let came_back = self.shared.open(self.name, &self.given)?.is_some();
        let none = Given { responses: None, state: None };
        let given = if has_state && !came_back { &none } else { &self.given };
        let state = has_state.then(|| self.shared.seal(self.name, round));
        Ok(match ask(self.context, given, questions, state).await? {
            Asked::Required(required) => Err(required),
            Asked::Answers(answers) if has_state => {
                Ok(vec![text(format!("state-ok: {}", json!(answers)))])
            }
            Asked::Answers(answers) => Ok(vec![text(json!(answers).to_string())]),
        })
    }

    async fn name_of_the_user(&self) -> Outcome {
        let form = form("name", "string");
        let question = elicitation("user_name", "What is your name?", &form);
        Ok(match ask(self.context, &self.given, vec![question], None).await? {
            Asked::Required(required) => Err(required),
            Asked::Answers(answers) => {
                let name = answers["user_name"]["content"]["name"].as_str();
                Ok(vec![text(format!("Hello, {}!", name.unwrap_or("stranger")))])
            }
        })
    }

    /// The state is the name, once it is known.
    async fn two_rounds(&self) -> Outcome {
        let known = self.shared.open(self.name, &self.given)?.unwrap_or_default();
        let name = if known.is_empty() {
            let message = "Step 1: What is your name?";
            let question = elicitation("step1", message, &form("name", "string"));
            let state = Some(self.shared.seal(self.name, ""));
            match ask(self.context, &self.given, vec![question], state).await? {
                Asked::Required(required) => return Ok(Err(required)),
                Asked::Answers(answers) => answers["step1"]["content"]["name"].to_string(),
            }
        } else {
            known
        };
        let message = "Step 2: What is your favorite color?";
        let question = elicitation("step2", message, &form("color", "string"));
        let state = Some(self.shared.seal(self.name, &name));
        Ok(match ask(self.context, &self.given, vec![question], state).await? {
            Asked::Required(required) => Err(required),
            Asked::Answers(answers) => {
                Ok(vec![text(format!("{name} likes {}", answers["step2"]["content"]["color"]))])
            }
        })
    }

    /// Asks only what the client says it can answer. In the legacy era it said so for all its
    /// calls, so one refusal is no reason to give up.
    async fn what_it_can(&self) -> Outcome {
        let name = elicitation("user_name", "What is your name?", &form("name", "string"));
        let all = [("elicitation", name), ("sampling", sampling("greeting", "Greet", 50))];
        let able = all.into_iter().filter(|(capability, _)| can(self.context, capability));
        let able: Vec<_> = able.map(|(_, question)| question).collect();
        if is_modern(self.context) {
            return Ok(match ask(self.context, &self.given, able, None).await? {
                Asked::Required(required) => Err(required),
                Asked::Answers(answers) => Ok(vec![text(json!(answers).to_string())]),
            });
        }
        let mut answers = Vec::new();
        for question in able {
            if let Ok(Asked::Answers(more)) =
                ask(self.context, &self.given, vec![question], None).await
            {
                answers.push(text(json!(more).to_string()));
            }
        }
        Ok(Ok(answers))
    }
}
