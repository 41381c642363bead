//! What an operator has done with one server.

use super::server::Phase;

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Start,
    Stop,
    Restart,
    /// Have a server that waits for its next try make it now.
    Retry,
    /// Look again at what was accepted of what it offers.
    Review,
    Login,
    Logout,
}

impl Order {
    /// The order's word in paths and in facts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Retry => "retry",
            Self::Review => "review",
            Self::Login => "login",
            Self::Logout => "logout",
        }
    }

    /// How a server is that did what it was told.
    pub fn aim(self) -> Phase {
        if self == Self::Stop { Phase::Stopped } else { Phase::Ready }
    }
}
