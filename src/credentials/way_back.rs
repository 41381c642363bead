//! Where the browser comes back to after a consent: an address on this machine (RFC 8252, section 7.3).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::Uri;
use tokio::net::TcpListener;

use super::callback;
use super::error::CredentialError;
use super::oauth::Oauth;

/// An address that browsers can come back to.
pub(super) struct WayBack {
    /// It has more than one where `localhost` stands for more.
    pub(super) listeners: Vec<TcpListener>,
    /// As the authorization server is told it.
    pub(super) address: String,
    pub(super) path: String,
}

impl Oauth {
    /// Listens. A client that registered itself did so with a port.
    pub(super) async fn way_back(&self) -> Result<WayBack, CredentialError> {
        if let Some(wanted) = &self.config.redirect_uri {
            return as_wanted(wanted).await;
        }
        let (listener, port) = match self.config.callback_port {
            Some(port) => listen(Ipv4Addr::LOCALHOST.into(), port).await?,
            None => {
                let before = self.store.kept();
                let before = before.and_then(|kept| kept.client.redirect.parse::<Uri>().ok());
                let again = match before.and_then(|before| before.port_u16()) {
                    Some(port) => listen(Ipv4Addr::LOCALHOST.into(), port).await.ok(),
                    None => None,
                };
                match again {
                    Some(listening) => listening,
                    None => listen(Ipv4Addr::LOCALHOST.into(), 0).await?,
                }
            }
        };
        let path = callback::PATH.to_owned();
        let address = format!("http://127.0.0.1:{port}{path}");
        Ok(WayBack { listeners: vec![listener], address, path })
    }
}

/// The address that the user registered, at any free port if it has none.
async fn as_wanted(wanted: &str) -> Result<WayBack, CredentialError> {
    let uri: Uri = wanted.parse().map_err(|_| CredentialError::NoAddress)?;
    let host = uri.host().unwrap_or_default();
    let named = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let first = named.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let (listener, port) = listen(first, uri.port_u16().unwrap_or(0)).await?;
    let mut listeners = vec![listener];
    if host == "localhost"
        && let Ok((other, _)) = listen(Ipv6Addr::LOCALHOST.into(), port).await
    {
        // A browser may try this one first.
        listeners.push(other);
    }
    let address = match uri.port_u16() {
        Some(_) => wanted.to_owned(),
        None => {
            let rest = wanted.split_once(host).map_or("", |(_, rest)| rest);
            format!("http://{host}:{port}{rest}")
        }
    };
    let path = if uri.path().is_empty() { "/" } else { uri.path() };
    Ok(WayBack { listeners, address, path: path.to_owned() })
}

async fn listen(address: IpAddr, port: u16) -> Result<(TcpListener, u16), CredentialError> {
    let failed = |error: io::Error| match port {
        0 => CredentialError::NoPort(error.to_string()),
        port => CredentialError::Port(port, error.to_string()),
    };
    let listener = TcpListener::bind((address, port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

#[cfg(test)]
mod tests {
    use super::as_wanted;

    /// The 12 MCP servers of Microsoft know fixed addresses only.
    #[tokio::test]
    async fn an_address_that_is_registered_is_used_as_it_is_written() {
        for (wanted, rest, path) in [
            ("http://localhost/other", "/other", "/other"),
            ("http://127.0.0.1/", "/", "/"),
            ("http://localhost", "", "/"),
        ] {
            let way = as_wanted(wanted).await.unwrap();
            let port = way.listeners[0].local_addr().unwrap().port();
            let host = wanted.split('/').nth(2).unwrap();
            assert_eq!(way.address, format!("http://{host}:{port}{rest}"));
            assert_eq!(way.path, path);
            drop(way);
        }
        let held = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = format!("http://localhost:{}/x", held.local_addr().unwrap().port());
        let error = as_wanted(&taken).await.err().unwrap().to_string();
        assert!(error.contains("cannot be used"), "{error}");
    }
}
