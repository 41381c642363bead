//! HTTP connections to one server: each is driven by the request that has it, and kept for the next.
//!
//! A connection has no task of its own, so that an answer wakes nobody but who waits for it. An idle
//! one is looked at when it is taken, and given up after a while.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long an idle connection is kept. Usual servers close theirs after 5 s; a request that meets
/// such a close would be lost without anybody knowing whether it arrived.
const IDLE_FOR: Duration = Duration::from_secs(4);

/// The body of a request, which is there as a whole.
pub type RequestBody = Full<Bytes>;

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// An HTTP/1.1 connection, which moves only while it is driven.
pub struct HttpConnection {
    sender: SendRequest<RequestBody>,
    /// What reads and writes; `None` once that ended.
    driver: Option<Driver>,
}

impl HttpConnection {
    /// Begins to speak HTTP on `io`.
    pub async fn open<T>(io: T) -> hyper::Result<Self>
    where
        T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    {
        let (sender, driver) = http1::handshake(io).await?;
        Ok(Self { sender, driver: Some(Box::pin(driver)) })
    }

    /// Reads and writes what can be.
    fn drive(&mut self, cx: &mut Context<'_>) {
        // How it ended is told to who waits for the response.
        if self.driver.as_mut().is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
            self.driver = None;
        }
    }

    /// Whether it can take a request.
    fn is_free(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends the one request that this connection is for.
    pub async fn send(
        mut self,
        request: Request<RequestBody>,
    ) -> hyper::Result<Response<ResponseBody>> {
        let response = self.try_send(request).await.map_err(TrySendError::into_error)?;
        Ok(response
            .map(|body| ResponseBody { incoming: Some(body), connection: Some((self, None)) }))
    }

    async fn try_send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        let mut response = std::pin::pin!(self.sender.try_send_request(request));
        std::future::poll_fn(|cx| {
            self.drive(cx);
            response.as_mut().poll(cx)
        })
        .await
    }
}

/// The idle connections to one server, the one that was used last at the end: never more than were in use
/// at once.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<(HttpConnection, Instant)>>,
    filled: Notify,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Vec<(HttpConnection, Instant)>> {
        self.idle.lock().expect("no panic happens under this lock")
    }

    /// A connection that can take a request.
    fn take(&self) -> Option<HttpConnection> {
        loop {
            let (mut connection, since) = self.idle().pop()?;
            if since.elapsed() < IDLE_FOR && connection.is_free() {
                return Some(connection);
            }
        }
    }

    fn put(&self, connection: HttpConnection) {
        let mut idle = self.idle();
        idle.push((connection, Instant::now()));
        if idle.len() == 1 {
            self.filled.notify_one();
        }
    }

    /// Sends a request on an idle connection. `Ok(Err(request))`: there is none that can take it.
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Request<RequestBody>,
    ) -> hyper::Result<Result<Response<ResponseBody>, Request<RequestBody>>> {
        while let Some(connection) = self.take() {
            match self.send_on(connection, request).await {
                Ok(response) => return Ok(Ok(response)),
                // The server closed it before anything was written.
                Err(mut error) => match error.take_message() {
                    Some(message) => request = message,
                    None => return Err(error.into_error()),
                },
            }
        }
        Ok(Err(request))
    }

    /// Sends a request on this connection, which is kept for others after the response.
    pub(super) async fn send_on(
        self: &Arc<Self>,
        mut connection: HttpConnection,
        request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, TrySendError<Request<RequestBody>>> {
        let response = connection.try_send(request).await?;
        let connection = Some((connection, Some(self.clone())));
        Ok(response.map(|body| ResponseBody { incoming: Some(body), connection }))
    }

    /// Gives up connections that were idle for long; never ends.
    pub(super) async fn expire(&self) {
        loop {
            self.filled.notified().await;
            loop {
                tokio::time::sleep(IDLE_FOR).await;
                let mut idle = self.idle();
                idle.retain(|(_, since)| since.elapsed() < IDLE_FOR);
                if idle.is_empty() {
                    break;
                }
            }
        }
    }
}

/// The body of a response. Reading it drives its connection, which is for others again once nothing of
/// the response is left.
pub struct ResponseBody {
    /// Dropped before the connection is used again.
    incoming: Option<Incoming>,
    connection: Option<(HttpConnection, Option<Arc<Pool>>)>,
}

impl ResponseBody {
    fn release(&mut self) {
        // What is left of a short body is read over; else this closes the connection.
        self.incoming = None;
        if let Some((mut connection, Some(pool))) = self.connection.take()
            && connection.is_free()
        {
            pool.put(connection);
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.release();
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some((connection, _)) = &mut self.connection {
            connection.drive(cx);
        }
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = Pin::new(incoming).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) {
            self.release();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{HttpConnection, Pool, RequestBody, ResponseBody};
    use http_body_util::BodyExt;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const SHORT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    const ENDLESS: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n";

    fn request() -> Request<RequestBody> {
        Request::builder().uri("/").header("host", "h").body(RequestBody::default()).unwrap()
    }

    /// Reads one request, of which there is only a head, and answers it; `None` if there is none any more.
    async fn answer(server: &mut DuplexStream, with: &str) -> Option<()> {
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            read.push(server.read_u8().await.ok()?);
        }
        server.write_all(with.as_bytes()).await.ok()
    }

    async fn connect() -> (HttpConnection, DuplexStream) {
        let (client, server) = duplex(4096);
        (HttpConnection::open(TokioIo::new(client)).await.unwrap(), server)
    }

    /// Sends a request on a new connection, which is answered so.
    async fn begin(pool: &Arc<Pool>, with: &str) -> (Response<ResponseBody>, DuplexStream) {
        let (connection, mut server) = connect().await;
        let (response, answered) =
            tokio::join!(pool.send_on(connection, request()), answer(&mut server, with));
        answered.unwrap();
        (response.ok().unwrap(), server)
    }

    async fn read(response: Response<ResponseBody>) {
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hi");
    }

    #[tokio::test]
    async fn a_connection_is_used_again_once_its_response_is_read() {
        let pool = Arc::<Pool>::default();
        let (first, mut server) = begin(&pool, SHORT).await;
        assert!(pool.send(request()).await.unwrap().is_err(), "it is in use");
        read(first).await;
        let again = pool.clone();
        let (again, answered) = tokio::join!(again.send(request()), answer(&mut server, SHORT));
        answered.unwrap();
        // What is left of so short a body costs less than a new connection.
        drop(again.unwrap().unwrap());
        assert_eq!(pool.idle().len(), 1);
    }

    #[tokio::test]
    async fn a_response_that_is_left_ends_its_connection() {
        let pool = Arc::<Pool>::default();
        let (response, mut server) = begin(&pool, ENDLESS).await;
        drop(response);
        assert!(pool.idle().is_empty());
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_passed_over() {
        let pool = Arc::<Pool>::default();
        let (first, kept) = begin(&pool, SHORT).await;
        let (second, closed) = begin(&pool, SHORT).await;
        read(first).await;
        read(second).await;
        drop(closed);
        assert_eq!(pool.idle().len(), 2);
        let mut kept = kept;
        let (sent, answered) = tokio::join!(pool.send(request()), answer(&mut kept, SHORT));
        answered.unwrap();
        read(sent.unwrap().unwrap()).await;
        drop(kept);
        assert!(pool.send(request()).await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_idle_for_long_is_given_up() {
        let pool = Arc::<Pool>::default();
        let (response, mut server) = begin(&pool, SHORT).await;
        let expiring = pool.clone();
        let seen = async {
            read(response).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(pool.idle().len(), 1);
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
            assert!(pool.idle().is_empty());
        };
        tokio::select! {
            () = expiring.expire() => unreachable!(),
            () = seen => {}
        }
    }
}
