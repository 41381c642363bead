//! `[access.networks]`: from where.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::named::Named;
use crate::keys;
use crate::keys::section::Section;
use crate::keys::tree::Node;
use crate::settings::Networks;

pub(super) fn read(node: Node, named: &mut Named<'_>) -> Networks {
    let path = "access.networks".to_owned();
    let mut section = Section::new(path, node, keys::NETWORKS, named.sources, named.complaints);
    let mut networks = Networks {
        allow: list(&mut section, "allow"),
        trusted_proxies: list(&mut section, "trusted_proxies").unwrap_or_default(),
    };
    for row in keys::NETWORK_ROWS {
        row.read(&mut section, &mut networks);
    }
    named.unresolved.extend(section.finish());
    networks
}

fn list(section: &mut Section<'_>, name: &str) -> Option<Vec<IpNet>> {
    let mut networks = Vec::new();
    for (text, at) in section.plain_texts(name)? {
        match network(&text) {
            Ok(network) => networks.push(network),
            Err(why) => section.complain(at, name, format!("`{text}` {why}")),
        }
    }
    Some(networks)
}

/// Why a text is no network, with what to write.
#[derive(Debug, thiserror::Error)]
enum NoNetwork {
    #[error("is no network; write for example \"10.0.0.0/8\", \"fd00::/8\" or \"192.0.2.7\"")]
    Unreadable,
    /// A slip of the pen there lets in more than was meant.
    #[error("names an address within a network; write \"{0}\" for all of it")]
    Within(IpNet),
    #[error("is a network of IPv4 and of IPv6 at once; write both of them")]
    Both,
}

fn network(text: &str) -> Result<IpNet, NoNetwork> {
    // The parser of `ipnet` takes `010.0.0.0`, which some read as octal.
    let network = match text.split_once('/') {
        None => text.parse::<IpAddr>().ok().map(IpNet::from),
        Some((address, prefix)) if prefix.bytes().all(|digit| digit.is_ascii_digit()) => {
            let (address, prefix) = (address.parse().ok(), prefix.parse().ok());
            address.zip(prefix).and_then(|(address, prefix)| IpNet::new(address, prefix).ok())
        }
        Some(_) => None,
    };
    let network = plain(network.ok_or(NoNetwork::Unreadable)?).ok_or(NoNetwork::Both)?;
    if network.trunc() == network { Ok(network) } else { Err(NoNetwork::Within(network.trunc())) }
}

/// A network of IPv4 that is written as one of IPv6 is one of IPv4: so are the addresses that are
/// compared with it (RFC 4291, section 2.5.5.2).
fn plain(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(of_six) = network else { return Some(network) };
    match of_six.addr().to_ipv4_mapped() {
        None => Some(network),
        Some(address) => of_four(address, of_six.prefix_len().checked_sub(96)?),
    }
}

fn of_four(address: Ipv4Addr, prefix: u8) -> Option<IpNet> {
    Ipv4Net::new(address, prefix).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::network;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    #[test]
    fn networks_are_read_as_people_write_them() {
        for (text, expected) in [
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("192.0.2.7", Some("192.0.2.7/32")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("::/0", Some("::/0")),
            ("fd00::/8", Some("fd00::/8")),
            ("FD00:0::/8", Some("fd00::/8")),
            ("2001:db8::1", Some("2001:db8::1/128")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("::ffff:192.0.2.7", Some("192.0.2.7/32")),
            ("::ffff:0:0/96", Some("0.0.0.0/0")),
            ("::ffff:0:0/95", None),
            ("10.0.0.1/8", None),
            ("fd00::1/8", None),
            ("::ffff:10.0.0.1/104", None),
            ("10.0.0.0/33", None),
            ("fd00::/129", None),
            ("10.0.0.0/", None),
            ("10/8", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0/8/8", None),
            ("010.0.0.0/8", None),
            ("10.0.0.0/255.0.0.0", None),
            ("localhost", None),
            ("*", None),
            ("", None),
            (" 10.0.0.0/8", None),
            ("fe80::1%eth0", None),
        ] {
            let found = network(text).ok().map(|network| network.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let wrong = network("10.1.2.3/8").unwrap_err().to_string();
        assert!(wrong.contains("write \"10.0.0.0/8\""), "{wrong}");
    }

    proptest! {
        /// As the bits say it, in both ways of writing an address.
        #[test]
        fn an_address_is_in_a_network_if_its_first_bits_are(
            address: u32, other: u32, prefix in 0_u8..=32,
        ) {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let base = Ipv4Addr::from(address & mask);
            let expected = address & mask == other & mask;
            let other = Ipv4Addr::from(other);
            for text in
                [format!("{base}/{prefix}"), format!("::ffff:{base}/{}", 96 + u32::from(prefix))]
            {
                let networks = crate::settings::Networks {
                    allow: Some(vec![network(&text).unwrap()]), trusted_proxies: Vec::new(),
                };
                prop_assert_eq!(networks.admit(other.into()), expected);
                prop_assert_eq!(networks.admit(other.to_ipv6_mapped().into()), expected);
            }
        }
    }
}
