//! Where the browser comes back to after a consent (RFC 8252, section 7.3).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::select_all;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use url::Url;

use super::error::CredentialError;
use crate::base::{Tasks, visible};

/// The path that the authorization server is told where the user has no other.
pub(super) const PATH: &str = "/callback";
/// How long a browser may take to say what it wants.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may last.
const WITHIN: Duration = Duration::from_mins(1);
/// Connections at a time: browsers open some in advance.
const CONNECTIONS_MAX: usize = 16;

/// What a person is shown at the end.
#[derive(Debug)]
pub(super) enum Page {
    Done,
    Failed(CredentialError),
    /// It is not what a login waits for.
    Unknown,
}

/// Somebody came back.
#[derive(Debug)]
pub(super) struct Visit {
    /// With what the authorization server says.
    pub(super) url: Url,
    pub(super) page: oneshot::Sender<Page>,
}

/// Passes on who comes. Ends only if nobody can come any more.
pub(super) async fn serve(
    (listeners, path): (&[TcpListener], &str),
    visits: &mpsc::Sender<Visit>,
    tasks: &Tasks,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let path: Arc<str> = path.into();
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let accepts = listeners.iter().map(|listener| Box::pin(listener.accept()));
        let Ok((stream, _)) = select_all(accepts).await.0 else { return };
        let (visits, path) = (visits.clone(), path.clone());
        tasks.spawn_until_stopped("browser", async move {
            let answer = service_fn(move |request| answer(request, path.clone(), visits.clone()));
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).keep_alive(false);
            let served = server.serve_connection(TokioIo::new(stream), answer);
            drop(tokio::time::timeout(WITHIN, served).await);
            drop(permit);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    path: Arc<str>,
    visits: mpsc::Sender<Visit>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let url = Url::parse(&format!("http://127.0.0.1{}", request.uri())).ok();
    let url = url.filter(|url| request.method() == Method::GET && url.path() == &*path);
    let Some(url) = url else { return Ok(page(StatusCode::NOT_FOUND, "There is nothing here.")) };
    let (sender, shown) = oneshot::channel();
    // An end of the login without a page is an end too.
    let shown = match visits.send(Visit { url, page: sender }).await {
        Ok(()) => shown.await.unwrap_or(Page::Unknown),
        Err(_) => Page::Unknown,
    };
    Ok(match shown {
        Page::Done => page(StatusCode::OK, "callmux is logged in. This page can be closed."),
        Page::Failed(why) => page(StatusCode::BAD_REQUEST, &format!("The login failed: {why}")),
        Page::Unknown => page(StatusCode::BAD_REQUEST, "No login waits for this."),
    })
}

fn page(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let text = visible::line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html = format!("<!doctype html><meta charset=utf-8><title>callmux</title><p>{text}</p>\n");
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
