//! `[access.oidc]`: an issuer whose tokens are taken.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::named::Named;
use crate::keys::section::Section;
use crate::keys::tree::Node;
use crate::keys::{self};
use crate::settings::access::{Algorithm, Oidc};

const LEEWAY_MAX: Duration = Duration::from_mins(2);

/// `None`, with complaints, if it cannot be told who is meant.
pub(super) fn read(node: Node, named: &mut Named<'_>) -> Option<Arc<Oidc>> {
    let (path, at) = ("access.oidc".to_owned(), node.at.clone());
    let mut section = Section::new(path, node, keys::OIDC, named.sources, named.complaints);
    for name in ["issuer", "audience"] {
        if !section.has(name) {
            section.complain(
                at.clone(),
                name,
                "is missing: a token must be of somebody, and for us",
            );
        }
    }
    let (issuer, audience) = (address(&mut section, "issuer"), section.text("audience"));
    if let Some((text, at)) = audience.as_ref().filter(|(text, _)| text.is_empty()) {
        section.complain(at.clone(), "audience", format!("`{text}` is nobody"));
    }
    let audience = audience.map(|(text, _)| text);
    let resource = address(&mut section, "resource");
    let resource = resource.or_else(|| audience.clone().filter(|text| is_web(text)));
    let groups_claim = section.text("groups_claim").map(|(text, _)| text);
    let algorithms = algorithms(&mut section);
    let (place, leeway) = (section.place("leeway"), section.duration("leeway"));
    if leeway.is_some_and(|leeway| leeway > LEEWAY_MAX) {
        section.complain(place, "leeway", "is longer than 2 m: set the clock, not this");
    }
    named.unresolved.extend(section.finish());
    Some(Arc::new(Oidc {
        issuer: issuer?.into(),
        audience: audience?,
        resource,
        groups_claim: groups_claim.unwrap_or_else(|| "groups".to_owned()),
        algorithms,
        leeway: leeway?,
    }))
}

fn algorithms(section: &mut Section<'_>) -> Vec<Algorithm> {
    let Some(texts) = section.plain_texts("algorithms") else {
        return vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
    };
    let mut found = Vec::new();
    for (text, at) in &texts {
        match Algorithm::parse(text) {
            Some(algorithm) => found.push(algorithm),
            None => {
                let known = Algorithm::NAMES.join(", ");
                let message = format!("`{text}` is none of {known}: none other proves anything");
                section.complain(at.clone(), "algorithms", message);
            }
        }
    }
    if texts.is_empty() {
        section.complain(section.place("algorithms"), "algorithms", "nobody would be let in");
    }
    found
}

/// An address on the web, or on this machine. Neither a user nor a query nor a fragment is part of one
/// (RFC 8414, section 2; RFC 9728, section 1.2).
fn address(section: &mut Section<'_>, name: &str) -> Option<String> {
    let (text, at) = section.text(name)?;
    if !is_web(&text) {
        let message =
            "must be an `https://` address without query, or an `http://` one of this machine";
        section.complain(at, name, message);
    }
    Some(text)
}

fn is_web(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    let is_plain =
        url.username().is_empty() && url.password().is_none() && !text.contains(['?', '#']);
    is_plain && (url.scheme() == "https" || url.scheme() == "http" && is_here)
}
