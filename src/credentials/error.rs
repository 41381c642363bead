//! Why there is no credential, no login, or no end of one: in words for people.

use std::time::Duration;

use hyper::StatusCode;

use crate::base::ServerName;

/// What stands in the way of a credential. No text shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    #[error("its token is no text that a header can hold")]
    NoHeader,
    #[error("its `url` is no URL")]
    NoUrl,
    #[error("no certificates to check its own by: {0}")]
    NoCertificates(String),
    #[error("the program of its `auth` {0}")]
    Program(String),
    #[error("it has no `client_secret`")]
    NoClientSecret,
    #[error("its `auth` takes no login")]
    TakesNoLogin,
    #[error("login needed: run `callmux login {0}`")]
    LoginNeeded(ServerName),
    #[error("its token is over and {0}")]
    Over(Box<CredentialError>),
    #[error("its renewal was given up")]
    RenewalGivenUp,
    #[error("is not renewed: {0}")]
    NotRenewed(String),
    #[error("it gave no token: {0}")]
    NoToken(String),
    /// What the other side says, fit for a line.
    #[error("{0}")]
    Said(String),
    /// What it calls itself, and by which name it was found.
    #[error(
        "its authorization server calls itself {0} and not {1}; if that is right, set `issuer = \"{0}\"` in its `auth`"
    )]
    UnexpectedIssuer(String, String),
    #[error(
        "its authorization server does not say who it is; if that is right, set `allow_issuer_mismatch = true` in its `auth`"
    )]
    NamelessIssuer,
    #[error(
        "nothing says where to log in to it ({0}); set `authorization_endpoint` and `token_endpoint` in its `auth`"
    )]
    NoMetadata(String),
    #[error(
        "its authorization server knows no clients that register themselves; register one there and set `client_id` in its `auth`"
    )]
    NoRegistration,
    #[error("its authorization server names an address that is not https")]
    NotHttps,
    #[error(
        "there is no display: neither WAYLAND_DISPLAY nor DISPLAY is set for the daemon or the user manager"
    )]
    NoDisplay,
    /// The program that was to open a browser, and how it failed.
    #[error("{0} does not open a browser: {1}")]
    Opener(&'static str, String),
    #[error("port {0} cannot be used: {1}")]
    Port(u16, String),
    #[error("no port can be had: {0}")]
    NoPort(String),
    #[error("the address to show has no `state`")]
    NoState,
    #[error("no login is under way")]
    NoLogin,
    #[error("the login is over")]
    LoginOver,
    #[error("it was given up")]
    GivenUp,
    #[error("nobody consented within {0:?}")]
    NoConsent(Duration),
    #[error("nothing can come back to its port any more")]
    NoWayBack,
    #[error("that is no address")]
    NoAddress,
    #[error("that address does not belong to this login")]
    OtherLogin,
    #[error("{0} cannot be written: {1}")]
    NotWritten(String, String),
    #[error("`{0}` is no URL")]
    NoEndpoint(String),
    #[error("no answer within {0:?}")]
    NoAnswer(Duration),
    #[error("that took longer than {0:?}")]
    TooSlow(Duration),
    #[error("the server names another authorization server now")]
    OtherIssuer,
    #[error("the authorization server offers no way to")]
    NoRevocation,
    #[error("the authorization server answers with {0}")]
    Status(StatusCode),
    #[error("the authorization server cannot be asked: {0}")]
    NotAsked(Box<CredentialError>),
}
