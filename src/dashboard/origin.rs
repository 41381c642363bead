//! What a browser says of where a request comes from, beside its cookie.
//!
//! A page at another port of the same host is of the same site (RFC 6265bis, "SameSite"), and its requests have the
//! cookie. `Sec-Fetch-Site` tells the two apart (Fetch Metadata), and so does `Origin` (RFC 6454).

/// What the headers of a request say.
#[derive(Debug, Clone, Copy, Default)]
pub struct OriginSaid<'a> {
    pub host: Option<&'a str>,
    pub origin: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub site: Option<&'a str>,
    /// `X-Callmux` is 1, which no page of another origin can add without asking us.
    pub is_marked: bool,
}

/// How a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It only reads; a page of another origin could not.
    Read,
    /// It reads for as long as it can, which costs us something all the time.
    Stream,
    /// It changes something, by a visit.
    Write,
    /// It brings a code. There is nothing to be had yet, and what it is sent by may be no browser.
    Code,
}

/// Why a request is not our page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    #[error("the request comes from a page of another origin")]
    Origin,
    #[error("the request comes from another site, or from a browser that does not say")]
    Site,
}

impl Foreign {
    /// The kind, in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Origin => "ui_origin",
            Self::Site => "ui_site",
        }
    }
}

/// Whether a request is our own page's. `is_secure`: browsers speak TLS to us, be it with a proxy.
pub fn check(said: OriginSaid<'_>, way: Purpose, is_secure: bool) -> Result<(), Foreign> {
    let scheme = if is_secure { "https://" } else { "http://" };
    let is_own = |origin: &str| said.host.is_some() && origin.strip_prefix(scheme) == said.host;
    let origin = match (said.origin, way) {
        (Some(origin), _) => is_own(origin),
        (None, Purpose::Write) => false,
        (None, Purpose::Read | Purpose::Stream | Purpose::Code) => true,
    };
    if !origin {
        return Err(Foreign::Origin);
    }
    let site = match (said.site, way) {
        (Some("same-origin"), _) | (None, Purpose::Read | Purpose::Code) => true,
        // An address that somebody typed, or that another program opened.
        (Some("none"), way) => way == Purpose::Read,
        (Some(_), _) => false,
        (None, Purpose::Stream | Purpose::Write) => said.is_marked,
    };
    if site { Ok(()) } else { Err(Foreign::Site) }
}
