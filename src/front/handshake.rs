//! TLS, before anything else of a connection.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::base::Lock;
use crate::peers::peer::Refusal;
use crate::settings::Config;
use crate::tls::Certificate;

/// Handshakes at the same time: each is work, and whoever comes may leave it undone.
const HANDSHAKES_MAX: usize = 64;
/// Of them those of one address, so that one machine keeps no other one out.
const HANDSHAKES_OF_EACH: usize = 16;
/// Addresses that are remembered before those are forgotten that nobody waits at.
const ADDRESSES_KEPT: usize = 256;
/// A handshake takes so long at the most; waiting for its turn is a part of it.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// What a listener shows.
#[derive(Debug)]
pub struct Presented {
    /// The newest certificate that can be used: one that cannot does not take its place.
    newest: Lock<Certificate>,
    turns: Semaphore,
    turns_of_each: Lock<HashMap<IpAddr, Weak<Semaphore>>>,
}

impl Presented {
    pub(super) fn new(certificate: Certificate) -> Self {
        let turns = Semaphore::new(HANDSHAKES_MAX);
        Self { newest: Lock::new(certificate), turns, turns_of_each: Lock::default() }
    }

    /// The turns of an address.
    fn turns_of(&self, address: IpAddr) -> Arc<Semaphore> {
        let mut all = self.turns_of_each.lock();
        if all.len() >= ADDRESSES_KEPT {
            all.retain(|_, turns| turns.strong_count() > 0);
        }
        let turns = all.entry(whose(address)).or_default();
        turns.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Semaphore::new(HANDSHAKES_OF_EACH));
            *turns = Arc::downgrade(&new);
            new
        })
    }

    fn acceptor(&self, config: &Config) -> TlsAcceptor {
        let mut newest = self.newest.lock();
        if let Some(Ok(certificate)) = &config.http.tls
            && *certificate != *newest
        {
            *newest = certificate.clone();
        }
        newest.server().clone().into()
    }

    /// Makes a connection one over TLS.
    pub(super) async fn shake(
        &self,
        stream: TcpStream,
        config: Arc<Config>,
    ) -> Result<TlsStream<TcpStream>, Refusal> {
        let whole = async {
            // Who says nothing takes nobody's turn. Readiness alone may be a mistake.
            stream.peek(&mut [0]).await?;
            let own = self.turns_of(stream.peer_addr()?.ip());
            let _own_turn = own.acquire().await.map_err(io::Error::other)?;
            let _turn = self.turns.acquire().await.map_err(io::Error::other)?;
            self.acceptor(&config).accept(stream).await
        };
        match timeout(HANDSHAKE_WITHIN, whole).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(Refusal::Tls(reason(&error))),
            Err(_) => Err(Refusal::Tls("it did not come to an end in time".to_owned())),
        }
    }
}

/// What one machine has of addresses: of IPv6 the half that is its network's (RFC 4291, section 2.5.1).
fn whose(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        four @ IpAddr::V4(_) => four,
    }
}

fn reason(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => {
            "what it says is no TLS; its URL is to begin with https://".to_owned()
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("it does not take what is shown to it: {alert:?}")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::whose;
    use std::net::IpAddr;

    #[test]
    fn a_machine_has_one_address_however_many_it_uses() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            let [address, expected] = [address, expected].map(str::parse::<IpAddr>);
            assert_eq!(whose(address.unwrap()), expected.unwrap());
        }
    }
}
