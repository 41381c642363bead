//! TLS to a daemon on another machine: it proves by a certificate who it is, before it is told anything.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::http;

/// A handshake takes so long at the most.
const WITHIN: Duration = Duration::from_secs(10);

/// Makes the connection to `address`, a `host:port`, one over TLS. Whom this machine trusts, which is what
/// `SSL_CERT_FILE` names or the authorities of the system, is to vouch for that name.
pub(super) async fn shake(address: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let refused = |what: String| io::Error::new(io::ErrorKind::PermissionDenied, what);
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(bare.to_owned())
        .map_err(|_| refused(format!("`{host}` is no name that a certificate could be for")))?;
    let trust = http::trust().map_err(|error| {
        refused(format!("this machine has no certificates of authorities to check by: {error}"))
    })?;
    let shaken = TlsConnector::from(Arc::new(trust)).connect(name, stream);
    let shaken = tokio::time::timeout(WITHIN, shaken).await?;
    // What is no matter of TLS may be over in a moment.
    shaken.map_err(|error| match http::tls_reason(&error) {
        Some(why) => refused(format!("nothing was sent to {address}: {why}")),
        None => error,
    })
}
