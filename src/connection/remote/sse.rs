//! HTTP with SSE (2024-11-05, "HTTP with SSE"): everything that the server says comes on one stream,
//! whose first event names the address to POST to.

use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use tokio::sync::oneshot;
use url::Url;

use super::failure::RequestFailure;
use super::redirect::unfollowed;
use super::server::Remote;
use super::stream::{self, StreamOver, Tail};
use crate::base::Tasks;
use crate::connection::state::Connection;
use crate::http::{Content, origin};
use crate::wire::error::code;
use crate::wire::{Message, RpcError};

/// How long the server may take to name the address.
const ENDPOINT_WITHIN: Duration = Duration::from_secs(10);

/// Opens the stream. From then on messages go where the server wants them, and the stream's end is
/// that of the connection.
pub(super) async fn open(
    connection: &Arc<Connection>,
    remote: &Remote,
    tasks: &Tasks,
) -> Result<(), RequestFailure> {
    let response = remote.listen(&Tail::default()).await?;
    let status = response.status();
    if !status.is_success() {
        let told = unfollowed(&remote.url, status, response.headers());
        let told = told.unwrap_or_else(|| format!("HTTP status {status} in answer to GET"));
        return Err(RequestFailure::refused(told));
    }
    let (tell, told) = oneshot::channel();
    let tail = Tail::of_sse(tell);
    let follow = follow(connection.clone(), Content::of(response)?, remote.max_message, tail);
    tasks.spawn_until_stopped("stream of a remote server", follow);
    let named = match tokio::time::timeout(ENDPOINT_WITHIN, told).await {
        Ok(Ok(Ok(named))) => named,
        Ok(Ok(Err(over))) => return Err(RequestFailure::lost(over.to_string())),
        Ok(Err(_)) => return Err(RequestFailure::lost("the connection is over")),
        Err(_) => {
            return Err(RequestFailure::lost(format!(
                "it named no endpoint within {ENDPOINT_WITHIN:?}"
            )));
        }
    };
    let endpoint = endpoint(&remote.url, &named)?;
    // There is one stream, and of its events only the first such one is told.
    _ = remote.endpoint.set(endpoint);
    Ok(())
}

async fn follow(connection: Arc<Connection>, content: Content, cap: usize, mut tail: Tail) {
    let read = stream::read(&connection, content, cap, None, &mut tail);
    let ended = tokio::select! {
        () = connection.over() => return,
        ended = read => ended,
    };
    let over = match ended {
        Ok(how) => StreamOver::Ended(how),
        Err(failure) => StreamOver::Failed(failure),
    };
    if let Err(over) = tail.tell(over) {
        connection.end(over.to_string());
    }
}

/// The address that the server named. What we send may be a secret of this server's and goes to no
/// other.
fn endpoint(url: &Uri, named: &str) -> Result<Uri, RequestFailure> {
    let wrong = || RequestFailure::refused("the endpoint it names is no address");
    let base = Url::parse(&url.to_string()).map_err(|_| wrong())?;
    let mut to = base.join(named).map_err(|_| wrong())?;
    to.set_fragment(None);
    let has_user = !to.username().is_empty() || to.password().is_some();
    let to: Uri = to.as_str().parse().map_err(|_| wrong())?;
    if origin(&to) == origin(url) && !has_user {
        return Ok(to);
    }
    let host = to.host().unwrap_or("elsewhere");
    Err(RequestFailure::refused(format!(
        "the endpoint it names is of another origin ({host}), to which nothing is sent"
    )))
}

/// The answer to `server/discover`: the transport is older than that method, and a server that does not
/// know it need not survive it.
pub(super) fn undiscovered(message: &Message) -> bytes::Bytes {
    let why = "HTTP with SSE is older than this method";
    RpcError::new(code::METHOD_NOT_FOUND, why.to_owned()).response(message.id())
}

#[cfg(test)]
mod tests;
