//! What registries say: of servers, and of the newest version of a package.

use url::Url;

use super::error::{PackageError, refused};
use super::fetch::WantedFile;
use super::form::{PackageKind, PackageName};
use crate::base::quoted;
use crate::json::Json;

/// Where things are looked up.
#[derive(Debug, Clone)]
pub struct Registries {
    /// A registry of MCP servers (its OpenAPI, version 0.1).
    pub mcp: String,
    pub npm: String,
    pub pypi: String,
}

impl Default for Registries {
    fn default() -> Self {
        Self {
            mcp: "https://registry.modelcontextprotocol.io".to_owned(),
            npm: "https://registry.npmjs.org".to_owned(),
            pypi: "https://pypi.org".to_owned(),
        }
    }
}

/// A JSON document, and where it came from.
#[derive(Debug)]
pub(super) struct RegistryDocument {
    pub(super) tree: Json,
    pub(super) url: Url,
}

/// A package whose version does not change any more.
#[derive(Debug)]
pub(super) struct PinnedPackage {
    pub(super) version: String,
    /// What is said of its content, if anything.
    pub(super) integrity: Option<String>,
}

impl Registries {
    /// What the registry says of a server.
    pub(super) fn server(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Result<RegistryDocument, PackageError> {
        let parts = ["v0.1", "servers", name, "versions", version.unwrap_or("latest")];
        let url = below(&self.mcp, &parts, "--registry")?;
        let shown = version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
        document(&url, || {
            format!(
                "the registry has no server {shown}; look at its spelling, or name another with --registry"
            )
        })
    }

    /// The version of a package of npm or of PyPI.
    pub(super) fn pin(&self, package: &PackageName) -> Result<PinnedPackage, PackageError> {
        let (name, wanted) = (package.identifier.as_str(), package.version.as_deref());
        if let Some(version) = wanted.filter(|version| is_exact(version)) {
            return Ok(PinnedPackage { version: version.to_owned(), integrity: None });
        }
        let wanted = wanted.filter(|version| *version != "latest");
        let url = match (package.kind, wanted) {
            (PackageKind::Npm, wanted) => {
                below(&self.npm, &[name, wanted.unwrap_or("latest")], "npm_config_registry")
            }
            (_, None) => below(&self.pypi, &["pypi", name, "json"], "CALLMUX_PYPI"),
            (_, Some(version)) => {
                below(&self.pypi, &["pypi", name, version, "json"], "CALLMUX_PYPI")
            }
        }?;
        let said = document(&url, || {
            let version = wanted.map_or_else(String::new, |version| format!("@{version}"));
            format!(
                "there is no package `{}`; look at its spelling",
                quoted(&format!("{name}{version}"))
            )
        })?;
        let about = match package.kind {
            PackageKind::Npm => &said.tree,
            _ => said.tree.get("info").unwrap_or(&Json::Null),
        };
        let version =
            about.get("version").and_then(Json::as_str).filter(|version| is_exact(version));
        let version = version.ok_or_else(|| refused(format!("{url} names no version")))?;
        if about.get("yanked").and_then(Json::as_bool) == Some(true) {
            return Err(refused(format!("{name} {version} was withdrawn; name another version")));
        }
        // It is only a version if the registry's client takes it for one, too.
        PackageName::new(package.kind, name, Some(version))?;
        let integrity =
            about.get("dist").and_then(|dist| dist.get("integrity")).and_then(Json::as_str);
        let integrity = integrity.filter(|text| text.len() <= 200).map(str::to_owned);
        Ok(PinnedPackage { version: version.to_owned(), integrity })
    }
}

/// The document at an address that a person named.
pub(super) fn document_at(url: &Url) -> Result<RegistryDocument, PackageError> {
    document(url, || format!("there is nothing at {url}"))
}

/// Whether a version is one, and no tag or range.
pub(super) fn is_exact(version: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-+_!".contains(c);
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.contains('.')
        && version.chars().all(is_part)
        && !version.split('.').any(|part| part.eq_ignore_ascii_case("x"))
}

/// Whether a version comes after another, as SemVer and PEP 440 have it where both agree: by their numbers, and of the
/// same numbers what has words behind them, which are no build and no later packing of it, comes first.
pub(super) fn is_newer(version: &str, than: &str) -> bool {
    let parts = |version: &str| {
        let (epoch, rest) = version.split_once('!').unwrap_or(("0", version));
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (numbers, words) = rest.split_at(end);
        let mut numbers: Vec<u64> =
            numbers.split('.').filter_map(|number| number.parse().ok()).collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let words = words.split('+').next().unwrap_or_default();
        let is_whole = words.is_empty() || numbers_behind(words, "post").is_some();
        (epoch.parse::<u64>().unwrap_or(0), numbers, is_whole, words.to_owned())
    };
    let (new, old) = (parts(version), parts(than));
    let by_numbers = (new.0, &new.1, new.2).cmp(&(old.0, &old.1, old.2));
    by_numbers.then_with(|| by_words(&new.3, &old.3)).is_gt()
}

fn numbers_behind(words: &str, word: &str) -> Option<u64> {
    words.trim_start_matches(['-', '.']).strip_prefix(word)?.parse().ok()
}

/// `-beta.2` before `-beta.10`: digits are numbers.
fn by_words(new: &str, old: &str) -> std::cmp::Ordering {
    let runs = |text: &str| {
        let mut runs: Vec<(Option<u64>, String)> = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (run, behind) = rest.split_at(end);
            runs.push((run.parse().ok(), run.to_owned()));
            rest = behind;
        }
        runs
    };
    runs(new).cmp(&runs(old))
}

fn document(url: &Url, missing: impl FnOnce() -> String) -> Result<RegistryDocument, PackageError> {
    let wanted = WantedFile::named(url);
    let fetched = wanted.ask()?;
    match fetched.status.as_u16() {
        200..300 => {}
        404 => return Err(refused(missing())),
        _ => return Err(wanted.failed(&format!("the answer is {}", fetched.status))),
    }
    let text = std::str::from_utf8(&fetched.body).map_err(|_| wanted.failed("it is no text"))?;
    let tree =
        Json::parse(text).map_err(|error| wanted.failed(&format!("it is no JSON: {error}")))?;
    Ok(RegistryDocument { tree, url: url.clone() })
}

/// An address below another; each part is one segment of the path.
fn below(base: &str, parts: &[&str], setting: &str) -> Result<Url, PackageError> {
    let wrong = || PackageError::Usage(format!("{setting}: `{}` is no address", quoted(base)));
    let mut url = Url::parse(base).map_err(|_| wrong())?;
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(parts);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::{below, is_exact, is_newer};

    #[test]
    fn what_is_newer_is_told_by_numbers_and_not_by_letters() {
        for (new, old) in [
            ("1.10.0", "1.9.9"),
            ("2.0.0", "2.0.0-beta.3"),
            ("2.0.0-beta.10", "2.0.0-beta.9"),
            ("1.0rc2", "1.0rc1"),
            ("1.0.post1", "1.0"),
            ("1!0.1", "9.9"),
            ("2025.11.30", "2025.2.1"),
        ] {
            assert!(is_newer(new, old) && !is_newer(old, new), "{new} {old}");
        }
        for (one, same) in [("1.0.0", "1.0.0"), ("1.0", "1.0.0"), ("1.0.0+a", "1.0.0")] {
            assert!(!is_newer(one, same) && !is_newer(same, one), "{one} {same}");
        }
    }

    #[test]
    fn versions_are_told_from_tags() {
        for version in ["1.2.3", "0.1.0-beta.1", "2025.11.30", "1.2.3+b", "1!2.0"] {
            assert!(is_exact(version), "{version}");
        }
        for version in ["latest", "1", "1.x", "^1.2", "1.*", "", "v1.2", ">=1.0"] {
            assert!(!is_exact(version), "{version}");
        }
    }

    #[test]
    fn a_name_is_one_segment() {
        let url = below("https://r.example/base/", &["v0.1", "io.github.a/b", "@x/y"], "").unwrap();
        assert_eq!(url.as_str(), "https://r.example/base/v0.1/io.github.a%2Fb/@x%2Fy");
    }
}
