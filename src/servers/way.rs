//! The way to a remote server.

use crate::connection::Proxies;
use crate::settings::{ProxyChoice, Proxying, ServerConfig};

/// Through whom the server may be reached.
pub(super) fn proxies(config: &ServerConfig) -> Proxies {
    let Proxying { choice, except } = &config.remote.proxying;
    match choice {
        ProxyChoice::Environment => Proxies::of_environment(except),
        ProxyChoice::None => Proxies::none(),
        ProxyChoice::At(url) => Proxies::through(url.expose(), except),
    }
}
