//! Memory that outlives the process: a memfd (memfd_create(2)) that someone else, such as the fd
//! store of systemd, also holds.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Beyond so many bytes memory is given back rather than overwritten, which is slower to use again.
const GIVE_BACK: usize = 2 * 1024 * 1024;

/// A mapped memfd of a fixed size. Pages that were never written take no memory and read as zero.
#[derive(Debug)]
pub struct SharedMemory {
    fd: OwnedFd,
    start: NonNull<u8>,
    len: usize,
}

#[expect(unsafe_code, reason = "the mapping belongs to the value and to nothing else")]
// SAFETY: the pointer is to a mapping that only this value unmaps, and only through `&mut self` is
// it written.
unsafe impl Send for SharedMemory {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// A new one of `len` bytes; `name` shows in `/proc/PID/maps`.
    pub fn create(name: &str, len: usize) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = rustix::fs::memfd_create(name, flags)?;
        rustix::fs::ftruncate(&fd, len as u64)?;
        // Nobody can take away what is mapped (SIGBUS).
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK)?;
        Self::map(fd, len)
    }

    /// What an earlier process created.
    pub fn adopt(fd: OwnedFd) -> io::Result<Self> {
        let is_sealed = rustix::fs::fcntl_get_seals(&fd)?.contains(SealFlags::SHRINK);
        let len = usize::try_from(rustix::fs::fstat(&fd)?.st_size).unwrap_or(0);
        if !is_sealed || len == 0 {
            return Err(io::Error::other("not memory of ours"));
        }
        Self::map(fd, len)
    }

    fn map(fd: OwnedFd, len: usize) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        #[expect(unsafe_code, reason = "there is no safe way to map a file")]
        // SAFETY: a new mapping that overlaps nothing; the file cannot shrink.
        let start = unsafe {
            rustix::mm::mmap(std::ptr::null_mut(), len, protection, MapFlags::SHARED, &fd, 0)?
        };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { fd, start, len })
    }

    pub fn bytes(&self) -> &[u8] {
        #[expect(unsafe_code, reason = "the mapping as a slice")]
        // SAFETY: mapped, initialised by the kernel, and written only through `&mut self`.
        unsafe {
            std::slice::from_raw_parts(self.start.as_ptr(), self.len)
        }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        #[expect(unsafe_code, reason = "the mapping as a slice")]
        // SAFETY: as above; `&mut self` is the only way to it.
        unsafe {
            std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len)
        }
    }

    /// Sets a range to zero, and gives its memory back if it is large.
    pub fn clear(&mut self, from: usize, to: usize) {
        let page = rustix::param::page_size();
        let first = from.next_multiple_of(page);
        let last = to / page * page;
        if to - from < GIVE_BACK || first >= last || !self.give_back(first, last) {
            self.bytes_mut()[from..to].fill(0);
        } else {
            self.bytes_mut()[from..first].fill(0);
            self.bytes_mut()[last..to].fill(0);
        }
    }

    fn give_back(&mut self, from: usize, to: usize) -> bool {
        let pages = self.bytes_mut()[from..to].as_mut_ptr().cast();
        #[expect(unsafe_code, reason = "no safe wrapper exists")]
        // SAFETY: whole pages of our own mapping, which read as zero afterwards.
        unsafe {
            rustix::mm::madvise(pages, to - from, Advice::LinuxRemove).is_ok()
        }
    }
}

impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the mapping ends with its value")]
        // SAFETY: mapped by us, and no slice outlives the value.
        unsafe {
            _ = rustix::mm::munmap(self.start.as_ptr().cast(), self.len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SharedMemory;
    use std::os::fd::AsFd;

    #[test]
    fn what_is_written_is_there_for_the_next_process() {
        let mut memory = SharedMemory::create("test", 1 << 23).unwrap();
        let kept = memory.as_fd().try_clone_to_owned().unwrap();
        memory.bytes_mut().fill(7);
        memory.clear(5000, 5010);
        memory.clear(100_000, 900_000);
        memory.clear(1_000_000, 8_000_000);
        drop(memory);
        let found = SharedMemory::adopt(kept).unwrap();
        let zeros: Vec<usize> = (0..1 << 23).filter(|at| found.bytes()[*at] == 0).collect();
        let expected: Vec<usize> =
            (5000..5010).chain(100_000..900_000).chain(1_000_000..8_000_000).collect();
        assert_eq!(zeros, expected);
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let file = tempfile::tempfile().unwrap();
        assert!(SharedMemory::adopt(file.into()).is_err());
    }
}
