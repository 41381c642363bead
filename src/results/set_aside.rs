//! Bytes that lie in a file instead of in memory until they are needed again.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::ptr::NonNull;

use bytes::Bytes;
use rustix::fs::{Mode, OFlags};
use rustix::mm::{MapFlags, ProtFlags};

/// The bytes, mapped. The file has no name (open(2), `O_TMPFILE`) and is open nowhere, so nobody else
/// comes to it, nobody can make it shorter (SIGBUS), and it is gone with the value or with us.
#[derive(Debug)]
pub struct SetAside {
    start: NonNull<u8>,
    len: usize,
}

#[expect(unsafe_code, reason = "the mapping belongs to the value and to nothing else")]
// SAFETY: nobody writes to the mapping, and only the value's end unmaps it.
unsafe impl Send for SetAside {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for SetAside {}

impl SetAside {
    /// Writes the parts, one behind the other, to a file in `dir`. They must not be empty.
    pub fn new(dir: &Path, parts: &[Bytes]) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let fd = rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR)?;
        let mut file = File::from(fd);
        parts.iter().try_for_each(|part| file.write_all(part))?;
        let len = parts.iter().map(Bytes::len).sum();
        #[expect(unsafe_code, reason = "there is no safe way to map a file")]
        // SAFETY: a new mapping that overlaps nothing; the file keeps its length.
        let start = unsafe {
            let (read, shared) = (ProtFlags::READ, MapFlags::SHARED);
            rustix::mm::mmap(std::ptr::null_mut(), len, read, shared, &file, 0)?
        };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }
}

impl AsRef<[u8]> for SetAside {
    fn as_ref(&self) -> &[u8] {
        #[expect(unsafe_code, reason = "the mapping as a slice")]
        // SAFETY: mapped, written in full, and changed by nobody.
        unsafe {
            std::slice::from_raw_parts(self.start.as_ptr(), self.len)
        }
    }
}

impl Drop for SetAside {
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
    use super::SetAside;
    use bytes::Bytes;

    #[test]
    fn bytes_come_back_and_leave_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let parts = [Bytes::from("one"), Bytes::new(), Bytes::from(vec![b'x'; 100_000])];
        let aside = SetAside::new(dir.path(), &parts).unwrap();
        assert_eq!(aside.as_ref(), parts.concat());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let bytes = Bytes::from_owner(aside);
        drop(dir);
        assert!(bytes.slice(3..).iter().all(|byte| *byte == b'x'));
    }

    #[test]
    fn without_a_directory_there_is_none() {
        assert!(SetAside::new("/nonexistent".as_ref(), &[Bytes::from("x")]).is_err());
    }
}
