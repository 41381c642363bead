//! A server that a registry, or a `server.json`, describes.

use url::Url;

use super::drafting::{draft, set_command};
use super::error::{PackageError, refused};
use super::fetch::WantedFile;
use super::image::RegistryAsked;
use super::listing::{ListedPackage, ListedRemote, Listing};
use super::naming;
use super::question::PackageAnswers;
use super::values::Values;
use super::wishes::{FoundServers, WantedTransport, Wishes};
use super::{bundle, launch};
use crate::base::quoted;
use crate::bundles::ARCHIVE_MAX;
use crate::http::reach::is_loopback;
use crate::imports::{ImportPlace, ServerDraft};
use crate::json::Json;

/// What of a listing is taken.
enum Way<'a> {
    Package(&'a ListedPackage),
    Remote(&'a ListedRemote),
}

/// The server that a document describes. `source`: where it came from, if not from a file.
pub(super) fn of(
    tree: &Json,
    source: Option<&Url>,
    wishes: &Wishes,
    place: &ImportPlace,
    answers: &mut dyn PackageAnswers,
) -> Result<FoundServers, PackageError> {
    let listing = Listing::read(tree)?;
    let asked: RegistryAsked<'_> = &|url| WantedFile::told(url, source);
    let mut told = Vec::new();
    match listing.status.as_deref() {
        Some("deleted") => {
            return Err(refused(format!(
                "{} was taken out of the registry; write the command behind `--` if you trust it all the same",
                quoted(&listing.name)
            )));
        }
        Some("deprecated") => told.push(format!("warning: {} is deprecated", listing.name)),
        _ => {}
    }
    let name = wishes.name.clone().unwrap_or_else(|| naming::of_package(&listing.name));
    let way = choose(&listing, wishes.transport)?;
    let mut draft = draft(name.to_string());
    let version = listing.version.as_deref().unwrap_or_default();
    let mut from = vec![format!("From server.json of {} {version}.", listing.name)];
    match way {
        Way::Package(package) if package.registry == "mcpb" => {
            let url = Url::parse(&package.identifier)
                .map_err(|_| refused(format!("`{}` is no address", quoted(&package.identifier))))?;
            let bytes = asked(&url).archive(ARCHIVE_MAX).get()?;
            let wishes =
                Wishes { name: Some(name), bundles: wishes.bundles.clone(), ..Wishes::default() };
            let digest = package.sha256.as_deref();
            let mut found = bundle::of_bytes(&bytes, (digest, None), &wishes, place, answers)?;
            found.from.splice(0..0, from);
            found.told.splice(0..0, told);
            return Ok(found);
        }
        Way::Package(package) => {
            let mut values = Values { draft: &mut draft, secrets: &place.secrets, answers };
            let given = |name: &str| wishes.env.iter().any(|(known, _)| known == name);
            let known = (&wishes.registries, asked);
            let command = launch::of_listed(package, known, &given, &mut values)?;
            from.push(command.from);
            set_command(&mut draft, command.program, command.args);
        }
        Way::Remote(remote) => {
            let mut values = Values { draft: &mut draft, secrets: &place.secrets, answers };
            let given = |name: &str| {
                wishes.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
            };
            let url = values.of(&remote.url, false)?.unwrap_or_default();
            let is_local = Url::parse(&url).is_ok_and(|url| is_loopback(&url));
            let is_safe = url.starts_with("https://") || (is_local && url.starts_with("http://"));
            if !is_safe {
                return Err(refused(format!(
                    "its address `{}` is not https; if you trust the way there, add it with --url",
                    quoted(&url)
                )));
            }
            for header in &remote.headers {
                if let Some(value) = values.of(header, given(&header.name))? {
                    values.draft.set_member("headers", &header.name, Json::from(value));
                }
            }
            draft.set("url", Json::from(url));
            draft.set("transport", Json::from(remote.transport.as_str()));
        }
    }
    told.extend(others(&listing, &draft));
    Ok(FoundServers { drafts: vec![draft], from, told, ..FoundServers::default() })
}

/// The first that can be run here, else the first address.
fn choose(listing: &Listing, wanted: Option<WantedTransport>) -> Result<Way<'_>, PackageError> {
    let mut obstacles = Vec::new();
    let takes_package = matches!(wanted, None | Some(WantedTransport::Stdio));
    for package in listing.packages.iter().filter(|_| takes_package) {
        match launch::obstacle(package) {
            None => return Ok(Way::Package(package)),
            Some(why) => {
                obstacles.push(format!(
                    "{} {}: {why}",
                    quoted(&package.registry),
                    quoted(&package.identifier)
                ));
            }
        }
    }
    for remote in &listing.remotes {
        let fits = matches!(
            (wanted, remote.transport.as_str()),
            (None, "streamable-http" | "sse")
                | (Some(WantedTransport::StreamableHttp), "streamable-http")
                | (Some(WantedTransport::Sse), "sse")
        );
        if fits {
            return Ok(Way::Remote(remote));
        }
    }
    let name = quoted(&listing.name);
    let is_bare = listing.packages.is_empty() && listing.remotes.is_empty();
    Err(refused(match (is_bare, obstacles.is_empty()) {
        (true, _) => {
            format!("{name} names neither a package nor an address; look at its repository")
        }
        (false, true) => format!("{name} has nothing of that --transport; leave the option out"),
        (false, false) => {
            format!("{name} has nothing that can be run here: {}", obstacles.join("; "))
        }
    }))
}

/// What else there would have been.
fn others(listing: &Listing, draft: &ServerDraft) -> Option<String> {
    let is_remote = draft.get("url").is_some();
    if is_remote || listing.remotes.is_empty() {
        return None;
    }
    let name = &listing.name;
    Some(format!("{name} is also a remote server; `--transport http` takes that"))
}
