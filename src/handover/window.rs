//! Where the bytes of a server are read to: memory that the next process finds as we left it.
//!
//! Bytes are taken out only once what they say was acted on, and no message of a server has a NUL
//! character. So whenever we end, even between two instructions, what is there from the start to
//! the first NUL is what was read and perhaps not acted on yet. The next process acts on it
//! (again): an answer finds its request or is an echo.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use bytes::Bytes;

use super::SharedMemory;
use crate::wire::lines::{self, TooLong};

/// Where the position of the first byte is kept: 8 bytes in the machine's order.
const HEADER: usize = 64;
/// The most that one read is offered, in bytes: what a pipe of ours can hold.
const READ_MAX: usize = 1024 * 1024;
/// The least.
const READ_MIN: usize = 64 * 1024;

/// The window onto a server's output.
#[derive(Debug)]
pub struct Window {
    memory: SharedMemory,
    start: usize,
    end: usize,
    searched: usize,
    cap: usize,
}

impl Window {
    /// An empty one for lines of up to `cap` bytes.
    pub fn new(cap: usize) -> io::Result<Self> {
        // Twice the cap, so that half a line can always be moved to a place it does not overlap.
        let size = HEADER + 2 * (cap + READ_MAX);
        let memory = SharedMemory::create("callmux-window", size)?;
        let mut window = Self { memory, start: HEADER, end: HEADER, searched: HEADER, cap };
        window.keep_start();
        Ok(window)
    }

    /// The one an earlier process had, with what it left there.
    pub fn adopt(fd: OwnedFd, cap: usize) -> io::Result<Self> {
        let mut memory = SharedMemory::adopt(fd)?;
        let size = memory.bytes().len();
        let header = memory.bytes().first_chunk().copied().unwrap_or_default();
        let start = usize::try_from(u64::from_ne_bytes(header)).unwrap_or(0);
        let room = (size.saturating_sub(HEADER) / 2).checked_sub(READ_MAX).filter(|room| *room > 0);
        let (true, Some(room)) = ((HEADER..size).contains(&start), room) else {
            return Err(io::Error::other("no window of ours"));
        };
        let left = &memory.bytes()[start..];
        let end = start + memchr::memchr(0, left).unwrap_or(left.len());
        // A copy that was not finished may lie behind.
        memory.clear(end, size);
        Ok(Self { memory, start, end, searched: start, cap: cap.min(room) })
    }

    fn keep_start(&mut self) {
        let start = (self.start as u64).to_ne_bytes();
        self.memory.bytes_mut()[..8].copy_from_slice(&start);
    }

    /// Where the next bytes are to be read to.
    pub fn room(&mut self) -> &mut [u8] {
        let size = self.memory.bytes().len();
        if size - self.end < READ_MIN {
            self.move_to_front();
        }
        let until = size.min(self.end + READ_MAX);
        &mut self.memory.bytes_mut()[self.end..until]
    }

    fn move_to_front(&mut self) {
        let (start, end) = (self.start, self.end);
        self.memory.bytes_mut().copy_within(start..end, HEADER);
        self.searched -= start - HEADER;
        (self.start, self.end) = (HEADER, HEADER + end - start);
        // From here on the copy counts.
        self.keep_start();
        self.memory.clear(self.end, end);
    }

    /// So many bytes were read.
    pub fn read(&mut self, count: usize) {
        self.end += count;
    }

    /// The next complete line, if there is one. It stays until [`Window::release`].
    pub fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let text = &self.memory.bytes()[..self.end];
        let found = lines::find(text, &mut self.start, &mut self.searched, self.cap)?;
        Ok(found.map(|line| Bytes::copy_from_slice(&text[line])))
    }

    /// Everything that [`Window::next`] has returned was acted on.
    pub fn release(&mut self) {
        let header = self.memory.bytes().first_chunk().copied().unwrap_or_default();
        let from = usize::try_from(u64::from_ne_bytes(header)).unwrap_or(HEADER);
        let to = self.start;
        self.keep_start();
        self.memory.clear(from, to);
        if self.start == self.end {
            (self.start, self.end, self.searched) = (HEADER, HEADER, HEADER);
            self.keep_start();
        }
    }

    /// Bytes read that are not a whole line yet.
    pub fn rest(&self) -> &[u8] {
        &self.memory.bytes()[self.start..self.end]
    }
}

impl AsFd for Window {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::base::random::Jitter;
    use std::os::fd::AsFd;

    fn write(window: &mut Window, bytes: &[u8]) -> usize {
        let room = window.room();
        let count = bytes.len().min(room.len());
        room[..count].copy_from_slice(&bytes[..count]);
        count
    }

    /// What reaches us over any ends of our process is what was sent, from the first line that was
    /// not surely acted on.
    #[test]
    fn nothing_is_lost_whenever_the_process_ends() {
        for seed in 0..200 {
            let mut random = Jitter::seeded(seed);
            let mut draw = |limit: u64| usize::try_from(random.next() % limit).unwrap();
            let lines: Vec<String> = (0..40)
                .map(|n| {
                    format!(
                        "{n}:{}",
                        "x".repeat(if draw(8) == 0 { draw(90_000) } else { draw(200) })
                    )
                })
                .collect();
            let stream: Vec<u8> =
                lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
            let mut window = Window::new(100_000).unwrap();
            let (mut sent, mut acted) = (0, Vec::new());
            let mut released = 0;
            while acted.last() != lines.last() {
                if sent < stream.len() {
                    let upto = stream.len().min(sent + 1 + draw(70_000));
                    let count = write(&mut window, &stream[sent..upto]);
                    sent += count;
                    // The process may end before it knows that it read.
                    if draw(20) != 0 {
                        window.read(count);
                    } else {
                        let kept = window.as_fd().try_clone_to_owned().unwrap();
                        window = Window::adopt(kept, 100_000).unwrap();
                        acted.truncate(released);
                    }
                }
                while let Some(line) = window.next().unwrap() {
                    acted.push(String::from_utf8(line.to_vec()).unwrap());
                    if draw(10) == 0 {
                        break;
                    }
                }
                match draw(6) {
                    0 => {
                        let kept = window.as_fd().try_clone_to_owned().unwrap();
                        window = Window::adopt(kept, 100_000).unwrap();
                        acted.truncate(released);
                    }
                    1..3 => {}
                    _ => {
                        window.release();
                        released = acted.len();
                    }
                }
            }
            assert_eq!(acted, lines, "seed {seed}");
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        let memory = crate::handover::SharedMemory::create("other", 1 << 22).unwrap();
        let fd = memory.as_fd().try_clone_to_owned().unwrap();
        assert!(Window::adopt(fd, 1000).is_err());
    }

    #[test]
    fn memory_without_room_for_a_line_is_refused() {
        for size in [4096, 1 << 20, 1 << 21, (1 << 21) + 64, (1 << 21) + 65] {
            let mut memory = crate::handover::SharedMemory::create("small", size).unwrap();
            memory.bytes_mut()[..8].copy_from_slice(&70_u64.to_ne_bytes());
            let fd = memory.as_fd().try_clone_to_owned().unwrap();
            assert!(Window::adopt(fd, 1000).is_err(), "{size}");
        }
    }
}
