//! Where a client is that comes through proxies.
//!
//! Each proxy writes behind what is there already from whom it got the request (`X-Forwarded-For`). So
//! the end is what the proxy says that we know, and the beginning what anybody at all may have written:
//! it is read from its end, for as long as what says it is trusted, and no further.

use std::net::{IpAddr, SocketAddr};

use crate::settings::Networks;

/// Proxies that a request may have come through.
const HOPS_MAX: usize = 32;

/// Why that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    #[error("what a trusted proxy says of where it comes from is no address")]
    Unreadable,
    #[error("it came through more than {HOPS_MAX} proxies")]
    TooMany,
}

/// Where the client of a request is that came from `peer`. `said`: the values of the header, in their
/// order.
pub fn client<'a>(
    networks: &Networks,
    peer: IpAddr,
    said: impl DoubleEndedIterator<Item = &'a [u8]>,
) -> Result<IpAddr, Untold> {
    let mut at = peer;
    let mut hops = said.rev().flat_map(|value| value.rsplit(|byte| *byte == b','));
    for _ in 0..HOPS_MAX {
        if !networks.trust(at) {
            return Ok(at);
        }
        match hops.next().map(<[u8]>::trim_ascii) {
            None => return Ok(at),
            // An item of a list may be empty (RFC 9110, section 5.6.1.2).
            Some([]) => {}
            Some(hop) => at = address(hop).ok_or(Untold::Unreadable)?,
        }
    }
    Err(Untold::TooMany)
}

/// An address as proxies write them: alone, in brackets, or with a port.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::{HOPS_MAX, Untold, client};
    use crate::settings::Networks;
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv4Addr};

    /// Two proxies, and a network of more.
    fn networks() -> Networks {
        let proxies = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"];
        let trusted_proxies = proxies.iter().map(|text| text.parse().unwrap()).collect();
        Networks { allow: None, trusted_proxies }
    }

    fn found(peer: &str, said: &[&str]) -> Result<String, Untold> {
        let said = said.iter().map(|text| text.as_bytes());
        client(&networks(), peer.parse().unwrap(), said).map(|address| address.to_string())
    }

    #[test]
    fn what_trusted_proxies_say_is_read_from_its_end() {
        for (peer, said, expected) in [
            ("127.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("::ffff:127.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // Whoever is no proxy is where it is, whatever it says.
            ("203.0.113.9", &["192.0.2.1"], "203.0.113.9"),
            ("203.0.113.9", &["garbage"], "203.0.113.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["10.1.1.1"], "10.1.1.1"),
            // What a client made up stands at the beginning.
            ("127.0.0.1", &["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["10.1.1.1, 203.0.113.9, 10.2.2.2"], "203.0.113.9"),
            ("127.0.0.1", &["10.1.1.1", "203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["%%%, 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["\u{fffd}", "203.0.113.9,10.0.0.1"], "203.0.113.9"),
            ("127.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", &["2001:db8::1,\tfd00::1 ,, "], "2001:db8::1"),
            ("127.0.0.1", &["203.0.113.9, ::ffff:10.0.0.1"], "203.0.113.9"),
            ("127.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(found(peer, said).as_deref(), Ok(expected), "{peer} {said:?}");
        }
        for said in ["unknown", "_hidden", "203.0.113.9, mux.example", "203.0.113.9.", "1", "é"] {
            assert_eq!(found("127.0.0.1", &[said]), Err(Untold::Unreadable), "{said}");
        }
        let many = vec!["10.0.0.1"; HOPS_MAX].join(",");
        assert_eq!(found("127.0.0.1", &[&many]), Err(Untold::TooMany));
        let commas = ",".repeat(100_000);
        assert_eq!(found("127.0.0.1", &[&commas]), Err(Untold::TooMany));
    }

    proptest! {
        /// Nothing that a client writes before what the proxies add changes where it is.
        #[test]
        fn what_is_made_up_changes_nothing(
            made_up in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5),
            address: u32,
            proxies in 0_u8..20,
        ) {
            let address = Ipv4Addr::from(address | 0xc000_0000);
            let mut own = address.to_string();
            for number in 0..proxies {
                own += &format!(", 10.0.0.{number}");
            }
            let mut said: Vec<&[u8]> = made_up.iter().map(Vec::as_slice).collect();
            said.push(own.as_bytes());
            let found = client(&networks(), IpAddr::from([127, 0, 0, 1]), said.into_iter());
            prop_assert_eq!(found, Ok(IpAddr::from(address)));
        }
    }
}
