//! How a browser carries a visit.
//!
//! Cookies are sent to every port of a host (RFC 6265, section 8.5). So the name says which daemon one is of.

use crate::base::Secret;

const PREFIX: &str = "callmux_ui_";
/// In place of a path: where the page is that the browser asked for (RFC 6265, section 5.1.4). A page without a script
/// cannot say below which path of a proxy that is; the browser knows.
pub const BESIDE: &str = "";
/// A longer path is none of ours, in bytes.
const PATH_MAX: usize = 200;

/// What the cookies of a request say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// The secret of a visit to this daemon.
    Own(Secret),
    /// One of another daemon, or of one before this.
    Other,
    None,
}

/// Reads the `Cookie` headers of a request.
pub fn carried<'a>(headers: impl IntoIterator<Item = &'a str>, instance: &str) -> Carried {
    let mut found = Carried::None;
    let pairs = headers.into_iter().flat_map(|header| header.split(';'));
    for (name, value) in pairs.filter_map(|pair| pair.trim().split_once('=')) {
        match name.strip_prefix(PREFIX) {
            Some(of) if of == instance => return Carried::Own(Secret::new(value.to_owned())),
            Some(_) => found = Carried::Other,
            None => {}
        }
    }
    found
}

/// The value of `Set-Cookie` that has a browser carry a visit: until it is closed, to nobody else, and where
/// no script reads it.
pub fn begins(visit: &Secret, instance: &str, path: &str, is_secure: bool) -> Secret {
    Secret::new(format!("{PREFIX}{instance}={}{}", visit.expose(), attributes(path, is_secure)))
}

/// The one that has it forget that.
pub fn ends(instance: &str, path: &str, is_secure: bool) -> String {
    format!("{PREFIX}{instance}=; Max-Age=0{}", attributes(path, is_secure))
}

fn attributes(path: &str, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    let path = if path == BESIDE { String::new() } else { format!("; Path={path}") };
    format!("{path}; HttpOnly; SameSite=Strict{secure}")
}

/// Below which path the page says that it is, which is another one behind a proxy; `/` if that is none. A
/// page has no word in whose cookie it is, only in where its own browser sends it.
pub fn path(said: Option<&str>) -> &str {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/_-.~".contains(&b);
    let is_path = |path: &&str| {
        let is_whole = path.starts_with('/') && path.ends_with('/') && !path.contains("//");
        is_whole && path.len() <= PATH_MAX && path.bytes().all(is_plain)
    };
    said.filter(is_path).unwrap_or("/")
}
