//! How callmux proves itself to a server.

use std::time::Duration;

use crate::base::Secret;

/// `[servers.NAME.auth]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    #[default]
    None,
    /// This token.
    Bearer(Secret),
    /// What this program prints.
    Command {
        /// The program and its arguments.
        words: Vec<Secret>,
        /// How long a token is used that does not say so itself.
        ttl: Duration,
    },
    Oauth(Oauth),
}

/// Keys of `type = "oauth"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oauth {
    /// Empty: those that the server names.
    pub scopes: Vec<String>,
    /// Both are there if `grant` is that of client credentials.
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    /// `https` with a path.
    pub client_metadata_url: Option<String>,
    pub grant: Grant,
    /// `None`: any that is free.
    pub callback_port: Option<u16>,
}

/// How an access token is obtained (RFC 6749, section 1.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grant {
    #[default]
    AuthorizationCode,
    ClientCredentials,
}
