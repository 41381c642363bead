//! How far an address reaches: whoever is sent somewhere by what came from outside looks first.

use std::net::IpAddr;

use url::{Host, Url};

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This machine.
    Loopback,
    /// The networks of a house or a company.
    Private,
    /// Everywhere.
    Global,
    /// Nowhere that a server has any business with: link-local addresses, where clouds keep
    /// credentials, and what is no address of one machine.
    Never,
}

/// Whether the URL leads to this machine whatever its names stand for.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// How far an address reaches, whatever form it is written in.
pub fn reach(address: IpAddr) -> Reach {
    let v4 = match address {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            let embedded = match (a, b, c) {
                // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to an address of the other kind.
                (0x64, 0xff9b, _) => v6.octets().last_chunk::<4>().copied(),
                (0x2002, _, _) => v6.octets()[2..6].try_into().ok(),
                _ => v6.to_ipv4_mapped().map(|v4| v4.octets()),
            };
            match embedded {
                Some(octets) => octets.into(),
                None if v6.is_loopback() => return Reach::Loopback,
                None if v6.is_unique_local() => return Reach::Private,
                // 2000::/3 is what is given out, without Teredo (RFC 4380).
                None if a & 0xe000 == 0x2000 && (a, b) != (0x2001, 0) => return Reach::Global,
                None => return Reach::Never,
            }
        }
    };
    let [a, b, ..] = v4.octets();
    match (a, b) {
        _ if v4.is_loopback() => Reach::Loopback,
        // The second is for carriers (RFC 6598).
        _ if v4.is_private() || (a == 100 && b & 0xc0 == 64) => Reach::Private,
        (0 | 224.., _) | (169, 254) | (198, 18 | 19) => Reach::Never,
        _ => Reach::Global,
    }
}

#[cfg(test)]
mod tests {
    use super::{Reach, reach};

    #[test]
    fn addresses_reach_as_far_as_they_do() {
        for (address, expected) in [
            ("127.8.9.1", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("10.1.2.3", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("fd00::1", Reach::Private),
            ("64:ff9b::a00:1", Reach::Private),
            ("2002:7f00:1::", Reach::Loopback),
            ("169.254.169.254", Reach::Never),
            ("::ffff:169.254.169.254", Reach::Never),
            ("fe80::1", Reach::Never),
            ("0.0.0.0", Reach::Never),
            ("::", Reach::Never),
            ("255.255.255.255", Reach::Never),
            ("2001::1", Reach::Never),
            ("93.184.216.34", Reach::Global),
            ("2606:4700::1", Reach::Global),
        ] {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }
}
