//! `proxy` and `no_proxy`: through whom servers are reached.

use hyper::Uri;

use crate::keys::section::Section;
use crate::settings::proxy::{ProxyChoice, Proxying};

/// What holds of all servers.
pub(super) fn general(section: &mut Section<'_>) -> Proxying {
    let choice = choice(section).unwrap_or_default();
    let except = section.plain_texts("no_proxy").unwrap_or_default();
    Proxying { choice, except: except.into_iter().map(|(host, _)| host).collect() }
}

/// What one server has of its own, else what holds of all.
pub(super) fn own(section: &mut Section<'_>, has_socket: bool, general: &Proxying) -> ProxyChoice {
    if has_socket && section.has("proxy") {
        let at = section.place("proxy");
        section.complain(at, "proxy", "goes without `socket`, which needs none");
    }
    choice(section).unwrap_or_else(|| general.choice.clone())
}

fn choice(section: &mut Section<'_>) -> Option<ProxyChoice> {
    let (url, at) = section.resolved("proxy")?;
    let text = url.text.expose();
    if text == "none" {
        return Some(ProxyChoice::None);
    }
    if !is_proxy(text) {
        // It may hold a password.
        let message = "must be `none`, or `http://` or `https://` with a host, perhaps a port, and \
                       `USER:PASSWORD@` before it where the proxy wants that (with `%40` for an `@` in it)";
        section.complain(at, "proxy", message);
    }
    Some(ProxyChoice::At(url.text))
}

fn is_proxy(text: &str) -> bool {
    let Ok(url) = text.parse::<Uri>() else { return false };
    let is_plain = matches!(url.path(), "" | "/") && url.query().is_none();
    matches!(url.scheme_str(), Some("http" | "https"))
        && url.host().is_some_and(|host| !host.is_empty())
        && is_plain
}

#[cfg(test)]
mod tests;
