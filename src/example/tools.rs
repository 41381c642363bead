//! A server that is nothing but a table of tools.

use std::pin::Pin;
use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

/// What one call gets.
pub(super) struct ToolInput {
    pub arguments: JsonObject,
    pub context: RequestContext<RoleServer>,
}

/// What one call gives: a value, or a sentence about what went wrong.
pub(super) type Output = Result<CallToolResult, ErrorData>;
type ToolFuture = Pin<Box<dyn Future<Output = Output> + Send>>;

/// One tool: its definition and its code.
pub(super) struct ExampleTool {
    definition: Tool,
    run: Box<dyn Fn(ToolInput) -> ToolFuture + Send + Sync>,
}

/// An entry of the table. `schema` is the JSON of the input schema's `properties`.
pub(super) fn tool<F, R>(
    name: &'static str,
    description: &'static str,
    properties: &Value,
    required: &[&str],
    run: F,
) -> ExampleTool
where
    F: Fn(ToolInput) -> R + Send + Sync + 'static,
    R: Future<Output = Output> + Send + 'static,
{
    let schema = serde_json::json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false
    });
    let Value::Object(schema) = schema else { unreachable!("the literal above is an object") };
    let definition = Tool::new(name, description, Arc::new(schema));
    ExampleTool { definition, run: Box::new(move |input| Box::pin(run(input))) }
}

/// A result that a model reads as text and a program as JSON.
#[expect(clippy::unnecessary_wraps, reason = "it is the last expression of a tool")]
pub(super) fn value(value: Value) -> Output {
    Ok(CallToolResult::structured(value))
}

/// A result that is plain text.
#[expect(clippy::unnecessary_wraps, reason = "it is the last expression of a tool")]
pub(super) fn text(text: impl Into<String>) -> Output {
    Ok(CallToolResult::success(vec![ContentBlock::text(text)]))
}

/// A result that says the tool failed.
#[expect(clippy::unnecessary_wraps, reason = "it is the last expression of a tool")]
pub(super) fn failure(text: impl Into<String>) -> Output {
    Ok(CallToolResult::error(vec![ContentBlock::text(text)]))
}

/// An argument that must be a string.
pub(super) fn string<'a>(arguments: &'a JsonObject, name: &str) -> Result<&'a str, ErrorData> {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| ErrorData::invalid_params(format!("`{name}` must be a string"), None))
}

/// The server.
pub(super) struct Tools {
    entries: Vec<ExampleTool>,
}

impl Tools {
    pub(super) fn new(entries: Vec<ExampleTool>) -> Self {
        Self { entries }
    }
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("callmux-example", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.entries.iter().map(|entry| entry.definition.clone()).collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let entry = self.entries.iter().find(|entry| entry.definition.name == request.name);
        let entry = entry.ok_or_else(|| {
            ErrorData::invalid_params(format!("unknown tool: {}", request.name), None)
        })?;
        let arguments = request.arguments.unwrap_or_default();
        (entry.run)(ToolInput { arguments, context }).await.map(Into::into)
    }
}
