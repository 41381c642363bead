//! The bodies we send.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::Response;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::event_streams::stream::Reader;
use crate::metrics::CountedRequest;
use crate::peers::connections::Running;

/// A response's body.
#[derive(Debug)]
pub enum Body {
    /// Pieces that are all there; sent with their total length and without copying them.
    Parts { parts: VecDeque<Bytes>, length: u64 },
    /// A stream of events.
    Events(Reader),
    /// Whatever the router answers.
    Routed(axum::body::Body),
}

impl Body {
    pub(super) fn empty() -> Self {
        Self::Parts { parts: VecDeque::new(), length: 0 }
    }

    pub(super) fn parts(parts: Vec<Bytes>) -> Self {
        let length = parts.iter().map(|part| part.len() as u64).sum();
        Self::Parts { parts: parts.into(), length }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let never = |error: Infallible| match error {};
        match self.get_mut() {
            Self::Parts { parts, length } => {
                let part = parts.pop_front();
                *length -= part.as_ref().map_or(0, |part| part.len() as u64);
                Poll::Ready(part.map(|part| Ok(Frame::data(part))))
            }
            Self::Events(reader) => {
                Pin::new(reader).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(never)))
            }
            Self::Routed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Parts { parts, .. } => parts.is_empty(),
            Self::Events(_) => false,
            Self::Routed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Parts { length, .. } => SizeHint::with_exact(*length),
            Self::Events(_) => SizeHint::default(),
            Self::Routed(body) => body.size_hint(),
        }
    }
}

/// A request, until its answer is sent to its end.
#[derive(Debug)]
pub(super) struct Unanswered {
    _running: Running,
    counted: Option<CountedRequest>,
}

impl Unanswered {
    pub(super) fn new(running: Running, counted: Option<CountedRequest>) -> Self {
        Self { _running: running, counted }
    }

    /// It is answered with this.
    pub(super) fn answered(mut self, response: Response<Body>) -> Response<Sent> {
        if let Some(counted) = &mut self.counted {
            counted.answered(response.status().as_u16());
        }
        response.map(|body| Sent { body, _request: self })
    }
}

/// The body of an answer; its request runs until it was sent.
#[derive(Debug)]
pub struct Sent {
    body: Body,
    _request: Unanswered,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::parts(vec![bytes])
    }
}
