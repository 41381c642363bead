//! `[servers.NAME.auth]` with `type = "oauth"`.

use std::net::IpAddr;

use hyper::Uri;

use crate::keys::section::Section;
use crate::settings::auth::{Endpoints, Grant, Oauth, OpenBrowser};

/// Reads the keys, and complains about what does not go together.
pub(super) fn read(section: &mut Section<'_>) -> Oauth {
    let scopes = section.plain_texts("scopes").unwrap_or_default();
    for (scope, at) in &scopes {
        // RFC 6749, section 3.3.
        let is_token = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scope.is_empty() || !scope.bytes().all(is_token) {
            section.complain(
                at.clone(),
                "scopes",
                format!("`{scope}` is no scope; write each on its own"),
            );
        }
    }
    let grant = match section.choice("grant") {
        0 => Grant::AuthorizationCode,
        _ => Grant::ClientCredentials,
    };
    let (has_id, has_secret) = (section.has("client_id"), section.has("client_secret"));
    if has_secret && !has_id {
        section.complain(
            section.place("client_secret"),
            "client_secret",
            "goes with `client_id`, which is not set",
        );
    } else if grant == Grant::ClientCredentials && !has_secret {
        let message = "`client_credentials` needs `client_id` and `client_secret`";
        section.complain(section.place("grant"), "grant", message);
    }
    let client_metadata_url = section.text("client_metadata_url").map(|(url, at)| {
        let path = url.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
        if path.is_none_or(|(host, path)| host.is_empty() || path.is_empty()) {
            section.complain(
                at,
                "client_metadata_url",
                "must be an `https://` address with a path",
            );
        }
        url
    });
    let redirect_uri = redirect_uri(section);
    let client_name = section.text("client_name").map(|(name, _)| name);
    Oauth {
        scopes: scopes.into_iter().map(|(scope, _)| scope).collect(),
        client_id: section.text("client_id").map(|(id, _)| id),
        client_secret: section.resolved("client_secret").map(|(secret, _)| secret.text),
        client_metadata_url,
        grant,
        callback_port: section.number("callback_port").and_then(|port| u16::try_from(port).ok()),
        redirect_uri,
        client_name: client_name.filter(|name| !name.is_empty()),
        issuer: address(section, "issuer"),
        allow_issuer_mismatch: section.bool("allow_issuer_mismatch"),
        endpoints: Endpoints {
            authorization: address(section, "authorization_endpoint"),
            token: address(section, "token_endpoint"),
            registration: address(section, "registration_endpoint"),
        },
        open_browser: match section.choice("open_browser") {
            0 => OpenBrowser::Never,
            _ => OpenBrowser::AtStart,
        },
    }
}

/// An address on the web. Plain HTTP is for this machine.
fn address(section: &mut Section<'_>, key: &str) -> Option<String> {
    let (url, at) = section.text(key)?;
    let parsed: Option<Uri> = url.parse().ok();
    let is_web = parsed.is_some_and(|uri| match uri.scheme_str() {
        Some("https") => uri.host().is_some_and(|host| !host.is_empty()),
        Some("http") => is_here(&uri),
        _ => false,
    });
    if !is_web {
        section.complain(at, key, "must be an `https://` address");
    }
    Some(url)
}

fn redirect_uri(section: &mut Section<'_>) -> Option<String> {
    let has_port = section.has("callback_port");
    let (url, at) = section.text("redirect_uri")?;
    let parsed: Option<Uri> = url.parse().ok();
    if has_port {
        section.complain(
            at,
            "redirect_uri",
            "goes without `callback_port`: it has a port of its own",
        );
    } else if url.contains(['#', '@']) || !parsed.is_some_and(|uri| is_here(&uri)) {
        let message = "must be an `http://` address of `localhost`, `127.0.0.1` or `[::1]`";
        section.complain(at, "redirect_uri", message);
    }
    Some(url)
}

/// Whether it is plain HTTP on this machine.
fn is_here(uri: &Uri) -> bool {
    let is_loopback = |host: &str| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    uri.scheme_str() == Some("http") && uri.host().is_some_and(is_loopback)
}
