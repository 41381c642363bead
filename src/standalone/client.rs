//! Whether a client started us.

use std::os::fd::AsFd;

use rustix::fs::{FileType, fstat};

/// Whether somebody may speak to us on stdin: it is a pipe or a socket, as clients give their servers. A
/// person has a terminal there, and services have `/dev/null`.
pub fn is_there() -> bool {
    let stdin = std::io::stdin();
    let found = fstat(stdin.as_fd());
    found.is_ok_and(|found| {
        matches!(FileType::from_raw_mode(found.st_mode), FileType::Fifo | FileType::Socket)
    })
}
