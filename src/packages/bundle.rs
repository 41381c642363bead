//! A bundle (`.mcpb`, once `.dxt`) as a server: its files below the data directory, its questions answered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::drafting::{MixedText, draft, literal, set_command};
use super::error::{PackageError, refused};
use super::fetch::WantedFile;
use super::form::Whence;
use super::image::sha256;
use super::naming;
use super::question::{PackageAnswers, PackageQuestion};
use super::wishes::{FoundServers, Wishes};
use crate::base::{dirs, file, quoted};
use crate::bundles::{ARCHIVE_MAX, Archive, BundleSetting, Manifest, StagedBundle};
use crate::imports::located::locate;
use crate::imports::{ImportPlace, SecretsDir, ServerDraft, hidden};
use crate::json::Json;
use url::Url;

/// The directory that bundles are unpacked in, below that of data.
pub const BUNDLES: &str = "bundles";
/// The largest manifest, in bytes.
const MANIFEST_MAX: u64 = 1 << 20;
/// Programs that a bundle may be run by; others it has to bring.
const RUNNERS: [&str; 8] = ["node", "python", "python3", "uv", "deno", "bun", "dotnet", "java"];

/// The server in a bundle. `sha256`: what is said of it elsewhere.
pub(super) fn of(
    whence: &Whence,
    wanted: Option<&str>,
    wishes: &Wishes,
    place: &ImportPlace,
    answers: &mut dyn PackageAnswers,
) -> Result<FoundServers, PackageError> {
    match whence {
        Whence::File(path) => {
            let read = file::read(path, ARCHIVE_MAX as u64);
            let bytes = read.map_err(|error| refused(error.to_string()))?;
            of_bytes(&bytes, (wanted, None), wishes, place, answers)
        }
        Whence::Url(url) => {
            let bytes = WantedFile::named(url).archive(ARCHIVE_MAX).get()?;
            of_bytes(&bytes, (wanted, Some(url)), wishes, place, answers)
        }
    }
}

/// The same of its bytes. `origin`: what is said of it elsewhere, and where it was fetched.
pub(super) fn of_bytes(
    bytes: &[u8],
    (wanted, address): (Option<&str>, Option<&Url>),
    wishes: &Wishes,
    place: &ImportPlace,
    answers: &mut dyn PackageAnswers,
) -> Result<FoundServers, PackageError> {
    let digest = digest_of(bytes, wanted)?;
    let mut archive = Archive::open(bytes)?;
    let manifest = Manifest::read(&archive.text("manifest.json", MANIFEST_MAX)?)?;
    let name = wishes.name.clone().unwrap_or_else(|| naming::of_package(&manifest.name));
    let base = wishes.bundles.as_ref().ok_or_else(|| refused("there is no home directory"))?;
    let target = base.join(name.as_str()).join(directory(&manifest, &digest));
    let dir = target.display().to_string();
    let mut draft = draft(name.to_string());
    let mut told = Vec::new();
    let mut filling = Filling { dir: &dir, values: BTreeMap::new() };
    for setting in &manifest.settings {
        let values = values(setting, &dir, answers, &mut told)?;
        let written = values.iter().map(|text| written(setting, text, &mut draft, &place.secrets));
        filling.values.insert(setting.key.clone(), written.collect());
    }
    let inside = program(&manifest, &archive, &mut filling, &mut draft)?;
    for (name, value) in &manifest.env {
        if let Some(value) = filling.variable(value)? {
            draft.set_member("env", name, Json::from(value));
        }
    }
    let staged = StagedBundle::make(base, target)?;
    archive.unpack(staged.path(), inside.as_deref())?;
    if archive.is_signed {
        told.push("it is signed, and the signature was not checked".to_owned());
    }
    let from = from_line(&manifest, &digest, address);
    Ok(FoundServers {
        drafts: vec![draft],
        from: vec![from],
        told,
        bundle: Some(staged),
        ..FoundServers::default()
    })
}

/// The SHA-256 of a bundle, which is the one that was announced.
fn digest_of(bytes: &[u8], wanted: Option<&str>) -> Result<String, PackageError> {
    let digest = sha256(bytes);
    match wanted.filter(|wanted| !wanted.eq_ignore_ascii_case(&digest)) {
        None => Ok(digest),
        Some(wanted) => Err(refused(format!(
            "its SHA-256 is {digest}, and {} was announced: it is another file; do not use it",
            quoted(wanted)
        ))),
    }
}

/// What its directory is called.
fn directory(manifest: &Manifest, digest: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let version: String = manifest.version.chars().take(40).map(plain).collect();
    format!("v{version}-{}", &digest[..12])
}

/// The line of a file of ours that says where its server came from. `address`: where it was fetched, which is
/// written if there can be nothing secret in it.
pub(super) fn from_line(manifest: &Manifest, digest: &str, address: Option<&Url>) -> String {
    let is_open =
        |url: &&Url| url.query().is_none() && url.username().is_empty() && url.password().is_none();
    let address =
        address.filter(is_open).map_or_else(String::new, |url| format!(", fetched at {url}"));
    let Manifest { name, version, .. } = manifest;
    format!("From bundle: {name} {version}, SHA-256 {digest}{address}.")
}

/// A newer one of the same server, unpacked, which is run as the old one was. `wanted`: its announced SHA-256;
/// `old`: the directory of the one that is used; `home`: that of all of this server, below `base`.
pub(super) fn successor(
    bytes: &[u8],
    wanted: Option<&str>,
    old: &Path,
    home: &Path,
    base: &Path,
) -> Result<(Manifest, StagedBundle), PackageError> {
    let digest = digest_of(bytes, wanted)?;
    let mut archive = Archive::open(bytes)?;
    let manifest = Manifest::read(&archive.text("manifest.json", MANIFEST_MAX)?)?;
    let path = old.join("manifest.json");
    let failed = || refused(format!("{} cannot be read; add it anew with --force", path.display()));
    let before = file::read(&path, MANIFEST_MAX).ok();
    let before = before.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(failed)?;
    let before = Manifest::read(&before)?;
    if before.name != manifest.name {
        let name = quoted(&manifest.name);
        return Err(refused(format!("what is there now is another bundle, {name}; add that")));
    }
    if !manifest.is_run_like(&before) {
        return Err(refused(format!(
            "version {} is run in another way or asks for other settings; add it anew with --force",
            quoted(&manifest.version)
        )));
    }
    let inside = match (&manifest.command, manifest.entry_point.as_deref()) {
        (Some(command), _) if RUNNERS.contains(&command.as_str()) => None,
        (Some(command), _) => Some(inner(command).to_owned()),
        (None, entry) if manifest.kind == "binary" => entry.map(|entry| inner(entry).to_owned()),
        (None, _) => None,
    };
    let staged = StagedBundle::make(base, home.join(directory(&manifest, &digest)))?;
    archive.unpack(staged.path(), inside.as_deref())?;
    Ok((manifest, staged))
}

/// A path of a manifest as the archive has it.
fn inner(path: &str) -> &str {
    path.strip_prefix("${__dirname}/").unwrap_or(path).trim_start_matches("./")
}

/// Sets what is started; gives the file in the bundle that it is, if it is one.
fn program(
    manifest: &Manifest,
    archive: &Archive<'_>,
    filling: &mut Filling<'_>,
    draft: &mut ServerDraft,
) -> Result<Option<String>, PackageError> {
    let entry = manifest.entry_point.as_deref().map(|entry| entry.trim_start_matches("./"));
    if let Some(entry) = entry.filter(|entry| !archive.has(entry)) {
        return Err(refused(format!(
            "it is to start `{}`, and there is no such file in it; tell its author",
            quoted(entry)
        )));
    }
    let args = manifest.args.iter().map(|arg| filling.argument(arg));
    let mut args = args.collect::<Result<Vec<_>, _>>()?.concat();
    let at_entry = || entry.map(|entry| literal(&format!("{}/{entry}", filling.dir)));
    let no_entry = || refused("its manifest.json names no entry_point; tell its author");
    let command = match (&manifest.command, manifest.kind.as_str()) {
        (Some(command), _) => command.clone(),
        (None, "binary") => format!("${{__dirname}}/{}", entry.ok_or_else(no_entry)?),
        (None, kind @ ("node" | "python" | "uv")) => {
            let entry = at_entry().ok_or_else(no_entry)?;
            let own = match kind {
                "uv" => {
                    vec!["run".to_owned(), "--directory".to_owned(), literal(filling.dir), entry]
                }
                _ => vec![entry],
            };
            args.splice(0..0, own);
            kind.to_owned()
        }
        (None, kind) => {
            return Err(refused(format!("callmux cannot run a server of type {}", quoted(kind))));
        }
    };
    if args.iter().any(|arg| arg.contains("${file:")) {
        draft.set("secret_args", Json::from(true));
    }
    if RUNNERS.contains(&command.as_str()) {
        // Many have only the one with its number.
        let is_old = command == "python" && locate("python").is_none();
        set_command(draft, if is_old { "python3" } else { &command }, args);
        return Ok(None);
    }
    let inside = inner(&command);
    if !archive.has(inside) {
        return Err(refused(format!(
            "it starts `{}`, which is neither in it nor what bundles are run by; if you trust it, unpack it yourself \
             and write the command behind `--`",
            quoted(&command)
        )));
    }
    set_command(draft, &literal(&format!("{}/{inside}", filling.dir)), args);
    Ok(Some(inside.to_owned()))
}

/// What is given for a setting, or answered.
fn values(
    setting: &BundleSetting,
    dir: &str,
    answers: &mut dyn PackageAnswers,
    told: &mut Vec<String>,
) -> Result<Vec<String>, PackageError> {
    let key = &setting.key;
    let mut texts = answers.given(key);
    if texts.len() > 1 && !setting.is_multiple {
        return Err(PackageError::Usage(format!(
            "`--set {key}=…` is said twice, and it takes one value"
        )));
    }
    if texts.is_empty() {
        texts = setting.default.iter().map(|text| placed(text, dir)).collect();
    }
    if texts.is_empty() && setting.is_required {
        let question = PackageQuestion {
            title: setting.title.clone(),
            is_secret: setting.is_secret,
            is_required: true,
            choices: Vec::new(),
        };
        let answer = answers.ask(&question).map(|text| text.expose().to_owned());
        let answer = answer.filter(|text| !text.is_empty()).ok_or_else(|| {
            refused(format!(
                "it needs {} ({}, {}); give it with --set {key}=VALUE",
                quoted(key),
                quoted(&setting.title),
                setting.kind
            ))
        })?;
        texts.push(answer);
    }
    texts.into_iter().map(|text| judge(setting, text, told)).collect()
}

/// A value that is what it should be.
fn judge(
    setting: &BundleSetting,
    text: String,
    told: &mut Vec<String>,
) -> Result<String, PackageError> {
    let wrong = |wanted: String| refused(format!("{} has to be {wanted}", setting.key));
    match setting.kind.as_str() {
        "number" => {
            let number: f64 = text.parse().map_err(|_| wrong("a number".to_owned()))?;
            let (min, max) = (setting.min.unwrap_or(f64::MIN), setting.max.unwrap_or(f64::MAX));
            if !(min..=max).contains(&number) {
                return Err(wrong(format!("between {min} and {max}")));
            }
            Ok(text)
        }
        "boolean" if !matches!(text.as_str(), "true" | "false") => {
            Err(wrong("true or false".to_owned()))
        }
        "directory" | "file" => {
            let path = dirs::expand_home(&text);
            if !path.is_absolute() {
                return Err(wrong("an absolute path".to_owned()));
            }
            if path.symlink_metadata().is_err() {
                told.push(format!("warning: {}: {} is not there", setting.key, path.display()));
            }
            Ok(path.display().to_string())
        }
        _ => Ok(text),
    }
}

/// A text of the manifest without variables of the machine.
fn placed(text: &str, dir: &str) -> String {
    let home = dirs::home().unwrap_or_default();
    let below = |name: &str| home.join(name).display().to_string();
    [
        ("${__dirname}", dir.to_owned()),
        ("${HOME}", home.display().to_string()),
        ("${DESKTOP}", below("Desktop")),
        ("${DOCUMENTS}", below("Documents")),
        ("${DOWNLOADS}", below("Downloads")),
        ("${/}", "/".to_owned()),
        ("${pathSeparator}", "/".to_owned()),
    ]
    .iter()
    .fold(text.to_owned(), |text, (variable, value)| text.replace(variable, value))
}

/// A value: a text that stands for itself, or a reference to a secret.
#[derive(Debug, Clone)]
enum FilledValue {
    Plain(String),
    Reference(String),
}

fn written(
    setting: &BundleSetting,
    text: &str,
    draft: &mut ServerDraft,
    secrets: &SecretsDir,
) -> FilledValue {
    if setting.is_secret {
        FilledValue::Reference(hidden::keep(draft, secrets, &setting.key, text))
    } else {
        FilledValue::Plain(text.to_owned())
    }
}

impl FilledValue {
    fn put(&self, out: &mut MixedText) {
        match self {
            Self::Plain(text) => out.plain(text),
            Self::Reference(reference) => out.reference(reference),
        }
    }
}

/// What stands for the variables of a manifest.
struct Filling<'a> {
    dir: &'a str,
    values: BTreeMap<String, Vec<FilledValue>>,
}

impl Filling<'_> {
    /// The values of a text that is one setting and nothing else.
    fn whole(&self, text: &str) -> Result<Option<&[FilledValue]>, PackageError> {
        let inner = text.strip_prefix("${user_config.").and_then(|rest| rest.strip_suffix('}'));
        let key = inner.filter(|key| !key.contains(['$', '{', '}']));
        key.map(|key| self.of(key)).transpose()
    }

    fn of(&self, key: &str) -> Result<&[FilledValue], PackageError> {
        let values = self.values.get(key).map(Vec::as_slice);
        values.ok_or_else(|| {
            refused(format!("its manifest.json uses the setting `{}`, and has none", quoted(key)))
        })
    }

    /// An argument: as many as it has values.
    fn argument(&self, text: &str) -> Result<Vec<String>, PackageError> {
        let Some(values) = self.whole(text)? else { return Ok(vec![self.mixed(text)?]) };
        let one = |value: &FilledValue| {
            let mut out = MixedText::default();
            value.put(&mut out);
            out.written()
        };
        Ok(values.iter().map(one).collect())
    }

    /// The value of a variable; `None`: it is not set.
    fn variable(&self, text: &str) -> Result<Option<String>, PackageError> {
        match self.whole(text)? {
            Some([]) => Ok(None),
            _ => self.mixed(text).map(Some),
        }
    }

    fn mixed(&self, text: &str) -> Result<String, PackageError> {
        let mut out = MixedText::default();
        let mut rest = text;
        while let Some(at) = rest.find("${user_config.") {
            out.plain(&placed(&rest[..at], self.dir));
            let inner = &rest[at + "${user_config.".len()..];
            let (key, behind) = inner.split_once('}').unwrap_or((inner, ""));
            for (at, value) in self.of(key)?.iter().enumerate() {
                if at > 0 {
                    out.plain(",");
                }
                value.put(&mut out);
            }
            rest = behind;
        }
        out.plain(&placed(rest, self.dir));
        Ok(out.written())
    }
}

/// Takes away what was unpacked for a server; whether there was anything.
pub fn forget(bundles: &Path, server: &str) -> std::io::Result<bool> {
    let dir: PathBuf = bundles.join(server);
    match dir.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(&dir).map(|()| true),
        _ => Ok(false),
    }
}

/// Takes away what lies beside these directories of one server.
pub(super) fn forget_all_but(kept: &[&str]) {
    let Some(home) = kept.first().and_then(|dir| Path::new(dir).parent()) else { return };
    for found in fs::read_dir(home).into_iter().flatten().flatten() {
        let path = found.path();
        if !kept.iter().any(|kept| Path::new(kept) == path) {
            drop(fs::remove_dir_all(path));
        }
    }
}
