//! Newline framing, as stdio servers and clients speak it.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// The longest line on stdio and on a link, where no body limit was chosen larger, in bytes.
pub const LINE_MIN: usize = 64 * 1024 * 1024;
/// The smallest room offered to one read.
const READ_MIN: usize = 8 * 1024;
/// The largest room offered to one read: what a pipe of ours can hold.
const READ_MAX: usize = 1024 * 1024;

/// Cuts a stream of bytes into lines, however the bytes arrive.
///
/// A line ends at `\n`; a `\r` before it belongs to the end. Empty lines are skipped. A line longer
/// than the cap is an error after which the stream cannot be used.
#[derive(Debug)]
pub struct Lines {
    buffer: BytesMut,
    searched: usize,
    cap: usize,
    room: usize,
}

/// A line went over the cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line longer than {} bytes", .cap)]
pub struct TooLong {
    pub cap: usize,
}

impl Lines {
    /// `cap`: the longest line in bytes, its end not counted.
    pub fn new(cap: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, cap, room: READ_MIN }
    }

    /// Where the next bytes are to be read to. The room grows while reads fill it.
    pub fn room(&mut self) -> &mut BytesMut {
        if self.buffer.capacity() - self.buffer.len() < READ_MIN {
            self.room = if self.buffer.len() >= self.room / 2 { self.room * 2 } else { READ_MIN };
            self.room = self.room.clamp(READ_MIN, READ_MAX);
            self.buffer.reserve(self.room);
        }
        &mut self.buffer
    }

    /// The next complete line, if there is one.
    pub fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let mut start = 0;
        let found = find(&self.buffer, &mut start, &mut self.searched, self.cap)?;
        let mut taken = self.buffer.split_to(start).freeze();
        self.searched -= start;
        Ok(found.map(|line| {
            taken.truncate(line.end);
            taken.split_off(line.start)
        }))
    }
}

/// The first line in `text` from `start` on, without its end. `start` is moved behind the line and
/// the empty ones before it. `searched`: up to where no end is.
pub fn find(
    text: &[u8],
    start: &mut usize,
    searched: &mut usize,
    cap: usize,
) -> Result<Option<Range<usize>>, TooLong> {
    while let Some(found) = memchr::memchr(b'\n', &text[*searched..]) {
        let end = *searched + found;
        let line = *start..if end > *start && text[end - 1] == b'\r' { end - 1 } else { end };
        (*start, *searched) = (end + 1, end + 1);
        if line.len() > cap {
            return Err(TooLong { cap });
        }
        if !line.is_empty() {
            return Ok(Some(line));
        }
    }
    *searched = text.len();
    // One byte more than the cap may be the `\r` of a line that just fits.
    if text.len() - *start > cap + 1 { Err(TooLong { cap }) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::{Lines, TooLong};
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]], cap: usize) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut lines = Lines::new(cap);
        let mut out = Vec::new();
        for chunk in chunks {
            lines.room().extend_from_slice(chunk);
            while let Some(line) = lines.next()? {
                out.push(line.to_vec());
            }
        }
        Ok(out)
    }

    #[test]
    fn the_cap_is_exact() {
        assert_eq!(
            read(&[b"1234\r\n\n\r\n5678\n"], 4),
            Ok(vec![b"1234".to_vec(), b"5678".to_vec()])
        );
        assert_eq!(read(&[b"12345\n"], 4), Err(TooLong { cap: 4 }));
        assert_eq!(read(&[b"12345"], 4), Ok(vec![]), "it may still end in a carriage return");
        assert_eq!(read(&[b"123456"], 4), Err(TooLong { cap: 4 }), "without waiting for the end");
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_bytes_arrive(
            text in "[a-c\u{e9}\r\n]{0,60}",
            cuts in proptest::collection::vec(0usize..60, 0..8),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(read(&chunks, 100), read(&[bytes], 100));
        }
    }
}
