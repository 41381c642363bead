//! The task that reads: every line is an answer, a notification, a question, or nonsense.

use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::connection::conduct::STRAY_PAUSE;
use crate::connection::state::Connection;
use crate::handover::Window;
use crate::wire::lines::TooLong;

/// Bytes after which other tasks get their turn.
const TURN_BYTES: usize = 256 * 1024;

/// Reads until the server closes its output or breaks the framing. `answered`: requests whose answers
/// an earlier process of ours had read.
pub(super) async fn run(
    connection: Arc<Connection>,
    mut stdout: pipe::Receiver,
    mut window: Window,
    answered: Vec<u64>,
) {
    let mut since_turn = 0;
    // What an earlier process of ours read last.
    if take_lines(&connection, &mut window).await.is_err() {
        return;
    }
    lose_answered(&connection, &answered);
    loop {
        match stdout.read(window.room()).await {
            Ok(0) if window.rest().is_empty() => {
                return connection.cut("it closed its output".to_owned());
            }
            Ok(0) => {
                connection.misbehaved("half a message before it closed its output", window.rest());
                return connection
                    .end("it closed its output in the middle of a message".to_owned());
            }
            Ok(count) => {
                window.read(count);
                since_turn += count;
            }
            Err(error) => return connection.end(format!("its output cannot be read: {error}")),
        }
        if take_lines(&connection, &mut window).await.is_err() {
            return;
        }
        if since_turn >= TURN_BYTES {
            since_turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// Acts on every whole line. `Err` if nothing more can be read.
async fn take_lines(connection: &Arc<Connection>, window: &mut Window) -> Result<(), TooLong> {
    loop {
        match window.next() {
            Ok(Some(line)) => connection.take_in(&line, None),
            Ok(None) => break,
            Err(too_long) => {
                connection.misbehaved(&too_long.to_string(), window.rest());
                connection.end(format!("it sent {too_long}; raise `max_message` if that is right"));
                return Err(too_long);
            }
        }
        if connection.must_pause() {
            tokio::time::sleep(STRAY_PAUSE).await;
        }
    }
    window.release();
    Ok(())
}

/// What an earlier process of ours had read is acted on: answers that were not there are lost.
fn lose_answered(connection: &Connection, answered: &[u64]) {
    let mut state = connection.lock();
    let lost: Vec<_> =
        answered.iter().filter_map(|id| connection.remove(&mut state, *id)).collect();
    drop(state);
    let reason: Arc<str> = "its answer was lost when the callmux daemon ended".into();
    for waiting in lost {
        waiting.cell.lose(&reason);
    }
}
