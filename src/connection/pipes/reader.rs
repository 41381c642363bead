//! The task that reads: every line is an answer, a notification, a question, or nonsense.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::base::memory;
use crate::connection::Connection;
use crate::connection::route::Stream;
use crate::connection::window::Window;
use crate::wire::Message;
use crate::wire::lines::TooLong;

/// Bytes after which other tasks get their turn.
const TURN_BYTES: usize = 256 * 1024;
/// After so many useless lines in a row, reading slows down: a server that floods its output must
/// not take the processor from its neighbours.
const STRAY_TURN: u64 = 256;
pub(in crate::connection) const STRAY_PAUSE: Duration = Duration::from_millis(1);

/// Reads until the server closes its output or breaks the framing.
pub(in crate::connection) async fn run(
    connection: Arc<Connection>,
    mut stdout: pipe::Receiver,
    mut window: Window,
) {
    let mut since_turn = 0;
    // What an earlier process of ours read last.
    if take_lines(&connection, &mut window).await.is_err() {
        return;
    }
    connection.lose_answered();
    loop {
        match stdout.read(window.room()).await {
            Ok(0) if window.rest().is_empty() => {
                return connection.end("it closed its output".to_owned());
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

impl Connection {
    /// Acts on one message. `on`: see [`Connection::route`].
    pub(in crate::connection) fn take_in(self: &Arc<Self>, line: &bytes::Bytes, on: Stream<'_>) {
        memory::came(line.len());
        match Message::parse(line) {
            Ok(message) => self.route(message, on),
            Err(malformed) => {
                self.misbehaved(&format!("a message that is {malformed}"), line);
                self.lock().stray_in_a_row += 1;
                self.fail_damaged(line, &malformed.to_string());
            }
        }
    }

    pub(in crate::connection) fn must_pause(&self) -> bool {
        let stray = self.lock().stray_in_a_row;
        stray > 0 && stray.is_multiple_of(STRAY_TURN)
    }

    /// A damaged line that looks like the answer to a request fails that request at once instead
    /// of letting it wait for its deadline.
    fn fail_damaged(&self, line: &[u8], what: &str) {
        let text = String::from_utf8_lossy(&line[..line.len().min(4096)]);
        let id = text.split("\"id\":").skip(1).find_map(|rest| {
            let rest = rest.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<u64>().ok()
        });
        let cell = id.and_then(|id| self.lock().pending.remove(id));
        if let Some(cell) = cell {
            cell.lose(&format!("the answer of server {} is {what}", self.server).into());
        }
    }
}
