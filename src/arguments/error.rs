//! What is wrong with an argument, where it stands, and what to do about it.

use std::error::Error;
use std::io;

use super::bounds::{BYTES_MAX, REFERENCES_MAX};
use crate::json::PathError;

/// Why the arguments of a call could not be completed. `at` is the place in the arguments, for
/// example `arguments.body.items[2]`. The call is not sent; with other arguments it may be made again.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    #[error("invalid {keyword} reference at {at}: {why}")]
    Invalid { keyword: &'static str, at: String, why: ReferenceFlaw },
    #[error("the reference at {at} is one too many: a call has at most {REFERENCES_MAX}")]
    TooMany { at: String },
    #[error(
        "the reference at {at} is too large: those of a call come to at most {BYTES_MAX} bytes"
    )]
    TooMuch { at: String },
    #[error("file reference at {at} {problem}: {path}")]
    File { at: String, path: String, problem: FileProblem },
    #[error("stored result at {at}: {problem}")]
    Stored { at: String, problem: StoredProblem },
}

/// Why there is no such part of a stored result.
#[derive(Debug, thiserror::Error)]
pub enum StoredProblem {
    /// There is no such result, or it cannot be read.
    #[error("{0}")]
    Result(Box<dyn Error + Send + Sync>),
    #[error("{0}")]
    Path(#[from] PathError),
    #[error("{reference} has nothing at {path}")]
    Nothing { reference: String, path: String },
}

/// What is wrong with how a reference is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceFlaw {
    /// A member that is of another type.
    #[error("{0} must be {1}")]
    Type(&'static str, &'static str),
    #[error("maxBytes must be a whole number from 1 to {max}, not {found}")]
    MaxBytes { max: u64, found: String },
    #[error("unexpected keys [{more}]; beside {known} there is none")]
    Keys { more: String, known: String },
    #[error("it comes to more than {BYTES_MAX} bytes")]
    Long,
}

/// What is wrong with a file that arguments refer to.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    #[error(
        "is not allowed (no directory is open to file references; name one under `file_roots` \
         in the config, or use a client that works in a directory; who presents a token works in none)"
    )]
    NoRoot,
    #[error(
        "lies outside of the client's working directory and of the directories that \
         `file_roots` in the config names"
    )]
    Outside,
    #[error("is relative, and the client works in no directory (write an absolute path)")]
    Relative,
    #[error("begins with `~`, and there is no home directory (write an absolute path)")]
    NoHome,
    #[error("is not opened, as this system cannot confine it (openat2, Linux 5.6)")]
    Unconfined,
    #[error("is not a regular file")]
    Kind,
    #[error("exceeds maxBytes ({actual} > {max})")]
    Size { actual: u64, max: u64 },
    #[error("is not UTF-8 text (at byte {0})")]
    Text(usize),
    #[error("is not {format} that can be used ({why})")]
    Format { format: &'static str, why: String },
    #[error("cannot be read ({0})")]
    Io(#[from] io::Error),
}
