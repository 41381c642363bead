//! What a text is that a person has in hand.

use std::path::{Path, PathBuf};

use url::Url;

use super::error::{PackageError, refused};
use crate::base::{dirs, program, quoted};

/// The longest text that is looked at, in bytes.
pub const TEXT_MAX: usize = 1 << 20;
/// What can be added, for who named something else.
pub const FORMS: &str = "name a program behind `--`, an https:// address, a pasted snippet or line, a registry name \
     (io.github.user/name), npm:NAME, pypi:NAME, oci:IMAGE, a server.json or an .mcpb file";

/// What a text is.
#[derive(Debug, PartialEq, Eq)]
pub enum Form {
    /// Servers as a client's config has them, or one of them.
    Snippet(String),
    /// The words of a command line.
    Line(Vec<String>),
    /// The address of a server.
    Address(String),
    /// A file that describes servers: a `server.json`, or a client's config.
    Document(Whence),
    /// The name of a server in a registry of MCP servers.
    Listed {
        name: String,
        version: Option<String>,
    },
    Package(PackageName),
    /// An archive with a server in it.
    Bundle(Whence),
}

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whence {
    File(PathBuf),
    Url(Url),
}

/// Who keeps a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageKind {
    Npm,
    Pypi,
    Oci,
}

/// A package of a language's or a container's registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageName {
    pub kind: PackageKind,
    /// Without the version.
    pub identifier: String,
    /// As it was given: a version, a tag, a digest.
    pub version: Option<String>,
}

impl Form {
    /// What this text is.
    pub fn of(text: &str) -> Result<Self, PackageError> {
        if text.len() > TEXT_MAX {
            return Err(refused(format!("it is longer than {} KiB", TEXT_MAX / 1024)));
        }
        let text = unfenced(text.trim_start_matches('\u{feff}').trim());
        if text.is_empty() {
            return Err(PackageError::Usage(format!("there is nothing in it; {FORMS}")));
        }
        if is_snippet(text) {
            return Ok(Self::Snippet(text.to_owned()));
        }
        if !text.contains(char::is_whitespace) {
            return Self::of_word(text);
        }
        let line = text.strip_prefix("$ ").unwrap_or(text);
        let words = program::words(line)
            .map_err(|why| refused(format!("`{}`: {why}; paste the whole line", quoted(line))))?;
        Ok(Self::Line(words))
    }

    fn of_word(word: &str) -> Result<Self, PackageError> {
        if let Some(package) = PackageName::parse(word)? {
            return Ok(Self::Package(package));
        }
        if let Some((scheme, _)) = word.split_once("://") {
            return match scheme {
                "https" | "http" => of_url(word),
                _ => Err(refused(format!("`{}` must begin with https://", quoted(word)))),
            };
        }
        let path = dirs::expand_home(word);
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_owned();
        if is_archive(&end) {
            return Ok(Self::Bundle(Whence::File(path)));
        }
        if matches!(end.as_str(), "json" | "jsonc" | "toml" | "yaml" | "yml") || path.is_file() {
            return Ok(Self::Document(Whence::File(path)));
        }
        if let Some((name, version)) = listed(word) {
            return Ok(Self::Listed { name, version });
        }
        let why = if word.contains('/') { "is no file and no registry name" } else { "is no form" };
        Err(PackageError::Usage(format!("`{}` {why} that callmux knows; {FORMS}", quoted(word))))
    }
}

/// An address that leads to a file, or to a server.
fn of_url(text: &str) -> Result<Form, PackageError> {
    let url = Url::parse(text)
        .map_err(|error| refused(format!("`{}` is no address: {error}", quoted(text))))?;
    let end = Path::new(url.path()).extension().and_then(|end| end.to_str()).unwrap_or_default();
    let is_of_registry = ["/v0.1/servers/", "/v0/servers/"].iter().any(|p| url.path().contains(p));
    if is_archive(end) {
        Ok(Form::Bundle(Whence::Url(url)))
    } else if end == "json" || is_of_registry {
        Ok(Form::Document(Whence::Url(url)))
    } else {
        Ok(Form::Address(text.to_owned()))
    }
}

fn is_archive(end: &str) -> bool {
    end.eq_ignore_ascii_case("mcpb") || end.eq_ignore_ascii_case("dxt")
}

/// `io.github.user/name`, perhaps with `@VERSION`: a domain turned around, a slash, a name.
fn listed(word: &str) -> Option<(String, Option<String>)> {
    let (name, version) = match word.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (word, None),
    };
    let (space, own) = name.split_once('/')?;
    let plain = |text: &str, more: &str| {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_fine)
    };
    let is_one =
        space.contains('.') && plain(space, ".-") && plain(own, "._-") && name.len() <= 200;
    let is_version = version.is_none_or(|version| plain(version, ".-+_") && version.len() <= 255);
    (is_one && is_version).then(|| (name.to_owned(), version.map(str::to_owned)))
}

/// The text without the fence that Markdown puts around it.
fn unfenced(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("```") else { return text };
    let body = rest.split_once('\n').map_or("", |(_, body)| body);
    body.rsplit_once("```").map_or(body, |(body, _)| body).trim()
}

fn is_snippet(text: &str) -> bool {
    // A member alone, as READMEs have it: `"notes": { … }`.
    let is_member = text.starts_with('"')
        && text.split_once("\":").is_some_and(|(_, rest)| rest.trim_start().starts_with('{'));
    let first = text.lines().next().unwrap_or_default();
    let is_yaml = text.contains('\n')
        && first.ends_with(':')
        && first.chars().all(|c| c.is_ascii_alphanumeric() || "_-:".contains(c));
    is_member || is_yaml || ["{", "[", "//", "/*"].iter().any(|start| text.starts_with(start))
}

impl PackageName {
    /// `npm:NAME[@VERSION]`, `pypi:NAME[@VERSION]`, `oci:IMAGE[:TAG | @DIGEST]`; `None`: it is none of them.
    pub fn parse(word: &str) -> Result<Option<Self>, PackageError> {
        let Some((prefix, rest)) = word.split_once(':') else { return Ok(None) };
        let kind = match prefix {
            "npm" => PackageKind::Npm,
            "pypi" => PackageKind::Pypi,
            "oci" | "docker" if !rest.starts_with("//") => PackageKind::Oci,
            _ => return Ok(None),
        };
        let (identifier, version) = match kind {
            PackageKind::Npm | PackageKind::Pypi => divided(rest, "=="),
            PackageKind::Oci => tagged(rest),
        };
        Self::new(kind, identifier, version).map(Some)
    }

    /// One whose identifier and version are what its registry takes.
    pub fn new(
        kind: PackageKind,
        identifier: &str,
        version: Option<&str>,
    ) -> Result<Self, PackageError> {
        let is_fine = |text: &str, more: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
            (1..=255).contains(&text.len()) && text.chars().all(is_plain) && !text.contains("..")
        };
        let starts = |text: &str, also: &str| {
            text.starts_with(|c: char| c.is_ascii_alphanumeric() || also.contains(c))
        };
        let (is_name, form) = match kind {
            PackageKind::Npm => {
                let (scope, own) = match identifier.strip_prefix('@') {
                    Some(scoped) => scoped.split_once('/').unwrap_or(("", "")),
                    None => ("any", identifier),
                };
                let is_part = |part: &str| is_fine(part, "._-~") && starts(part, "_~");
                (is_part(scope) && is_part(own), "npm:NAME or npm:@SCOPE/NAME, with @VERSION")
            }
            PackageKind::Pypi => {
                (is_fine(identifier, "._-") && starts(identifier, ""), "pypi:NAME, with @VERSION")
            }
            PackageKind::Oci => (
                is_fine(identifier, "._-/:")
                    && starts(identifier, "")
                    && !identifier.contains("//"),
                "oci:HOST/IMAGE, with :TAG or @sha256:DIGEST",
            ),
        };
        let is_version =
            version.is_none_or(|version| is_fine(version, ".-+_:!") && starts(version, ""));
        if !is_name || !is_version {
            let shown = version.map_or_else(String::new, |version| format!("@{version}"));
            let shown = format!("{identifier}{shown}");
            return Err(refused(format!("`{}` is no package: write {form}", quoted(&shown))));
        }
        let (identifier, version) = (identifier.to_owned(), version.map(str::to_owned));
        Ok(Self { kind, identifier, version })
    }
}

/// Name and version, of which `@` at the beginning is no part.
fn divided<'a>(text: &'a str, other: &str) -> (&'a str, Option<&'a str>) {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    match (at, text.split_once(other)) {
        (Some(at), _) => (&text[..at], Some(&text[at + 1..])),
        (None, Some((name, version))) => (name, Some(version)),
        (None, None) => (text, None),
    }
}

/// Image and tag, or digest.
fn tagged(text: &str) -> (&str, Option<&str>) {
    if let Some((image, digest)) = text.split_once('@') {
        // A tag beside a digest says nothing.
        return (tagged(image).0, Some(digest));
    }
    let at = text.rfind(':').filter(|at| !text[*at..].contains('/'));
    at.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])))
}
