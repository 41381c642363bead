//! The bodies we are sent.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::peers::connections::Activity;

/// Something of a body must come within this time,
const PROGRESS_WITHIN: Duration = Duration::from_secs(15);
/// and all of it within this.
const BODY_WITHIN: Duration = Duration::from_mins(1);

/// A request's body. Whoever reads it does not wait for ever, and it notes when it is left although
/// more of it was to come.
#[derive(Debug)]
pub(super) struct TimedBody<B = Incoming> {
    body: B,
    activity: Arc<Activity>,
    is_read: bool,
    /// When all of it must be there.
    end: Instant,
    /// When something more must be there; set once it is waited for.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// The body did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come in time")]
struct TooSlow;

/// When something more of a body that must be there at the `end` must be there.
fn next_alarm(end: Instant) -> Instant {
    end.min(Instant::now() + PROGRESS_WITHIN)
}

impl<B: Body> TimedBody<B> {
    pub(super) fn new(body: B, activity: Arc<Activity>) -> Self {
        let (is_read, end) = (body.is_end_stream(), Instant::now() + BODY_WITHIN);
        Self { body, activity, is_read, end, alarm: None }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Body for TimedBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.is_read |= frame.is_none() || self.body.is_end_stream();
                let end = self.end;
                if let Some(alarm) = &mut self.alarm {
                    alarm.as_mut().reset(next_alarm(end));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            // What is there already sets no timer.
            Poll::Pending => {
                let end = self.end;
                let set = || Box::pin(tokio::time::sleep_until(next_alarm(end)));
                let alarm = self.alarm.get_or_insert_with(set);
                alarm.as_mut().poll(cx).map(|()| Some(Err(TooSlow.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for TimedBody<B> {
    fn drop(&mut self) {
        if !self.is_read {
            self.activity.leaves_unread();
        }
    }
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoBody {
    TooLarge,
    TooSlow,
    /// It ended before its announced end.
    CutOff,
}

/// Whether a body says of itself that it is too large. To read from it would let the client send it
/// (RFC 9110, section 10.1.1).
pub(super) fn is_too_large(body: &impl Body, limit: usize) -> bool {
    body.size_hint().lower() > limit as u64
}

/// The whole body, of at most `limit` bytes. What its client may hold is bounded by what it has sent,
/// not by what it announced, and not by the number of its pieces.
pub(super) async fn whole<B>(body: B, limit: usize) -> Result<Bytes, NoBody>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    if is_too_large(&body, limit) {
        return Err(NoBody::TooLarge);
    }
    let mut body = std::pin::pin!(Limited::new(body, limit));
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    loop {
        let data = match body.frame().await {
            None if more.is_empty() => return Ok(first),
            None => return Ok(more.freeze()),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) if error.is::<LengthLimitError>() => return Err(NoBody::TooLarge),
            Some(Err(error)) if is_slow(&*error) => return Err(NoBody::TooSlow),
            Some(Err(_)) => return Err(NoBody::CutOff),
        };
        if first.is_empty() {
            first = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&first);
        }
        more.extend_from_slice(&data);
    }
}

/// Whether it is [`TooSlow`] that is at the bottom of an error: routers put theirs around it.
fn is_slow(error: &(dyn Error + 'static)) -> bool {
    error.is::<TooSlow>() || error.source().is_some_and(is_slow)
}

#[cfg(test)]
mod tests {
    use super::{BODY_WITHIN, NoBody, PROGRESS_WITHIN, TimedBody, whole};
    use crate::peers::connections::Connections;
    use bytes::Bytes;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::Instant;

    /// A body of so many bytes, each of which takes so long.
    fn dripping(bytes: usize, each: Duration) -> axum::body::Body {
        let drops = stream::unfold(bytes, move |left| async move {
            let left = left.checked_sub(1)?;
            tokio::time::sleep(each).await;
            Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), left))
        });
        let (_place, activity, _) = Arc::new(Connections::default()).enter(1).unwrap();
        axum::body::Body::new(TimedBody::new(StreamBody::new(Box::pin(drops)), activity))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_to_come_on_and_to_an_end() {
        let second = Duration::from_secs(1);
        assert_eq!(whole(dripping(30, second), 30).await.unwrap(), "x".repeat(30));
        assert_eq!(whole(dripping(0, second), 0).await.unwrap(), "");
        assert_eq!(whole(dripping(31, Duration::ZERO), 30).await, Err(NoBody::TooLarge));
        let began = Instant::now();
        assert_eq!(whole(dripping(9, PROGRESS_WITHIN * 2), 30).await, Err(NoBody::TooSlow));
        assert_eq!(began.elapsed().as_secs(), PROGRESS_WITHIN.as_secs());
        let began = Instant::now();
        assert_eq!(whole(dripping(1000, second), 2000).await, Err(NoBody::TooSlow));
        assert_eq!(began.elapsed().as_secs(), BODY_WITHIN.as_secs());
    }
}
