//! What a server writes on stderr: always read, so that it never blocks; remembered a little, for
//! the error that its end will need; written down at a bounded rate.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::Instant;

use crate::base::ServerName;
use crate::telemetry::{Fact, Recorder};

/// Lines kept for error messages.
const KEPT_LINES: usize = 5;
/// The longest line, in bytes; the rest of a longer one is cut off.
const LINE_MAX: usize = 2048;
/// Lines written down per second; the others are counted.
const LINES_PER_SECOND: u32 = 50;

/// The last lines of a server's stderr. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().expect("no panic happens under this lock");
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The lines, joined by ` | `, oldest first.
    pub fn text(&self) -> String {
        let lines = self.0.lock().expect("no panic happens under this lock");
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }
}

/// Reads until the server closes its stderr.
pub async fn follow(
    server: ServerName,
    mut stderr: pipe::Receiver,
    last: LastLines,
    recorder: Recorder,
) {
    let mut buffer = Vec::with_capacity(4096);
    let mut line = Vec::new();
    let mut budget = Budget { second: Instant::now(), written: 0, left_out: 0 };
    loop {
        buffer.clear();
        match stderr.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let mut rest = buffer.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            take(&mut line, &rest[..end]);
            rest = &rest[end + 1..];
            budget.write(&server, &mut line, &last, &recorder);
        }
        take(&mut line, rest);
    }
    budget.write(&server, &mut line, &last, &recorder);
    budget.report(&server, &recorder);
}

fn take(line: &mut Vec<u8>, bytes: &[u8]) {
    let room = LINE_MAX.saturating_sub(line.len()).min(bytes.len());
    line.extend_from_slice(&bytes[..room]);
}

struct Budget {
    second: Instant,
    written: u32,
    left_out: u64,
}

impl Budget {
    fn write(
        &mut self,
        server: &ServerName,
        line: &mut Vec<u8>,
        last: &LastLines,
        recorder: &Recorder,
    ) {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        if text.is_empty() {
            return;
        }
        if self.second.elapsed() >= Duration::from_secs(1) {
            self.report(server, recorder);
            *self = Self { second: Instant::now(), written: 0, left_out: 0 };
        }
        last.push(text.clone());
        if self.written < LINES_PER_SECOND {
            self.written += 1;
            recorder.record(Fact::ServerWrote { server: server.clone(), line: text });
        } else {
            self.left_out += 1;
        }
    }

    fn report(&mut self, server: &ServerName, recorder: &Recorder) {
        if self.left_out > 0 {
            let lines = std::mem::take(&mut self.left_out);
            recorder.record(Fact::ServerWroteTooMuch { server: server.clone(), lines });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_MAX, LastLines, follow};
    use crate::base::ServerName;
    use crate::telemetry::Recorder;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn the_last_lines_are_kept_however_much_there_was() {
        let (mut far, stderr) = tokio::net::unix::pipe::pipe().unwrap();
        let last = LastLines::default();
        let write = async move {
            for n in 0..1000 {
                far.write_all(format!("line {n}\n").as_bytes()).await.unwrap();
            }
            far.write_all(&vec![b'x'; 100_000]).await.unwrap();
        };
        let read = follow(ServerName::parse("s").unwrap(), stderr, last.clone(), Recorder::none());
        tokio::join!(write, read);
        let long = "x".repeat(LINE_MAX);
        assert_eq!(last.text(), format!("line 996 | line 997 | line 998 | line 999 | {long}"));
    }
}
