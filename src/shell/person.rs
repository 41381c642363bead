//! Whoever sits at the terminal.

use std::io;

use rustix::fs::{Mode, OFlags};
use tokio::net::unix::pipe::Receiver;

use crate::terminal::print;

/// The longest line that is taken, in bytes.
const LINE_MAX: usize = 64 << 10;

/// The terminal that we run at, whatever stdin and stdout are.
pub(super) struct Person {
    terminal: Receiver,
    typed: Vec<u8>,
}

impl Person {
    /// The person, if somebody reads what is written to stderr and can type.
    pub(super) fn find() -> Option<Self> {
        if !print::is_watched() {
            return None;
        }
        // Opened anew, so that others who have the terminal keep their blocking mode.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
        // It can be waited for like a pipe.
        let terminal = Receiver::from_owned_fd_unchecked(terminal).ok()?;
        Some(Self { terminal, typed: Vec::new() })
    }

    /// What they answer to `prompt`, in one line; `None`: they end their input.
    pub(super) async fn line(&mut self, prompt: &str) -> Option<String> {
        print::prompt(prompt);
        loop {
            if let Some(end) = self.typed.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.typed.drain(..=end).collect();
                return Some(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
            match self.read().await {
                Ok(1..) if self.typed.len() < LINE_MAX => {}
                Ok(_) | Err(_) => {
                    print::note("");
                    return None;
                }
            }
        }
    }

    /// Reads what is there, or waits for it. A read from a terminal ends at the end of a line, whether
    /// there is more or not (termios(3), "Canonical and noncanonical mode"): only one that would block
    /// says that everything was read.
    async fn read(&mut self) -> io::Result<usize> {
        loop {
            self.terminal.readable().await?;
            match self.terminal.try_read_buf(&mut self.typed) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}
