//! To which version a server is pinned, as its file has it.

use std::path::Path;

use toml_edit::{Document, Item, TableLike, Value};
use url::Url;

use super::error::{PackageError, refused};
use super::form::PackageName;
use super::image::is_sha256;
use super::launch::{OF_NPX, OF_UVX, OF_UVX_WITH_VALUE};
use super::registry::is_exact;
use crate::config::owned::ADDED;

/// Who keeps what is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinSource {
    Npm,
    Pypi,
    Nuget,
    Oci,
    Bundle,
}

impl PinSource {
    /// As people and the lines of our files call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "PyPI",
            Self::Nuget => "NuGet",
            Self::Oci => "image",
            Self::Bundle => "bundle",
        }
    }
}

/// What keeps a server at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub source: PinSource,
    /// The package, image or bundle, without its version.
    pub identifier: String,
    /// As its registry has it; of an image its digest.
    pub version: String,
    /// The text in the values of the server that says it: an argument, or the directory of a bundle.
    pub(super) written: String,
    /// Its name in the registry of MCP servers, and the version that was described there.
    pub(super) listed: Option<(String, String)>,
    /// What an image was called by when its digest was written down.
    pub(super) tag: Option<String>,
    /// Where a bundle was fetched.
    pub(super) address: Option<Url>,
}

impl Pin {
    /// What the section of `server` in a file says; `None`: nothing in it keeps it at a version that
    /// callmux could look up. `bundles`: the directory that bundles are unpacked in.
    pub fn of(text: &str, server: &str, bundles: Option<&Path>) -> Option<Self> {
        let document = Document::parse(text).ok()?;
        let section = section(&document, server)?;
        let command = section.get("command").and_then(Item::as_str).unwrap_or_default();
        let args = section.get("args").and_then(Item::as_array);
        let args: Vec<&str> =
            args.into_iter().flat_map(|args| args.iter().filter_map(Value::as_str)).collect();
        let origin = Origin::read(text);
        let mut pin = match command.rsplit('/').next().unwrap_or_default() {
            "npx" => of_word(PinSource::Npm, word(&args, &OF_NPX, &[])?),
            "uvx" => of_word(PinSource::Pypi, word(&args, &OF_UVX, &OF_UVX_WITH_VALUE)?),
            "dnx" => of_word(PinSource::Nuget, args.first()?),
            "docker" | "podman" => args.iter().find_map(|word| of_image(word)),
            _ => None,
        };
        if let Some(dir) =
            bundles.and_then(|bundles| bundles.join(server).to_str().map(str::to_owned))
        {
            let words = std::iter::once(command).chain(args.iter().copied());
            pin = pin.or_else(|| words.into_iter().find_map(|word| of_bundle(word, &dir, &origin)));
        }
        let pin = pin?;
        Some(Self {
            tag: origin.tag_of(&pin.identifier),
            listed: origin.listed,
            address: origin.address,
            ..pin
        })
    }

    /// The text with another version in it; everything else of it stays, byte for byte. `written`: what
    /// says that one; `from`: the lines of ours that told of the old one, by how they begin, and as they
    /// are now.
    pub(super) fn replaced(
        &self,
        text: &str,
        server: &str,
        written: &str,
        from: &[(String, String)],
    ) -> Result<String, PackageError> {
        let broken = || refused("its file cannot be changed there alone; edit it");
        let document = Document::parse(text).map_err(|_| broken())?;
        let section = section(&document, server).ok_or_else(broken)?;
        let mut spans = Vec::new();
        for key in ["command", "args", "cwd", "env"] {
            if let Some(item) = section.get(key) {
                self.spans(item, &mut spans);
            }
        }
        if self.source != PinSource::Bundle {
            spans.truncate(1);
        }
        if spans.is_empty() {
            return Err(broken());
        }
        let mut out = text.to_owned();
        for span in spans.into_iter().rev() {
            // An escape of TOML in it is nothing to guess about.
            let raw = text.get(span.clone()).filter(|raw| raw.contains(&self.written));
            let raw = raw.ok_or_else(broken)?.replace(&self.written, written);
            out.replace_range(span, &raw);
        }
        let out = relined(&out, from);
        if !is_same_but(text, &out, &self.written, written) {
            return Err(broken());
        }
        Ok(out)
    }

    /// Where it stands in a value.
    fn spans(&self, item: &Item, out: &mut Vec<std::ops::Range<usize>>) {
        let mut open: Vec<&Value> = item.as_value().into_iter().collect();
        if let Some(table) = item.as_table() {
            open.extend(table.iter().filter_map(|(_, item)| item.as_value()));
        }
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) if self.is_in(text.value()) => out.extend(value.span()),
                Value::Array(items) => open.extend(items.iter()),
                Value::InlineTable(table) => open.extend(table.iter().map(|(_, value)| value)),
                _ => {}
            }
        }
        out.sort_by_key(|span| span.start);
    }

    fn is_in(&self, text: &str) -> bool {
        match self.source {
            PinSource::Bundle => text.contains(&self.written),
            _ => text == self.written,
        }
    }
}

fn section<'a>(document: &'a Document<&str>, server: &str) -> Option<&'a dyn TableLike> {
    document.as_table().get("servers")?.as_table_like()?.get(server)?.as_table_like()
}

/// What a runner runs: the first word that is no option. `None`: there is an option whose value that may be.
fn word<'a>(args: &[&'a str], flags: &[&str], with_value: &[&str]) -> Option<&'a str> {
    let mut args = args.iter();
    while let Some(word) = args.next() {
        match *word {
            word if flags.contains(&word) => {}
            word if with_value.contains(&word) => _ = args.next(),
            word if word.starts_with('-') => return None,
            word => return Some(word),
        }
    }
    None
}

fn pin(source: PinSource, identifier: &str, version: &str, written: &str) -> Pin {
    let (identifier, version) = (identifier.to_owned(), version.to_owned());
    let written = written.to_owned();
    Pin { source, identifier, version, written, listed: None, tag: None, address: None }
}

fn of_word(source: PinSource, word: &str) -> Option<Pin> {
    let prefix = if source == PinSource::Npm { "npm" } else { "pypi" };
    let package = PackageName::parse(&format!("{prefix}:{word}")).ok()??;
    let version = package.version.filter(|version| is_exact(version))?;
    Some(pin(source, &package.identifier, &version, word))
}

fn of_image(word: &str) -> Option<Pin> {
    let (image, digest) = word.split_once('@')?;
    let is_digest = digest.strip_prefix("sha256:").is_some_and(is_sha256);
    let is_image = is_digest && !image.contains('=') && !image.starts_with('-');
    is_image.then(|| pin(PinSource::Oci, image, digest, word))
}

/// A bundle's files lie in `DIR/vVERSION-DIGEST/…`.
fn of_bundle(word: &str, dir: &str, origin: &Origin) -> Option<Pin> {
    let inside = word.strip_prefix(dir)?.strip_prefix('/')?;
    let name = inside.split('/').next().filter(|name| name.starts_with('v'))?;
    let (identifier, version) = origin.bundle.clone().unwrap_or_else(|| {
        let version = name.trim_start_matches('v');
        (String::new(), version.rsplit_once('-').map_or(version, |(version, _)| version).to_owned())
    });
    Some(pin(PinSource::Bundle, &identifier, &version, &format!("{dir}/{name}")))
}

/// What the lines at the beginning of a file of ours say of where its server came from.
#[derive(Debug, Default)]
struct Origin {
    listed: Option<(String, String)>,
    /// Name and version.
    bundle: Option<(String, String)>,
    address: Option<Url>,
    /// An image's name and what it was called by.
    tag: Option<(String, String)>,
}

impl Origin {
    fn read(text: &str) -> Self {
        let mut origin = Self::default();
        if !text.starts_with(ADDED) {
            return origin;
        }
        let lines = text.lines().skip(1).take_while(|line| line.starts_with('#'));
        for line in lines.filter_map(|line| line.strip_prefix("# From ")) {
            let line = line.trim_end_matches('.');
            let two = |text: &str| {
                text.rsplit_once(' ').map(|(name, version)| (name.to_owned(), version.to_owned()))
            };
            if let Some(rest) = line.strip_prefix("server.json of ") {
                origin.listed = two(rest);
            } else if let Some(rest) = line.strip_prefix("bundle: ") {
                let (own, rest) = rest.split_once(", SHA-256 ").unwrap_or((rest, ""));
                let address = rest.split_once(", fetched at ").map(|(_, address)| address);
                origin.address = address.and_then(|address| Url::parse(address).ok());
                origin.bundle = two(own);
            } else if let Some((named, _)) = line.split_once(", which was ") {
                let named = named.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
                origin.tag = named.map(|(image, tag)| (image.to_owned(), tag.to_owned()));
            }
        }
        origin
    }

    fn tag_of(&self, image: &str) -> Option<String> {
        let (_, tag) = self.tag.as_ref().filter(|(named, _)| named == image)?;
        Some(tag.clone())
    }
}

/// The text with other lines in place of those of ours that begin so.
fn relined(text: &str, from: &[(String, String)]) -> String {
    if !text.starts_with(ADDED) {
        return text.to_owned();
    }
    let mut is_head = true;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        is_head &= line.starts_with('#');
        let body = line.trim_end_matches(['\n', '\r']);
        let new = from.iter().find(|(start, _)| {
            is_head && body.strip_prefix("# ").is_some_and(|body| body.starts_with(start))
        });
        match new {
            Some((_, new)) => {
                out += &format!("# {}{}", new.replace(char::is_control, "?"), &line[body.len()..]);
            }
            None => out += line,
        }
    }
    out
}

/// Whether two texts say the same but for one text in the place of another.
fn is_same_but(before: &str, after: &str, old: &str, new: &str) -> bool {
    fn put(value: &mut toml::Value, old: &str, new: &str) {
        match value {
            toml::Value::String(text) => *text = text.replace(old, new),
            toml::Value::Array(items) => items.iter_mut().for_each(|item| put(item, old, new)),
            toml::Value::Table(table) => table.iter_mut().for_each(|(_, item)| put(item, old, new)),
            _ => {}
        }
    }
    let read = |text: &str| text.parse::<toml::Table>().ok().map(toml::Value::Table);
    let (Some(mut before), Some(mut after)) = (read(before), read(after)) else { return false };
    // Whichever of several it stood in.
    put(&mut before, old, new);
    put(&mut after, old, new);
    before == after
}

#[cfg(test)]
mod tests;
