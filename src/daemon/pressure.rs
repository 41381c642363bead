//! Whether memory is short, as systemd has a service wait for it (systemd.io/MEMORY_PRESSURE).
//!
//! `$MEMORY_PRESSURE_WATCH` names a file of the kernel's (PSI), a FIFO or a socket, and
//! `$MEMORY_PRESSURE_WRITE` what is to be written there first. Managers before systemd 254 name none;
//! then it is the file of our own control group, if we may.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

use crate::base::file;

pub const WATCH: &str = "MEMORY_PRESSURE_WATCH";
pub const WRITE: &str = "MEMORY_PRESSURE_WRITE";
/// What systemd writes by default: that somebody waited for memory for 200 ms within 2 s. The kernel puts
/// an end in the place of the last byte.
const USUAL: &[u8] = b"some 200000 2000000\0";
/// What one may be told, in bytes.
const WRITE_MAX: usize = 4096;
/// How long the list of our control groups may be, in bytes.
const GROUPS_MAX: u64 = 64 * 1024;
/// How often anything is to be done about it.
const APART: Duration = Duration::from_secs(1);

/// Where it is seen that memory is short.
#[derive(Debug)]
pub struct MemoryPressure {
    place: AsyncFd<OwnedFd>,
    /// It is a file of the kernel's, from which nothing is read.
    is_psi: bool,
    /// When we look at it again.
    next: Instant,
}

impl MemoryPressure {
    /// As the environment says. `None` where it cannot be seen, or is not to be. In a runtime.
    pub fn watched() -> Option<Self> {
        let (path, told) = match std::env::var_os(WATCH) {
            Some(path) => (PathBuf::from(path), told(std::env::var(WRITE).ok().as_deref())?),
            None => (own_file()?, USUAL.to_vec()),
        };
        if path == Path::new("/dev/null") || !path.is_absolute() {
            return None;
        }
        let opened = Self::open(&path, &told);
        let failed = |error: &io::Error| {
            tracing::debug!(%error, path = %path.display(), "memory pressure is not seen");
        };
        opened.inspect_err(failed).ok()
    }

    fn open(path: &Path, told: &[u8]) -> io::Result<Self> {
        let kind = path.metadata()?.file_type();
        let (is_psi, place) = if kind.is_socket() {
            let mut socket = UnixStream::connect(path)?;
            socket.set_nonblocking(true)?;
            socket.write_all(told)?;
            (false, OwnedFd::from(socket))
        } else if kind.is_fifo() || kind.is_file() {
            // A FIFO that we may write to as well never ends.
            let write = !told.is_empty() || kind.is_fifo();
            let mut options = OpenOptions::new();
            options.read(true).write(write).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
            let mut file: File = options.open(path)?;
            if !told.is_empty() {
                file.write_all(told)?;
            }
            (kind.is_file(), OwnedFd::from(file))
        } else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let interest = if is_psi { Interest::PRIORITY } else { Interest::READABLE };
        #[expect(unsafe_code, reason = "the safe constructors are deprecated")]
        // SAFETY: an OwnedFd is the same open descriptor for as long as it lives, and is not let out.
        let place = unsafe { AsyncFd::register_with_interest(place, interest) };
        Ok(Self { place: place?, is_psi, next: Instant::now() })
    }

    /// Waits until memory is short; for ever, if that cannot be seen any more.
    pub async fn comes(&mut self) {
        tokio::time::sleep_until(self.next).await;
        if !self.is_told().await {
            std::future::pending::<()>().await;
        }
        self.next = Instant::now() + APART;
    }

    async fn is_told(&self) -> bool {
        let interest = if self.is_psi { Interest::PRIORITY } else { Interest::READABLE };
        loop {
            let Ok(mut ready) = self.place.ready(interest).await else { return false };
            if self.is_psi {
                ready.clear_ready();
                return true;
            }
            let (mut buffer, mut came) = ([0; 512], 0);
            loop {
                match rustix::io::read(&self.place, &mut buffer) {
                    Ok(0) => return came > 0,
                    // Who writes without an end is told again later.
                    Ok(_) if came >= WRITE_MAX => return true,
                    Ok(read) => came += read,
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => break,
                    Err(_) => return false,
                }
            }
            ready.clear_ready();
            if came > 0 {
                return true;
            }
        }
    }
}

/// What is to be written first. `None` if that is nothing that can be meant.
fn told(encoded: Option<&str>) -> Option<Vec<u8>> {
    let encoded = encoded.unwrap_or_default();
    if encoded.len() > WRITE_MAX {
        return None;
    }
    STANDARD.decode(encoded).ok()
}

/// That of our own control group.
fn own_file() -> Option<PathBuf> {
    let groups = file::read(Path::new("/proc/self/cgroup"), GROUPS_MAX).ok()?;
    let groups = String::from_utf8(groups).ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let file = Path::new("/sys/fs/cgroup").join(group).join("memory.pressure");
    file.exists().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::{MemoryPressure, told};
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn it_is_told_by_a_fifo_and_not_all_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        let mut pressure = MemoryPressure::open(&path, b"").unwrap();
        let tell = || std::fs::OpenOptions::new().write(true).open(&path).unwrap().write(b"xx");
        for _ in 0..3 {
            let began = Instant::now();
            assert_eq!(tell().unwrap(), 2);
            pressure.comes().await;
            assert!(pressure.next > began);
        }
    }

    #[tokio::test]
    async fn a_socket_is_told_what_is_wanted_of_it_and_may_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let pressure = MemoryPressure::open(&path, &told(Some("aGVsbG8=")).unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let mut heard = [0; 5];
        far.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
        far.write_all(b"!").unwrap();
        assert!(pressure.is_told().await);
        drop(far);
        assert!(!pressure.is_told().await);
    }

    #[tokio::test]
    async fn what_is_nothing_of_the_kind_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::File::create(&path).unwrap();
        assert!(MemoryPressure::open(&path, b"").is_err(), "nobody can wait for it");
        assert!(MemoryPressure::open(&dir.path().join("none"), b"").is_err());
        assert_eq!(told(Some("no base64!")), None);
        assert_eq!(told(None), Some(Vec::new()));
    }
}
