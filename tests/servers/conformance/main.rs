//! The server that the official conformance suite expects to find, in both eras, on stdio or over
//! streamable HTTP. With `--legacy` it speaks only the revisions with a handshake, with `--modern`
//! only those without.
//!
//! `conformance-server [--legacy | --modern] [--http PORT]`; with `--http` it serves
//! `http://127.0.0.1:PORT/mcp` and prints that URL as one line once it listens; port 0 takes a free
//! one.

#![expect(clippy::disallowed_methods, reason = "its tasks end with the process")]
#![expect(clippy::print_stdout, reason = "its address is what it has to say")]
#![expect(deprecated, reason = "what the spec deprecates is served until it is removed")]

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use rmcp::model::{ClientNotification, ClientRequest, ErrorCode, ErrorData, ProtocolVersion};
use rmcp::model::{ServerConfig, ServerResult};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, Service, ServiceExt};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

mod ask;
mod content;
mod fixture;
mod tools;

use fixture::{Fixture, Shared};

/// What it lets its clients speak.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Eras {
    Both,
    Legacy,
    Modern,
}

/// The fixture on stdio. Left to itself it answers a probe for a revision it lacks as only a modern
/// server would. Nothing else is hidden from it: keys of the modern era in a request of a legacy
/// session are the client's mistake, and it says so.
struct Speaking {
    fixture: Fixture,
    eras: Eras,
}

impl Service<RoleServer> for Speaking {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        if self.eras == Eras::Legacy && matches!(request, ClientRequest::DiscoverRequest(_)) {
            let method = "server/discover".to_owned();
            return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None));
        }
        Service::handle_request(&self.fixture, request, context).await
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Service::handle_notification(&self.fixture, notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        Service::get_info(&self.fixture)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Service::supported_protocol_versions(&self.fixture)
    }
}

/// A legacy HTTP server knows the revisions by their header and refuses the others in its own
/// way, which is no JSON-RPC error of the modern era.
async fn refuse_modern(headers: HeaderMap, request: Request, next: Next) -> Response {
    let modern = ProtocolVersion::V_2026_07_28;
    if headers.get("mcp-protocol-version").is_some_and(|version| version == modern.as_str()) {
        let body = r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: Unsupported protocol version"},"id":null}"#;
        let json = [(header::CONTENT_TYPE, "application/json")];
        return (StatusCode::BAD_REQUEST, json, body).into_response();
    }
    next.run(request).await
}

/// An origin with another host than ours is no business of a local server. The requests that
/// name none come from programs.
fn config(eras: Eras) -> StreamableHttpServerConfig {
    let origins = ["http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*"];
    StreamableHttpServerConfig::default()
        .with_allowed_origins(origins)
        .with_legacy_session_mode(eras != Eras::Modern)
}

async fn serve_http(shared: Arc<Shared>, eras: Eras, port: u16) -> Result<(), Box<dyn Error>> {
    let service = StreamableHttpService::new(
        move || Ok(Fixture::new(shared.clone())),
        Arc::new(LocalSessionManager::default()),
        config(eras),
    );
    let mcp = tower::service_fn(move |request: axum::http::Request<Body>| {
        let service = service.clone();
        async move {
            let answer = service.handle(request).await;
            Ok::<_, std::convert::Infallible>(answer.map(Body::new))
        }
    });
    let mut router = axum::Router::new().route_service("/mcp", mcp);
    if eras == Eras::Legacy {
        router = router.layer(middleware::from_fn(refuse_modern));
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/mcp", listener.local_addr()?);
    // Without it every event waits for the client's acknowledgement.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut eras, mut port) = (Eras::Both, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--legacy" => eras = Eras::Legacy,
            "--modern" => eras = Eras::Modern,
            "--http" => port = Some(words.next().ok_or("--http needs a port")?.parse()?),
            other => return Err(format!("no such option: {other}").into()),
        }
    }
    let shared = Arc::new(Shared::new(eras));
    if let Some(port) = port {
        return serve_http(shared, eras, port).await;
    }
    let speaking = Speaking { fixture: Fixture::new(shared), eras };
    speaking.serve(rmcp::transport::stdio()).await?.waiting().await?;
    Ok(())
}
