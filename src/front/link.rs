//! The daemon's end of the link (see [`crate::wire::link`]).
//!
//! A bridge upgrades a request to `/link` and speaks frames from then on. Its session outlives the
//! connection: calls go on, and their answers wait until the bridge dials again.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::unix::pipe;

use super::Front;
use crate::base::peer_facts::SharedPeer;
use crate::base::{Principal, Tasks};
use crate::facts;
use crate::outbox::{Outbox, SILENT_MAX};
use crate::peers::peer::AtOtherEnd;
use crate::sessions::duplex::Duplex;
use crate::sessions::links::{LINKS_MAX, Link, Links};
use crate::wire::Payload;
use crate::wire::lines::LINE_MIN;
use crate::wire::link::frame::{self, Frame, FrameKind, FrameReader};
use crate::wire::link::{HELLO_MAX, Hello, PROTOCOL, Welcome, again};

/// A new connection must say hello within this time.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// Answers the upgrade request and serves the link on the connection.
pub(super) async fn upgrade(
    State(front): State<Arc<Front>>,
    Extension(principal): Extension<Principal>,
    Extension(AtOtherEnd(process)): Extension<AtOtherEnd>,
    mut request: axum::extract::Request,
) -> Response {
    let wanted = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
    if wanted != Some(PROTOCOL) {
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return response;
    }
    // Behind the upgrade there is no way to say why.
    if front.links.is_full() {
        let evicted = false;
        front.hub.recorder.record(facts::CapReached { what: "link", max: LINKS_MAX, evicted });
        let error = format!("all {LINKS_MAX} links are in use; end bridges that nobody needs");
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        *response.body_mut() = Body::from(error);
        return response;
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let tasks = front.streams.clone();
    tasks.spawn("link", async move {
        match upgraded.await {
            Ok(upgraded) => {
                let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
                serve(&front, &principal.at(process), &mut reader, &mut writer).await;
            }
            Err(error) => tracing::debug!(%error, "a link was not upgraded"),
        }
    });
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
}

async fn serve(
    front: &Arc<Front>,
    principal: &Principal,
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
) {
    let mut frames = FrameReader::new(HELLO_MAX);
    let hello = match tokio::time::timeout(HELLO_WITHIN, next(reader, &mut frames)).await {
        Ok(Ok(Some(frame))) if frame.kind == FrameKind::Hello => frame,
        _ => return tracing::debug!("a link began without hello"),
    };
    let Ok(hello) = serde_json::from_slice::<Hello>(&hello.payload) else {
        return tracing::debug!("a link began with an unreadable hello");
    };
    frames.allow(LINE_MIN);
    let recorder = &front.hub.recorder;
    let open = |session| front.duplex(session, Outbox::link());
    let Some((link, known)) = front.links.find_or_open(recorder, principal, &hello, open) else {
        return tracing::debug!("a link was asked for that there cannot be");
    };
    if !known {
        front.changed.notify_one();
    }
    let bridge = principal.peer().filter(|process| process.is_own_program()).cloned();
    let (number, tasks, restored) = link.connect();
    link.duplex.session.comes_from(principal.peer().cloned());
    let duplex = link.duplex.of(principal);
    let resumed = known && restored.is_none();
    let welcome = |seen: u64| {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let kinds = FrameKind::NEWEST as u8;
        let welcome = Welcome { resumed, seen, restored, knows_again: true, version, kinds };
        let json = serde_json::to_string(&welcome).expect("our own welcome is JSON");
        Some(frame::write(FrameKind::Welcome, 0, seen, Payload::from(json)))
    };
    let seen = if resumed { hello.seen } else { 0 };
    let resent = link.duplex.outbox.connect(seen, hello.kinds, welcome);
    if resumed {
        front.hub.recorder.record(facts::LinkResumed { session: link.duplex.session.id, resent });
    }
    let ended = tokio::select! {
        ended = read_all((&link, &duplex), reader, &mut frames, (&front.links, hello.kinds)) => ended,
        () = link.duplex.outbox.given_up(SILENT_MAX) => LinkEnd::Goodbye,
        _ = link.duplex.outbox.write_to(writer) => LinkEnd::Lost,
        () = tasks.stopped() => LinkEnd::Replaced,
    };
    match ended {
        // It gave way, or an operator ended it.
        _ if !front.links.has(&link) => {}
        LinkEnd::Goodbye => close(front, &link),
        LinkEnd::Lost if link.lost(number) => {
            front.hub.touch();
            front.hub.recorder.record(facts::LinkLost { session: link.duplex.session.id });
            if let Some(bridge) = bridge {
                close_once_ended(front.clone(), link, bridge, &tasks);
            }
        }
        LinkEnd::Lost | LinkEnd::Replaced => {}
    }
}

/// The session is over: nobody will ask for its answers.
fn close(front: &Front, link: &Arc<Link>) {
    front.links.close(link);
    front.changed.notify_one();
    front.hub.touch();
    let session = link.duplex.session.id;
    front.hub.recorder.record(facts::SessionClosed { session });
}

/// A bridge that was killed says no goodbye, and does not come back. `tasks` stop once it has.
fn close_once_ended(front: Arc<Front>, link: Arc<Link>, bridge: SharedPeer, tasks: &Tasks) {
    let tasks = tasks.clone();
    // Who gives the link up needs the bridge's end no more.
    let of_link = link.duplex.tasks.clone();
    of_link.spawn_until_stopped("lost link", async move {
        let ended = match bridge.end() {
            Ok(None) => Ok(()),
            Ok(Some(end)) => tokio::select! {
                ended = until_readable(end) => ended,
                () = tasks.stopped() => return,
            },
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => close(&front, &link),
            Err(error) => tracing::debug!(%error, "a bridge's end cannot be waited for"),
        }
    });
}

async fn until_readable(end: OwnedFd) -> std::io::Result<()> {
    // It is no pipe, but is waited for in the same way, and nothing is ever read from it.
    pipe::Receiver::from_file_unchecked(end.into())?.readable().await
}

enum LinkEnd {
    /// The bridge said that its client is done, or has read nothing for so long that it is given up.
    Goodbye,
    /// The connection broke.
    Lost,
    /// The bridge has a newer connection.
    Replaced,
}

/// `kinds`: what the bridge said of the frames that it reads.
async fn read_all(
    (link, duplex): (&Link, &Duplex),
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
    frames: &mut FrameReader,
    (links, kinds): (&Links, u8),
) -> LinkEnd {
    let mut is_first = true;
    loop {
        let frame = tokio::select! {
            biased;
            // What is not read here, the next daemon will read: the bridge sends it again.
            () = links.is_deaf() => std::future::pending().await,
            frame = async {
                // Its answers would have no place.
                duplex.outbox.not_full().await;
                next(reader, frames).await
            } => frame,
        };
        if std::mem::take(&mut is_first) && matches!(frame, Ok(Some(_))) {
            link.is_told();
        }
        match frame {
            Ok(Some(frame)) if frame.kind == FrameKind::Goodbye => return LinkEnd::Goodbye,
            Ok(Some(frame)) => match duplex.outbox.receive(frame) {
                Ok(Some((kind, message))) => {
                    let is_marked = kinds < FrameKind::Again as u8 && again::is_marked(&message);
                    duplex.take_in(&message, kind == FrameKind::Again || is_marked);
                    // Only now does the next process know of it from elsewhere.
                    link.has_read(duplex.outbox.seen());
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a link broke its own numbering");
                    return LinkEnd::Lost;
                }
            },
            Ok(None) => return LinkEnd::Lost,
            Err(error) => {
                tracing::debug!(%error, "a link broke");
                return LinkEnd::Lost;
            }
        }
        duplex.outbox.confirm_if_owed();
    }
}

/// The next frame; `None` at the end of the stream.
async fn next(
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
    frames: &mut FrameReader,
) -> Result<Option<Frame>, std::io::Error> {
    loop {
        if let Some(frame) = frames.next().map_err(std::io::Error::other)? {
            return Ok(Some(frame));
        }
        if reader.read_buf(frames.room()).await? == 0 {
            return Ok(None);
        }
    }
}
