//! A server as people write them: the official SDK, with one tool and with answers in JSON, the least
//! that it can do for a call over streamable HTTP.

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, ListToolsResult,
    PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, from_value, json};

#[derive(Clone)]
struct Usual;

fn tool() -> Value {
    json!({
        "name": "echo",
        "description": "Says what it is told.",
        "inputSchema": { "type": "object", "properties": { "text": { "type": "string" } } }
    })
}

impl ServerHandler for Usual {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    /// The revision that the load speaks: what is measured is the way, not the translation.
    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(&[ProtocolVersion::V_2025_11_25])
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = arguments.get("text").and_then(Value::as_str).unwrap_or_default();
        let result =
            json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }] });
        let result: CallToolResult = from_value(result).unwrap();
        Ok(result.into())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(from_value(json!({ "resultType": "complete", "tools": [tool()] })).unwrap())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        (name == "echo").then(|| from_value(tool()).unwrap())
    }
}

/// Listens on `address`.
pub fn run(address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true);
        let sessions = Arc::new(LocalSessionManager::default());
        let service = StreamableHttpService::new(|| Ok(Usual), sessions, config);
        let mcp = tower::service_fn(move |request: axum::http::Request<axum::body::Body>| {
            let service = service.clone();
            async move {
                let answer = service.handle(request).await;
                Ok::<_, std::convert::Infallible>(answer.map(axum::body::Body::new))
            }
        });
        let router = axum::Router::new().route_service("/mcp", mcp);
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let listener =
            axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await.unwrap();
    });
}
