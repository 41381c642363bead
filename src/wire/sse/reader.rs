//! Reading events, in whatever pieces their bytes arrive.

use std::borrow::Cow;

use bytes::BytesMut;

/// What stands before the data on its line.
const FIELD: &str = "data: ";

/// One event as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SseEvent {
    pub id: Option<String>,
    pub name: Option<String>,
    pub data: String,
    /// How long to wait before the stream is taken up again, in milliseconds.
    pub retry: Option<u64>,
}

/// Reads events from bytes that arrive in any cut.
#[derive(Debug)]
pub struct EventReader {
    buffer: BytesMut,
    /// No line ends before this byte.
    searched: usize,
    event: SseEvent,
    has_data: bool,
    /// No line was read yet.
    is_new: bool,
    /// Bytes that are no characters were replaced.
    is_damaged: bool,
    cap: usize,
}

/// An event went over the cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadStream {
    #[error("an event longer than {0} bytes")]
    TooLong(usize),
}

impl EventReader {
    /// `cap`: the longest data of an event in bytes. It holds however the bytes arrive.
    pub fn new(cap: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            event: SseEvent::default(),
            has_data: false,
            is_new: true,
            is_damaged: false,
            cap,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete event that carries data, an id or a time to wait.
    pub fn next(&mut self) -> Result<Option<SseEvent>, BadStream> {
        while let Some(end) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) {
            let end = self.searched + end;
            // A `\r` at the very end may be half of a `\r\n` that is still on its way.
            let pair = match (self.buffer[end], self.buffer.get(end + 1)) {
                (b'\r', None) => {
                    self.searched = end;
                    return self.line_within_cap(end).map(|()| None);
                }
                (b'\r', Some(b'\n')) => 2,
                _ => 1,
            };
            self.line_within_cap(end)?;
            let line = self.buffer.split_to(end + pair);
            self.searched = 0;
            let line = String::from_utf8_lossy(&line[..end]);
            self.is_damaged |= matches!(line, Cow::Owned(_));
            let mark = if std::mem::take(&mut self.is_new) { "\u{feff}" } else { "" };
            let line = line.strip_prefix(mark).unwrap_or(&line);
            if !line.is_empty() {
                field(&mut self.event, &mut self.has_data, line);
                self.within_cap(self.event.data.len())?;
            } else if self.has_data || self.event.id.is_some() || self.event.retry.is_some() {
                self.has_data = false;
                return Ok(Some(std::mem::take(&mut self.event)));
            } else {
                self.event = SseEvent::default();
            }
        }
        self.searched = self.buffer.len();
        self.line_within_cap(self.searched).map(|()| None)
    }

    /// Whether bytes that are no characters were replaced since this was last asked.
    pub fn takes_damage(&mut self) -> bool {
        std::mem::take(&mut self.is_damaged)
    }

    fn line_within_cap(&self, len: usize) -> Result<(), BadStream> {
        self.within_cap(len.saturating_sub(FIELD.len()))
    }

    fn within_cap(&self, len: usize) -> Result<(), BadStream> {
        if len > self.cap { Err(BadStream::TooLong(self.cap)) } else { Ok(()) }
    }
}

fn field(event: &mut SseEvent, has_data: &mut bool, line: &str) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match name {
        "data" => {
            if *has_data {
                event.data.push('\n');
            }
            event.data.push_str(value);
            *has_data = true;
        }
        // An empty name is that of a message.
        "event" => event.name = (!value.is_empty()).then(|| value.to_owned()),
        "retry" => event.retry = value.parse().ok(),
        "id" if !value.contains('\0') => event.id = Some(value.to_owned()),
        _ => {}
    }
}
