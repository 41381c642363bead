//! Why there is no response, and what can be said of that.

use std::{error, io};

use super::tls;

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no connection.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It cannot even be tried.
    #[error("no certificates to check its own by: {0}")]
    NoCertificates(io::Error),
    /// Nobody was asked.
    #[error("it names an address that it has no business with")]
    TooNear,
    /// It cannot even be tried.
    #[error("its `url` names no server")]
    NoServer,
    /// It cannot even be tried.
    #[error("its proxy speaks {0}, and callmux only http and https; set `proxy` or `NO_PROXY`")]
    ProxyScheme(String),
    /// The server may have got the request.
    #[error("its connection broke: {0}")]
    Broken(String),
}

/// What lies below an error, whose own text says little.
pub fn reason(error: &dyn error::Error) -> String {
    match error.source() {
        Some(cause) => causes(cause),
        None => error.to_string(),
    }
}

/// Why there is no connection.
pub fn unconnected(error: &(dyn error::Error + 'static)) -> String {
    tls::reason(error).unwrap_or_else(|| causes(error))
}

/// An error and all that led to it.
fn causes(error: &dyn error::Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some layers repeat what is below them.
        if causes.last().is_none_or(|last| !last.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes.join(": ")
}
