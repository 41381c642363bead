//! The process at the other end of a connection, and no later one that got its number.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Arc, OnceLock};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::ClockId;

use super::look::{Seen, is_ours, look};
use super::stat::Stat;
use crate::base::Lock;
use crate::base::peer_facts::{KnownFact, PeerFact, PeerFacts, SharedPeer};

/// `SO_PEERPIDFD` of asm-generic/socket.h, since Linux 6.5.
const PEER_PIDFD: libc::c_int = 77;

/// Such a process. Whoever asks nothing of it pays nothing: it is looked at once, when the first rule asks.
#[derive(Debug)]
pub struct PeerProcess {
    pid: u32,
    /// When it was let in, in ticks since the machine was started. A process with its number that began
    /// later is another.
    came: u64,
    /// By this the kernel knows it, whatever becomes of its number; until it was looked at.
    handle: Lock<Option<OwnedFd>>,
    seen: OnceLock<Seen>,
}

impl PeerProcess {
    /// The process that the kernel names as the one that connected. `is_asked_for`: there are rules that
    /// ask what it is, so that its handle is worth a descriptor.
    pub fn of(socket: impl AsFd, pid: u32, is_asked_for: bool) -> SharedPeer {
        let handle = if is_asked_for { handle_of(socket).ok() } else { None };
        Arc::new(Self { pid, came: now(), handle: Lock::new(handle), seen: OnceLock::new() })
    }

    /// This process, for a client that started it.
    pub fn own() -> SharedPeer {
        let (pid, came) = (std::process::id(), now());
        Arc::new(Self { pid, came, handle: Lock::default(), seen: OnceLock::new() })
    }

    /// The process as it is now, unless another has its number.
    fn stat(&self) -> Option<Stat> {
        Stat::of(self.pid).filter(|process| process.started <= self.came)
    }

    fn look(&self) -> Seen {
        let handle = self.handle.lock().take();
        let is_there = || handle.as_ref().is_none_or(is_alive);
        let seen = self.stat().filter(|_| is_there()).map(|process| look(&process));
        // As long as it is there, nobody else had its number.
        let seen = seen.filter(|_| is_there()).unwrap_or_default();
        tracing::debug!(pid = self.pid, ?seen, "looked at the process of a client");
        seen
    }
}

impl PeerFacts for PeerProcess {
    fn number(&self) -> u32 {
        self.pid
    }

    fn told(&self, fact: PeerFact) -> &KnownFact {
        let seen = self.seen.get_or_init(|| self.look());
        match fact {
            PeerFact::Exe => &seen.exe,
            PeerFact::Unit => &seen.unit,
            PeerFact::Cwd => &seen.cwd,
        }
    }

    fn is_own_program(&self) -> bool {
        self.stat().is_some_and(|process| is_ours(&process))
    }

    fn end(&self) -> io::Result<Option<OwnedFd>> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let handle = match pidfd_open(pid.ok_or(io::ErrorKind::NotFound)?, PidfdFlags::NONBLOCK) {
            Err(Errno::SRCH) => return Ok(None),
            handle => handle?,
        };
        // Asked afterwards: the handle is of whoever has the number now.
        Ok(self.stat().map(|_| handle))
    }
}

/// The time by which proc_pid_stat(5) says when a process began.
fn now() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Boottime);
    let ticks = rustix::param::clock_ticks_per_second();
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let rest = u64::try_from(now.tv_nsec).unwrap_or_default() * ticks / 1_000_000_000;
    seconds * ticks + rest
}

/// The handle of whoever connected, who may be gone.
fn handle_of(socket: impl AsFd) -> io::Result<OwnedFd> {
    let mut handle: libc::c_int = -1;
    let mut length = libc::socklen_t::try_from(size_of_val(&handle)).unwrap_or_default();
    let socket = socket.as_fd().as_raw_fd();
    #[expect(unsafe_code, reason = "no safe wrapper knows this option")]
    // SAFETY: the kernel writes at most `length` bytes, into `handle`.
    let done = unsafe {
        libc::getsockopt(
            socket,
            libc::SOL_SOCKET,
            PEER_PIDFD,
            (&raw mut handle).cast(),
            &raw mut length,
        )
    };
    if done != 0 || handle < 0 {
        return Err(io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "the descriptor is new, and nobody else has it")]
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(handle) })
}

/// Whether the process has not ended: then its handle can be read (pidfd_open(2)).
fn is_alive(handle: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(handle, PollFlags::IN)];
    poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready == 0)
}

#[cfg(test)]
mod tests {
    use super::{PeerProcess, handle_of, is_alive, now};
    use crate::base::peer_facts::{PeerFact, PeerFacts};
    use crate::base::{Lock, children};
    use std::os::unix::net::UnixStream;
    use std::process::Command;
    use std::sync::OnceLock;

    fn came(pid: u32, came: u64) -> PeerProcess {
        PeerProcess { pid, came, handle: Lock::default(), seen: OnceLock::new() }
    }

    #[test]
    fn who_has_the_number_by_now_is_not_taken_for_who_had_it() {
        let (one, _other) = UnixStream::pair().unwrap();
        // This process stands for whoever started it, who may not be known.
        let mut sleeper = Command::new("sleep");
        let mut sleeper = children::start(sleeper.arg("600")).unwrap().0;
        let pid = sleeper.id();
        for is_asked_for in [true, false] {
            let peer = PeerProcess::of(&one, pid, is_asked_for);
            let exe = peer.told(PeerFact::Exe);
            assert!(!exe.names.is_empty(), "{is_asked_for}");
            assert!(std::ptr::eq(exe, peer.told(PeerFact::Exe)), "it is looked at once");
        }
        let began = super::Stat::of(pid).unwrap().started;
        assert!(began <= now());
        assert!(!came(pid, began).told(PeerFact::Exe).names.is_empty());
        assert!(came(pid, began - 1).told(PeerFact::Exe).names.is_empty(), "it began later");
        assert!(!came(u32::MAX, now()).told(PeerFact::Unit).is_all);
        let peer = came(pid, began);
        let end = peer.end().unwrap().unwrap();
        assert!(is_alive(&end) && !peer.is_own_program());
        assert!(came(pid, began - 1).end().unwrap().is_none(), "it began later");
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert!(!is_alive(&end) && peer.end().unwrap().is_none());
        assert!(came(0, now()).end().is_err(), "the kernel does not show it");
    }

    #[test]
    fn the_kernel_knows_it_by_its_handle() {
        let (one, _other) = UnixStream::pair().unwrap();
        match handle_of(&one) {
            Ok(handle) => assert!(is_alive(&handle)),
            // An older kernel has none.
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ENOPROTOOPT), "{error}"),
        }
    }
}
