//! A client on our own stdin and stdout: `callmux stdio`, `callmux -- command …`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::Front;
use crate::base::{Principal, SessionId, Tasks, stdio};
use crate::client::session::{Carriage, Session};
use crate::outbox::{Outbox, SILENT_MAX};
use crate::peers::process::PeerProcess;
use crate::wire::lines::{LINE_MIN, Lines};

/// How long calls in flight and their answers may take after the client closed our input.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The client leaves unread what it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client has read nothing for {} minutes, so its session ends", SILENT_MAX.as_secs() / 60)]
pub struct GivenUp;

/// Serves the one client until it closes our stdin or our stdout, or `stop` is stopped. `Err`: it was
/// given up, since it read nothing for too long. `cwd`: where the client works.
pub async fn serve(front: &Arc<Front>, stop: &Tasks, cwd: Option<PathBuf>) -> Result<(), GivenUp> {
    let (mut input, mut output) = stdio::open();
    // Who started us is the client.
    let principal = Principal::own().at(Some(PeerProcess::own()));
    let session = Session::new(SessionId::random(), principal, Carriage::Stdio, cwd);
    let duplex = front.duplex(session, Outbox::lines());
    let (outbox, tasks) = (duplex.outbox.clone(), duplex.tasks.clone());
    duplex.announce();
    let read = async {
        let mut lines = Lines::new(front.hub.world().config.http.max_body.max(LINE_MIN));
        loop {
            match input.read_buf(lines.room()).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            loop {
                // The answers would have no place.
                outbox.not_full().await;
                match lines.next() {
                    Ok(Some(line)) => duplex.take_in(&line, false),
                    Ok(None) => break,
                    Err(too_long) => {
                        let error = crate::wire::RpcError::new(
                            crate::wire::error::code::INVALID_REQUEST,
                            format!("{too_long}; raise `http.max_body` if that is right"),
                        );
                        return outbox.push(error.response(None).into());
                    }
                }
            }
        }
    };
    let write = outbox.write_to(&mut output);
    tokio::pin!(write);
    let (may_read, ended) = tokio::select! {
        () = read => (true, Ok(())),
        () = stop.stopped() => (true, Ok(())),
        _ = &mut write => (false, Ok(())),
        () = outbox.given_up(SILENT_MAX) => (false, Err(GivenUp)),
    };
    if may_read {
        // A client that closes our input may still read: `printf … | callmux -- …`.
        let finish = async {
            duplex.session.wait_idle().await;
            outbox.close();
            drop((&mut write).await);
        };
        drop(tokio::time::timeout(LAST_WORDS, finish).await);
    }
    tasks.stop();
    ended
}
