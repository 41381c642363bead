//! Our own stdin and stdout without a thread in between, and where they and stderr lead.
//!
//! `tokio::io::stdin` hands every read to a blocking thread, which costs two thread switches per
//! message. Pipes and sockets, which is what clients give us, can be waited for directly; only
//! terminals and regular files take the slow road.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::fs::{FileType, Mode, OFlags};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// The process's standard input.
#[derive(Debug)]
pub enum Input {
    Pipe(pipe::Receiver),
    Socket(UnixStream),
    Threaded(tokio::io::Stdin),
}

/// The process's standard output.
#[derive(Debug)]
pub enum Output {
    Pipe(pipe::Sender),
    Socket(UnixStream),
    Threaded(tokio::io::Stdout),
}

/// Opens both. Must be called inside a runtime with I/O enabled.
pub fn open() -> (Input, Output) {
    let stdin = io::stdin();
    let input = match file_type(stdin.as_fd()) {
        Some(FileType::Fifo) => reopen(stdin.as_fd(), OFlags::RDONLY)
            .and_then(pipe::Receiver::from_owned_fd)
            .map(Input::Pipe),
        Some(FileType::Socket) => socket(stdin.as_fd()).map(Input::Socket),
        _ => Ok(Input::Threaded(tokio::io::stdin())),
    };
    let stdout = io::stdout();
    let output = match file_type(stdout.as_fd()) {
        Some(FileType::Fifo) => reopen(stdout.as_fd(), OFlags::WRONLY)
            .and_then(pipe::Sender::from_owned_fd)
            .map(Output::Pipe),
        Some(FileType::Socket) => socket(stdout.as_fd()).map(Output::Socket),
        _ => Ok(Output::Threaded(tokio::io::stdout())),
    };
    (
        input.unwrap_or_else(|_| Input::Threaded(tokio::io::stdin())),
        output.unwrap_or_else(|_| Output::Threaded(tokio::io::stdout())),
    )
}

fn file_type(fd: BorrowedFd<'_>) -> Option<FileType> {
    Some(FileType::from_raw_mode(rustix::fs::fstat(fd).ok()?.st_mode))
}

/// Opens a pipe anew, so that others who hold the same description keep their blocking mode.
fn reopen(fd: BorrowedFd<'_>, mode: OFlags) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    Ok(rustix::fs::open(path, mode | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?)
}

/// A socket cannot be opened anew: the non-blocking flag is shared with who gave it to us.
fn socket(fd: BorrowedFd<'_>) -> io::Result<UnixStream> {
    if rustix::net::sockopt::socket_domain(fd)? != rustix::net::AddressFamily::UNIX {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let stream = std::os::unix::net::UnixStream::from(fd.try_clone_to_owned()?);
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

impl AsyncRead for Input {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Pipe(pipe) => Pin::new(pipe).poll_read(cx, buf),
            Self::Socket(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Threaded(stdin) => Pin::new(stdin).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Pipe(pipe) => Pin::new(pipe).poll_write(cx, data),
            Self::Socket(socket) => Pin::new(socket).poll_write(cx, data),
            Self::Threaded(stdout) => Pin::new(stdout).poll_write(cx, data),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Pipe(pipe) => Pin::new(pipe).poll_write_vectored(cx, parts),
            Self::Socket(socket) => Pin::new(socket).poll_write_vectored(cx, parts),
            Self::Threaded(stdout) => Pin::new(stdout).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        !matches!(self, Self::Threaded(_))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Pipe(pipe) => Pin::new(pipe).poll_flush(cx),
            Self::Socket(socket) => Pin::new(socket).poll_flush(cx),
            Self::Threaded(stdout) => Pin::new(stdout).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
/// Writes a text to stdout, whoever listens. From then on stdout leads nowhere.
pub fn last_word(text: &[u8]) -> io::Result<()> {
    _ = rustix::io::write(rustix::stdio::stdout(), text);
    let nowhere = rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(rustix::stdio::dup2_stdout(&nowhere)?)
}

/// The file that stderr is, by device and inode.
pub fn file_of_stderr() -> io::Result<(u64, u64)> {
    let found = rustix::fs::fstat(rustix::stdio::stderr())?;
    Ok((found.st_dev, found.st_ino))
}

/// From now on stderr is this file.
pub fn lead_stderr_to(file: &File) -> io::Result<()> {
    Ok(rustix::stdio::dup2_stderr(file)?)
}
