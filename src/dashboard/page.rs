//! The files of the page, which are part of the program.

use std::fmt::Write;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// One of them.
#[derive(Debug)]
pub struct PageFile {
    /// Below `/ui/`; that of the page itself is empty.
    pub path: &'static str,
    pub media_type: &'static str,
    pub bytes: &'static [u8],
    /// Its SHA-256, as a strong `ETag` (RFC 9110, section 8.8.3).
    pub etag: String,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($path:literal, $type:expr, $file:literal) => {
        ($path, $type, include_bytes!(concat!("files/", $file)).as_slice())
    };
    ($type:expr, $file:literal) => {
        file!($file, $type, $file)
    };
}

static FILES: LazyLock<Vec<PageFile>> = LazyLock::new(|| {
    let table = [
        file!("", HTML, "index.html"),
        file!(CSS, "app.css"),
        file!(JS, "app.js"),
        file!(JS, "api.js"),
        file!(JS, "dom.js"),
        file!(JS, "rows.js"),
        file!(JS, "live.js"),
        file!(JS, "chart.js"),
        file!(JS, "now.js"),
        file!(JS, "config.js"),
        file!(JS, "orders.js"),
        file!(JS, "server.js"),
        file!(JS, "servers.js"),
        file!(JS, "tools.js"),
        file!(JS, "call.js"),
        file!(JS, "activity.js"),
        file!(JS, "context.js"),
        file!(JS, "rights.js"),
        file!("icon.svg", "image/svg+xml", "icon.svg"),
    ];
    let one = |(path, media_type, bytes)| PageFile { path, media_type, bytes, etag: etag(bytes) };
    table.into_iter().map(one).collect()
});

/// All of them.
pub fn files() -> &'static [PageFile] {
    &FILES
}

/// The one at this path below `/ui/`.
pub fn file(path: &str) -> Option<&'static PageFile> {
    files().iter().find(|file| file.path == path)
}

fn etag(bytes: &[u8]) -> String {
    let mut tag = String::from("\"");
    for byte in Sha256::digest(bytes) {
        // Writing to a String does not fail.
        _ = write!(tag, "{byte:02x}");
    }
    tag + "\""
}

/// Whether a client has this file already, by its `If-None-Match` (RFC 9110, section 13.1.2).
pub fn is_known(file: &PageFile, if_none_match: &str) -> bool {
    let mut tags = if_none_match.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == file.etag)
}

/// What every answer below `/ui/` says to a browser: only files of ours, nothing inline, no frame around it,
/// nothing of where it was to anybody.
pub const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("x-frame-options", "DENY"),
];
