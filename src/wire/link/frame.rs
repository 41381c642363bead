//! Frames: a header of fixed size, then the payload.
//!
//! ```text
//! length: u32   of what follows, little-endian like all numbers here
//! kind: u8      see [`FrameKind`]
//! number: u64   of the message; 0 for frames that carry none
//! seen: u64     the highest number received in order from the other side
//! payload       a JSON text, or nothing
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use crate::wire::payload::Payload;

/// Bytes before the payload, the length field included.
pub const HEADER: usize = 4 + BODY_MIN;
const BODY_MIN: usize = 1 + 8 + 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// Bridge to daemon, first frame: a [`super::Hello`].
    Hello = 1,
    /// Daemon to bridge, first frame: a [`super::Welcome`].
    Welcome = 2,
    /// One MCP message.
    Message = 3,
    /// Nothing but what was seen.
    Seen = 4,
    /// Daemon to bridge: no new message will be read; hold them for the next connection.
    Draining = 5,
    /// Either side: the session is over, nothing needs to be kept.
    Goodbye = 6,
    /// Daemon to bridge: the response to a call whose answer was lost over the end of a daemon. The
    /// bridge asks again, or passes it on.
    Lost = 7,
    /// Bridge to daemon: a request that an earlier daemon may have carried out. A bridge cannot tell
    /// whether asking twice does harm; the daemon can, and carries it out only if it does none.
    Again = 8,
    /// Daemon to bridge: an operator ended the session. Nothing goes on, and no new one is to begin.
    Ended = 9,
}

impl FrameKind {
    const ALL: [Self; 9] = [
        Self::Hello,
        Self::Welcome,
        Self::Message,
        Self::Seen,
        Self::Draining,
        Self::Goodbye,
        Self::Lost,
        Self::Again,
        Self::Ended,
    ];
    /// The newest kind that we read: what [`super::Hello`] and [`super::Welcome`] say of us.
    pub const NEWEST: Self = Self::Ended;
    /// The newest kind that an end reads which says nothing about that.
    pub const FIRST_NEWEST: Self = Self::Goodbye;

    fn read(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    /// Whether frames of this kind carry an MCP message: they are numbered, kept until the other
    /// side has them, and sent again.
    pub fn carries_message(self) -> bool {
        matches!(self, Self::Message | Self::Lost | Self::Again)
    }
}

/// One frame as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: FrameKind,
    pub number: u64,
    pub seen: u64,
    pub payload: Bytes,
}

/// The bytes of a frame.
pub fn write(kind: FrameKind, number: u64, seen: u64, payload: Payload) -> Payload {
    let mut head =
        BytesMut::with_capacity(HEADER + if payload.len() <= 4096 { payload.len() } else { 0 });
    let length = u32::try_from(BODY_MIN + payload.len()).expect("messages are below 4 GiB");
    head.put_u32_le(length);
    head.put_u8(kind as u8);
    head.put_u64_le(number);
    head.put_u64_le(seen);
    if payload.len() <= 4096 {
        payload.parts().iter().for_each(|part| head.extend_from_slice(part));
        return Payload::from(head.freeze());
    }
    let mut parts = vec![head.freeze()];
    parts.extend(payload.into_parts());
    Payload::Parts(parts)
}

/// What is wrong with a stream of frames. The connection cannot be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    #[error("a frame of unknown kind {0}")]
    Kind(u8),
    #[error("a frame of {length} bytes; the limit is {cap}")]
    Length { length: usize, cap: usize },
}

/// Room that is made for a frame before any of it has come, in bytes: whoever announces much more has
/// to send it.
const AT_ONCE: usize = 1 << 20;

/// Reads frames from bytes that arrive in any cut.
#[derive(Debug)]
pub struct FrameReader {
    buffer: BytesMut,
    cap: usize,
}

impl FrameReader {
    /// `cap`: the largest payload in bytes.
    pub fn new(cap: usize) -> Self {
        Self { buffer: BytesMut::new(), cap: cap + BODY_MIN }
    }

    /// From now on frames may have a payload of up to so many bytes.
    pub fn allow(&mut self, cap: usize) {
        self.cap = cap + BODY_MIN;
    }

    /// Where the next bytes are to be read to.
    pub fn room(&mut self) -> &mut BytesMut {
        let wanted = match self.length() {
            Some(length) if length <= self.cap => (length + 4).saturating_sub(self.buffer.len()),
            _ => 0,
        };
        // What is added grows with what has come: a buffer at least doubles.
        let wanted = wanted.min(AT_ONCE);
        if self.buffer.capacity() - self.buffer.len() < wanted.max(4096) {
            self.buffer.reserve(wanted.max(8192));
        }
        &mut self.buffer
    }

    fn length(&self) -> Option<usize> {
        let field = self.buffer.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*field) as usize)
    }

    /// The next complete frame, if there is one.
    pub fn next(&mut self) -> Result<Option<Frame>, BadFrame> {
        let Some(length) = self.length() else { return Ok(None) };
        if !(BODY_MIN..=self.cap).contains(&length) {
            return Err(BadFrame::Length { length, cap: self.cap });
        }
        if self.buffer.len() < 4 + length {
            return Ok(None);
        }
        let mut body = self.buffer.split_to(4 + length).freeze().slice(4..);
        let payload = body.split_off(BODY_MIN);
        let number =
            |at: usize| u64::from_le_bytes(body[at..at + 8].try_into().expect("eight bytes"));
        let kind = FrameKind::read(body[0]).ok_or(BadFrame::Kind(body[0]))?;
        Ok(Some(Frame { kind, number: number(1), seen: number(9), payload }))
    }
}

#[cfg(test)]
mod tests;
