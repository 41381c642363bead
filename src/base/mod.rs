//! Small things every room stands on: names, ids, secrets, paths, tasks, time.
//!
//! # Knows
//! Value types and their rules, where the user's directories and the daemon's socket are, how a file is replaced
//! atomically, read safely and held by one process, which files and directories are trusted, how text of others is shown or quoted, how a
//! program is run for what it prints, which processes are our own, how tasks are named and cancelled, which work is done beside the
//! loop, which name was meant, how long and when is said, what is asked of who is at the other end.
//!
//! # Does not know
//! MCP, HTTP, configuration keys.
//!
//! # How to read it
//! Each file stands alone; [`names`] and [`tasks`] are used everywhere.

pub mod aside;
pub mod backoff;
pub mod children;
pub mod clip;
pub mod core_dump;
pub mod count;
pub mod descriptors;
pub mod dirs;
pub mod executable;
pub mod file;
pub mod file_lock;
pub mod fingerprint;
pub mod id;
pub mod large;
pub mod local_time;
pub mod lock;
pub mod memory;
pub mod names;
pub mod nearest;
pub mod peer_facts;
pub mod principal;
pub mod private_dir;
pub mod program;
pub mod pulse;
pub mod quote;
pub mod random;
pub mod runtime;
pub mod runtime_dir;
pub mod secret;
pub mod span;
pub mod stdio;
pub mod tasks;
pub mod trust;
pub mod visible;
pub mod workplace;
pub mod write;

pub use aside::aside;
pub use backoff::Backoff;
pub use count::Count;
pub use file_lock::FileLock;
pub use fingerprint::fingerprint;
pub use id::{CallId, SessionId};
pub use local_time::LocalTime;
pub use lock::Lock;
pub use names::ServerName;
pub use principal::Principal;
pub use pulse::Pulse;
pub use quote::quoted;
pub use secret::Secret;
pub use span::Span;
pub use tasks::Tasks;
pub use workplace::Workplace;
