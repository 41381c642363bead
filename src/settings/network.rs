//! What other machines may reach of the daemon.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// `[access.networks]`. Addresses of IPv4 that are written as IPv6 are those of IPv4.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    /// Where clients may be; `None`: anywhere.
    pub allow: Option<Vec<IpNet>>,
    /// Whose word about where a client is, is taken.
    pub trusted_proxies: Vec<IpNet>,
}

impl Networks {
    /// Whether somebody there may be a client.
    pub fn admit(&self, address: IpAddr) -> bool {
        self.allow.as_ref().is_none_or(|networks| is_in(networks, address))
    }

    /// Whether what is there is a proxy whose word is taken.
    pub fn trust(&self, address: IpAddr) -> bool {
        is_in(&self.trusted_proxies, address)
    }
}

fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// Whether only processes of this machine can connect to an address.
pub fn is_near(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// An address to listen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    pub address: SocketAddr,
    /// It is written with `https://`.
    pub has_scheme: bool,
}

impl Listen {
    /// Reads `127.0.0.1:4860` or `https://[::]:4860`.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://");
        let address = rest.unwrap_or(text).trim_end_matches('/').parse().ok()?;
        Some(Self { address, has_scheme: rest.is_some() })
    }

    /// Whether it is of this machine alone, and nothing about it is different.
    pub fn is_plain(&self) -> bool {
        !self.has_scheme && is_near(self.address.ip())
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self { address, has_scheme: false }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.has_scheme { "https://" } else { "" };
        write!(f, "{scheme}{}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::Networks;
    use std::net::IpAddr;

    #[test]
    fn an_address_is_in_a_network_in_every_way_it_is_written() {
        let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let allowed = Networks {
            allow: Some(networks(&["10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32", "fd00::1/128"])),
            trusted_proxies: networks(&["0.0.0.0/0"]),
        };
        for (address, expected) in [
            ("10.1.0.0", true),
            ("10.1.255.255", true),
            ("10.2.0.0", false),
            ("10.0.255.255", false),
            ("::ffff:10.1.2.3", true),
            ("::ffff:10.2.2.3", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
            ("fd00::1", true),
            ("fd00::2", false),
            // The old form, which is no address of IPv4 (RFC 4291, section 2.5.5.1).
            ("::10.1.2.3", false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(allowed.admit(address), expected, "{address}");
        }
        for (address, expected) in [("1.2.3.4", true), ("::ffff:1.2.3.4", true), ("::1", false)] {
            assert_eq!(allowed.trust(address.parse().unwrap()), expected, "{address}");
        }
        let open = Networks::default();
        let anywhere: IpAddr = "203.0.113.9".parse().unwrap();
        assert!(open.admit(anywhere) && !open.trust(anywhere));
    }
}
