//! What is newer than what a server is pinned to.

use std::path::Path;

use url::Url;

use super::bundle;
use super::error::{PackageError, refused};
use super::fetch::WantedFile;
use super::form::{PackageKind, PackageName};
use super::image;
use super::launch::image_of;
use super::listing::{ListedPackage, Listing};
use super::pin::{Pin, PinSource};
use super::registry::{Registries, is_exact, is_newer};
use crate::base::quoted;
use crate::bundles::{ARCHIVE_MAX, StagedBundle};

/// A version that a server can be switched to.
#[derive(Debug)]
pub struct NewerVersion {
    pub version: String,
    /// What the person should know.
    pub told: Vec<String>,
    /// What says it in the config.
    written: String,
    /// Lines of ours: how they begin, and what they are from now on.
    from: Vec<(String, String)>,
    bundle: Option<StagedBundle>,
}

impl Pin {
    /// Looks up the newest version; `None`: it is this one, or one that is older. Of a bundle it is unpacked, beside the
    /// one that is used, and gone with this value.
    pub fn newer(
        &self,
        server: &str,
        registries: &Registries,
        bundles: Option<&Path>,
    ) -> Result<Option<NewerVersion>, PackageError> {
        let mut told = Vec::new();
        let listed = self.listed(registries, &mut told)?;
        let mut newer = match self.source {
            PinSource::Bundle => self.newer_bundle(server, listed.as_ref(), bundles)?,
            PinSource::Oci => self.newer_image(listed.as_ref())?,
            _ => self.newer_package(listed.as_ref(), registries)?,
        };
        if let Some(newer) = &mut newer {
            newer.told.splice(0..0, told);
            if let (Some((name, _)), Some((_, version))) = (&self.listed, &listed) {
                let start = format!("From server.json of {name} ");
                newer.from.push((start.clone(), format!("{start}{version}.")));
            }
        }
        Ok(newer)
    }

    /// The package as the registry of MCP servers has it now, and the version of the whole.
    fn listed(
        &self,
        registries: &Registries,
        told: &mut Vec<String>,
    ) -> Result<Option<(ListedPackage, String)>, PackageError> {
        let Some((name, _)) = &self.listed else { return Ok(None) };
        let tree = match registries.server(name, None) {
            Ok(said) => said.tree,
            // It was described by a file: only its own registry knows of it.
            Err(PackageError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let listing = Listing::read(&tree)?;
        match listing.status.as_deref() {
            Some("deleted") => {
                let name = quoted(name);
                return Err(refused(format!(
                    "{name} was taken out of the registry; it stays as it is"
                )));
            }
            Some("deprecated") => told.push(format!("warning: {} is deprecated", quoted(name))),
            _ => {}
        }
        let version = listing.version.unwrap_or_default();
        let found = listing.packages.into_iter().find(|package| self.is_of(package));
        let found = found.ok_or_else(|| {
            let what = if self.identifier.is_empty() { self.source.as_str() } else { &self.identifier };
            refused(format!(
                "{} {} in the registry names no {} any more; look at it, and add it anew with --force",
                quoted(name),
                quoted(&version),
                quoted(what)
            ))
        })?;
        Ok(Some((found, version)))
    }

    fn is_of(&self, package: &ListedPackage) -> bool {
        let is_named = package.identifier == self.identifier;
        match (self.source, package.registry.as_str()) {
            (PinSource::Npm, "npm") | (PinSource::Nuget, "nuget") | (PinSource::Pypi, "pypi") => {
                is_named
            }
            (PinSource::Oci, "oci") => {
                image_of(package).is_ok_and(|image| image.identifier == self.identifier)
            }
            (PinSource::Bundle, "mcpb") => true,
            _ => false,
        }
    }

    fn newer_package(
        &self,
        listed: Option<&(ListedPackage, String)>,
        registries: &Registries,
    ) -> Result<Option<NewerVersion>, PackageError> {
        let name = &self.identifier;
        let said = listed.and_then(|(package, _)| package.version.as_deref());
        let said = said.filter(|version| is_exact(version));
        let (version, integrity) = match (self.source, said) {
            (PinSource::Nuget, None) => {
                return Err(refused(
                    "callmux looks up packages of NuGet in the registry of MCP servers alone, and it is not there",
                ));
            }
            (source, Some(version)) => {
                let kind =
                    if source == PinSource::Npm { PackageKind::Npm } else { PackageKind::Pypi };
                PackageName::new(kind, name, Some(version))?;
                (version.to_owned(), None)
            }
            (source, None) => {
                let kind =
                    if source == PinSource::Npm { PackageKind::Npm } else { PackageKind::Pypi };
                let pinned = registries.pin(&PackageName::new(kind, name, None)?)?;
                (pinned.version, pinned.integrity)
            }
        };
        if !is_newer(&version, &self.version) {
            return Ok(None);
        }
        let integrity = integrity.map_or_else(String::new, |text| format!(" ({text})"));
        let start = format!("From {}: {name} ", self.source.as_str());
        let from = vec![(start.clone(), format!("{start}{version}{integrity}."))];
        // `==` stays where a person wrote that.
        let between = &self.written[name.len()..self.written.len() - self.version.len()];
        let written = format!("{name}{between}{version}");
        Ok(Some(NewerVersion { version, told: Vec::new(), written, from, bundle: None }))
    }

    fn newer_image(
        &self,
        listed: Option<&(ListedPackage, String)>,
    ) -> Result<Option<NewerVersion>, PackageError> {
        let name = &self.identifier;
        let said = listed.map(|(package, _)| image_of(package)).transpose()?;
        let said = said.and_then(|image| image.version);
        let called = said.or_else(|| self.tag.clone()).filter(|tag| !tag.contains(':'));
        let tag = called.ok_or_else(|| {
            refused("its image is named by its digest alone, so nothing says which is its newest")
        })?;
        let asked = |url: &Url| match listed {
            Some(_) => WantedFile::told_from_afar(url),
            None => WantedFile::named(url),
        };
        let written = image::pinned(name, Some(&tag), &asked)?;
        if written == self.written {
            return Ok(None);
        }
        let version = written.rsplit('@').next().unwrap_or_default().to_owned();
        let start = format!("From {name}:");
        let from = vec![(start.clone(), format!("{start}{tag}, which was {written} then."))];
        Ok(Some(NewerVersion { version, told: Vec::new(), written, from, bundle: None }))
    }

    fn newer_bundle(
        &self,
        server: &str,
        listed: Option<&(ListedPackage, String)>,
        bundles: Option<&Path>,
    ) -> Result<Option<NewerVersion>, PackageError> {
        let base = bundles.ok_or_else(|| refused("there is no home directory"))?;
        let (wanted, digest) = match (listed, &self.address) {
            (Some((package, _)), _) => {
                let url = Url::parse(&package.identifier).map_err(|_| {
                    refused(format!("`{}` is no address", quoted(&package.identifier)))
                })?;
                let digest = package.sha256.clone().ok_or_else(|| {
                    refused("its SHA-256 is not said: download it, and add the file with --force")
                })?;
                (WantedFile::told_from_afar(&url), Some(digest))
            }
            (None, Some(address)) => (WantedFile::named(address), None),
            (None, None) => {
                return Err(refused(format!(
                    "it came from a file; `callmux server add {server} FILE.mcpb --force` takes a newer one"
                )));
            }
        };
        let is_this = |digest: &str| {
            digest.get(..12).is_some_and(|start| self.written.ends_with(&format!("-{start}")))
        };
        if digest.as_deref().is_some_and(is_this) {
            return Ok(None);
        }
        let bytes = wanted.archive(ARCHIVE_MAX).get()?;
        let found = image::sha256(&bytes);
        if is_this(&found) {
            return Ok(None);
        }
        let old = Path::new(&self.written);
        let (manifest, staged) =
            bundle::successor(&bytes, digest.as_deref(), old, &base.join(server), base)?;
        let written = staged.target().display().to_string();
        let from = vec![(
            "From bundle: ".to_owned(),
            bundle::from_line(&manifest, &found, self.address.as_ref()),
        )];
        let version = manifest.version;
        Ok(Some(NewerVersion { version, told: Vec::new(), written, from, bundle: Some(staged) }))
    }
}

impl NewerVersion {
    /// The text of the server's file with it in place of the old one.
    pub fn switched(&self, pin: &Pin, text: &str, server: &str) -> Result<String, PackageError> {
        pin.replaced(text, server, &self.written, &self.from)
    }

    /// Has its files lie where its config says.
    pub fn place(&mut self) -> Result<(), PackageError> {
        self.bundle.as_mut().map_or(Ok(()), |bundle| Ok(bundle.keep()?))
    }

    /// Takes those away again: it is not wanted.
    pub fn discard(self) {
        if self.bundle.is_some() {
            drop(std::fs::remove_dir_all(&self.written));
        }
    }

    /// Takes away what was unpacked for the server earlier, but for the version that it just had.
    pub fn forget_others(&self, pin: &Pin) {
        if self.bundle.is_some() {
            bundle::forget_all_but(&[&pin.written, &self.written]);
        }
    }
}
