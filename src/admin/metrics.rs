//! What a collector of metrics reads.
//!
//! | endpoint | answer |
//! | --- | --- |
//! | GET `/metrics` | 200, every family of [`families`] that is counted, in the text format of Prometheus |

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;

use super::answer::gone;
use super::desk::{Desk, Question};
use super::http::admit;
use crate::api::{self, Load, Phase, ServerReport, Status, Traffic};
use crate::approvals::Approvals;
use crate::metrics::{Exposition, Family, HttpCounts, families};
use crate::telemetry::Recorder;

const PATH: &str = "/metrics";

/// What is told comes from these.
#[derive(Debug, Clone)]
pub struct Scraped {
    pub desk: Desk,
    pub recorder: Recorder,
    pub approvals: Approvals,
    pub http: Arc<HttpCounts>,
}

/// The endpoint, for who the gate lets in.
pub fn router(sources: Scraped) -> Router {
    let admitting = (sources.desk.clone(), sources.recorder.clone());
    Router::new()
        .route(PATH, get(metrics))
        .route_layer(middleware::from_fn_with_state(admitting, admit))
        .with_state(sources)
}

async fn metrics(State(sources): State<Scraped>) -> Response {
    let Scraped { desk, recorder, approvals, http } = sources;
    let status = match desk.ask(|answer| Question::Status { afresh: false, answer }).await {
        Ok(status) => status,
        Err(closed) => return gone(closed),
    };
    let mut text = Exposition::default();
    state(&mut text, &status);
    text.alone(&families::APPROVALS_PENDING, approvals.open().len());
    traffic(&mut text, &status.traffic);
    if let Some(counted) = recorder.counted() {
        if let Some(journal) = &status.journal {
            text.alone(&families::JOURNAL_SENT, journal.sent);
            text.alone(&families::JOURNAL_MISSING, journal.missing);
        }
        counted.tell(&mut text);
    }
    http.tell(&mut text);
    let mut response = Response::new(Body::from(text.into_text()));
    let value = HeaderValue::from_static(Exposition::MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}

/// How everything is.
fn state(text: &mut Exposition, status: &Status) {
    text.family(&families::BUILD_INFO).add(&[&status.version], 1);
    let mut each = |family: &'static Family, value: &dyn Fn(&ServerReport) -> usize| {
        let mut samples = text.family(family);
        for server in &status.servers {
            samples.add(&[server.name.as_str()], value(server));
        }
    };
    let is_up = |server: &ServerReport| matches!(server.phase, Phase::Ready | Phase::Asleep);
    each(&families::SERVER_UP, &|server| usize::from(is_up(server)));
    each(&families::INFLIGHT, &|server| sum(server, |load| load.in_flight));
    each(&families::QUEUE_DEPTH, &|server| sum(server, |load| load.waiting));
    each(&families::PINS_CHANGED, &|server| server.definitions.moved);
    text.alone(&families::TOOLS, status.tools);
    text.alone(&families::SESSIONS, status.sessions);
    text.alone(&families::CALLS_RUNNING, status.calls);
}

/// Of a server and its instances.
fn sum(server: &ServerReport, of: impl Fn(&Load) -> usize) -> usize {
    let instances = server.instances.iter().map(|instance| of(&instance.load));
    of(&server.load) + instances.sum::<usize>()
}

/// What was sent, and what that saved.
fn traffic(text: &mut Exposition, traffic: &Traffic) {
    let api::Traffic { saved_bytes, estimated_tokens_saved, .. } = *traffic;
    for (family, value) in [
        (&families::TOOL_CALLS, traffic.calls),
        (&families::META_TOOL_CALLS, traffic.meta_calls),
        (&families::CACHE_HITS, traffic.cache_hits),
        (&families::CACHE_JOINED, traffic.cache_joined),
        (&families::CACHE_MISSES, traffic.cache_misses),
        (&families::SENT_BYTES, traffic.sent_bytes),
        (&families::DIRECT_BYTES, traffic.direct_bytes),
        (&families::CACHE_ENTRIES, traffic.cache_entries),
        (&families::CACHE_BYTES, traffic.cache_bytes),
        (&families::STORED_RESULTS, traffic.stored_results),
        (&families::STORED_RESULT_BYTES, traffic.stored_bytes),
    ] {
        text.alone(family, value);
    }
    text.alone(&families::SAVED_BYTES, saved_bytes);
    text.alone(&families::ESTIMATED_TOKENS_SAVED, estimated_tokens_saved);
}
