//! Who is calling.

use std::sync::Arc;

/// Somebody who has proved who they are. Everything stored for a caller is kept under this.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A process of this user, known by the kernel's word.
    User(u32),
}

impl Principal {
    /// The user this process runs as.
    pub fn own() -> Self {
        Self::User(rustix::process::getuid().as_raw())
    }

    /// A number that no other principal has.
    pub fn number(&self) -> u64 {
        match self {
            Self::User(uid) => u64::from(*uid),
        }
    }

    /// As the journal and the policy name it: `user:1000`.
    pub fn label(&self) -> Arc<str> {
        match self {
            Self::User(uid) => format!("user:{uid}").into(),
        }
    }
}
