//! What a server writes on stderr: always read, so that it never blocks; remembered a little, for
//! the error that its end will need; written down within an allowance, beyond which lines are
//! counted. Reading is bounded, too: who writes faster than that waits at its own pipe.

mod allowance;
mod prefix;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::allowance::{Allowance, LINE_MAX};
use crate::audit::SecretTexts;
use crate::base::{Lock, ServerName, Tasks};
use crate::facts::{self, Priority};
use crate::settings::LogLimits;
use crate::telemetry::Recorder;

/// Lines kept for error messages.
const KEPT_LINES: usize = 5;
/// After how long it is told how many lines were left out; then after twice as long each time, for
/// as long as it goes on.
const TELL_AFTER: Duration = Duration::from_secs(1);
const TELL_AFTER_MAX: Duration = Duration::from_mins(10);
/// Bytes that are read in a turn, and how long a turn lasts at least: 25 MiB/s.
const TURN_BYTES: usize = 256 * 1024;
const TURN: Duration = Duration::from_millis(10);

/// Whose stderr it is.
#[derive(Debug, Clone)]
pub struct Author {
    pub server: ServerName,
    /// The unit it runs in.
    pub unit: Option<Arc<str>>,
    /// How much of it is written down, as the config has it now.
    pub limits: watch::Receiver<LogLimits>,
    /// What of it is written down nowhere.
    secrets: Arc<SecretTexts>,
}

impl Author {
    /// `secrets`: what this server has of its config.
    pub fn new<'a>(
        server: ServerName,
        unit: Option<Arc<str>>,
        limits: watch::Receiver<LogLimits>,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self { server, unit, limits, secrets: SecretTexts::new(secrets).into() }
    }
}

/// The last lines of a server's stderr. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct LastWords {
    lines: Arc<Lock<VecDeque<String>>>,
    ended: CancellationToken,
}

impl LastWords {
    fn push(&self, line: String) {
        let mut lines = self.lines.lock();
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().iter().cloned().collect()
    }

    /// The lines, joined by ` | `, oldest first.
    pub fn text(&self) -> String {
        let lines = self.lines.lock();
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }

    /// There will be no more.
    pub fn end(&self) {
        self.ended.cancel();
    }

    /// Waits until there will be no more. `within`: a process that left its group may hold the pipe
    /// for ever.
    pub async fn ended(&self, within: Duration) {
        drop(tokio::time::timeout(within, self.ended.cancelled()).await);
    }
}

/// Reads until the server closes its stderr or `tasks` are told to stop.
pub async fn follow(
    author: Author,
    stderr: pipe::Receiver,
    tasks: Tasks,
    last: LastWords,
    recorder: Recorder,
) {
    let mut scribe = Scribe::new(author, last, recorder);
    tokio::select! {
        biased;
        () = tasks.stopped() => {}
        () = scribe.read(&stderr) => {}
    }
    scribe.finish();
}

struct Scribe {
    author: Author,
    last: LastWords,
    recorder: Recorder,
    /// The beginning of a line whose end was not read yet.
    line: Vec<u8>,
    allowance: Allowance,
    left_out: u64,
    tell_at: Option<Instant>,
    tell_after: Duration,
}

impl Scribe {
    fn new(author: Author, last: LastWords, recorder: Recorder) -> Self {
        let limits = *author.limits.borrow();
        Self {
            author,
            last,
            recorder,
            line: Vec::new(),
            allowance: Allowance::new(limits, Instant::now()),
            left_out: 0,
            tell_at: None,
            tell_after: TELL_AFTER,
        }
    }

    async fn read(&mut self, stderr: &pipe::Receiver) {
        let (mut turn, mut read) = (Instant::now(), 0);
        loop {
            let readable = tokio::select! {
                readable = stderr.readable() => readable,
                () = until(self.tell_at) => {
                    self.tell();
                    continue;
                }
            };
            if readable.is_err() {
                return;
            }
            match self.read_some(stderr) {
                Ok(0) => return,
                Ok(bytes) => read += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            if turn.elapsed() >= TURN {
                (turn, read) = (Instant::now(), 0);
            } else if read >= TURN_BYTES {
                tokio::time::sleep_until(turn + TURN).await;
            }
        }
    }

    fn read_some(&mut self, stderr: &pipe::Receiver) -> io::Result<usize> {
        // Not kept for each server while it says nothing.
        let mut buffer = [0; 16 * 1024];
        let read = stderr.try_read(&mut buffer)?;
        self.take(&buffer[..read]);
        Ok(read)
    }

    fn take(&mut self, mut bytes: &[u8]) {
        self.allowance.grow(*self.author.limits.borrow(), Instant::now());
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            if !self.allowance.is_enough_for(LINE_MAX.min(self.line.len() + end)) {
                return self.leave_out(bytes);
            }
            lengthen(&mut self.line, &bytes[..end]);
            self.write();
            bytes = &bytes[end + 1..];
        }
        lengthen(&mut self.line, bytes);
    }

    /// Writes a whole line down.
    fn write(&mut self) {
        let (priority, text) = said(&self.line, &self.author.secrets);
        self.allowance.take(self.line.len());
        self.line.clear();
        if !text.is_empty() {
            self.last.push(text.clone());
            let priority = self.allowance.priority(priority);
            let Author { server, unit, .. } = self.author.clone();
            self.recorder.record(facts::ServerWrote { server, unit, priority, line: text });
        }
    }

    /// Counts the lines in `bytes`, and looks only at the last of them.
    fn leave_out(&mut self, bytes: &[u8]) {
        let Some(end) = memchr::memrchr(b'\n', bytes) else { return };
        self.left_out += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.tell_at.get_or_insert_with(|| Instant::now() + self.tell_after);
        let lines: Vec<&[u8]> = bytes[..end].rsplitn(KEPT_LINES + 1, |b| *b == b'\n').collect();
        if lines.len() > KEPT_LINES {
            self.line.clear();
        }
        for line in lines.into_iter().take(KEPT_LINES).rev() {
            lengthen(&mut self.line, line);
            let (_, text) = said(&self.line, &self.author.secrets);
            self.line.clear();
            if !text.is_empty() {
                self.last.push(text);
            }
        }
        lengthen(&mut self.line, &bytes[end + 1..]);
    }

    /// Tells how many lines were left out, if any were.
    fn tell(&mut self) {
        let lines = std::mem::take(&mut self.left_out);
        if lines == 0 {
            (self.tell_at, self.tell_after) = (None, TELL_AFTER);
            return;
        }
        let server = self.author.server.clone();
        self.recorder.record(facts::ServerWroteTooMuch { server, lines });
        self.tell_after = (self.tell_after * 2).min(TELL_AFTER_MAX);
        self.tell_at = Some(Instant::now() + self.tell_after);
    }

    fn finish(&mut self) {
        if !self.line.is_empty() {
            if self.allowance.is_enough_for(self.line.len()) {
                self.write();
            } else {
                self.last.push(said(&self.line, &self.author.secrets).1);
                self.left_out += 1;
            }
        }
        self.tell();
        self.last.end();
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn lengthen(line: &mut Vec<u8>, bytes: &[u8]) {
    let room = LINE_MAX.saturating_sub(line.len()).min(bytes.len());
    line.extend_from_slice(&bytes[..room]);
}

fn said(line: &[u8], secrets: &SecretTexts) -> (Priority, String) {
    let (priority, text) = prefix::split(line);
    (priority, secrets.hide(String::from_utf8_lossy(text).trim_end()))
}

#[cfg(test)]
mod tests;
