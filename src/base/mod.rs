//! Small things every room stands on: names, ids, secrets, paths, tasks, time.
//!
//! # Knows
//! Value types and their rules, where the user's directories are, how a file is replaced
//! atomically, how a program is run for what it prints, how tasks are named and cancelled, how work on
//! large values leaves the loop, how a text from outside is quoted.
//!
//! # Does not know
//! MCP, HTTP, configuration keys.
//!
//! # How to read it
//! Each file stands alone; [`names`] and [`tasks`] are used everywhere.

pub mod backoff;
pub mod dirs;
pub mod fd_store;
pub mod file;
pub mod fingerprint;
pub mod id;
pub mod large;
pub mod memory;
pub mod names;
pub mod program;
pub mod pulse;
pub mod quote;
pub mod random;
pub mod records;
pub mod secret;
pub mod shared_memory;
pub mod stdio;
pub mod tasks;
pub mod write;

pub use backoff::Backoff;
pub use fingerprint::fingerprint;
pub use id::{CallId, SessionId};
pub use names::ServerName;
pub use pulse::Pulse;
pub use quote::quoted;
pub use secret::Secret;
pub use shared_memory::SharedMemory;
pub use tasks::Tasks;
