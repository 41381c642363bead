//! How callmux proves itself to a server.

use std::time::Duration;

use crate::base::Secret;

/// `[servers.NAME.auth]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Not at all, unless the server turns out to want a login and somebody logs in.
    #[default]
    Unsaid,
    /// Not at all.
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
    Oauth(Box<Oauth>),
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
    /// `http` on this machine; without a port any that is free is meant.
    pub redirect_uri: Option<String>,
    /// Whom a client that registers itself says to be.
    pub client_name: Option<String>,
    /// What the authorization server calls itself.
    pub issuer: Option<String>,
    /// It may call itself anything.
    pub allow_issuer_mismatch: bool,
    pub endpoints: Endpoints,
    pub open_browser: OpenBrowser,
}

/// When a login is begun by itself, in the user's browser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OpenBrowser {
    #[default]
    Never,
    /// When the server starts and wants one.
    AtStart,
}

/// Endpoints that the user names in place of those that the authorization server names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    pub authorization: Option<String>,
    pub token: Option<String>,
    pub registration: Option<String>,
}

/// How an access token is obtained (RFC 6749, section 1.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grant {
    #[default]
    AuthorizationCode,
    ClientCredentials,
}
