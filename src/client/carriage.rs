//! What carries a session.

/// How a session reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    Stdio,
    Link,
    Http,
    Sse,
}

impl Carriage {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Link => "link",
            Self::Http => "http",
            Self::Sse => "sse",
        }
    }
}
