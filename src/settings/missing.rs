//! What is missing before others may reach a listener.

use std::net::IpAddr;

use super::complaint::Complaint;
use super::config::Config;
use super::network::Listen;

/// What is missing before other machines may reach a listener.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    #[error(
        "it can be reached from other machines, and nothing would ask who they are; `callmux token new NAME` makes a token, or use a loopback address such as 127.0.0.1 or [::1]"
    )]
    Proof,
    #[error(
        "it can be reached from other machines, and what they say could be read on its way; set `http.tls_cert` and `http.tls_key`, or `http.behind_proxy = true` where a proxy in front of it speaks TLS, or use a loopback address such as 127.0.0.1 or [::1]"
    )]
    Secrecy,
    #[error(
        "it is to speak TLS, and there is no certificate; set `http.tls_cert` and `http.tls_key`"
    )]
    Certificate,
    #[error("it is to speak TLS, and its certificate cannot be used: {0}")]
    BadCertificate(Complaint),
}

impl Missing {
    /// Whether it may come and go while a daemon runs.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Proof | Self::BadCertificate(_))
    }
}

impl Config {
    /// What is missing before this may be listened at. Whoever opens a listener asks here, and whoever
    /// reads a config.
    pub fn missing_for(&self, listen: Listen) -> Option<Missing> {
        if listen.is_plain() {
            return None;
        }
        self.missing_secrecy(listen).or_else(|| (!self.has_proofs()).then_some(Missing::Proof))
    }

    /// The same as far as it is written in `[http]`.
    pub fn missing_secrecy(&self, listen: Listen) -> Option<Missing> {
        match &self.http.tls {
            _ if listen.is_plain() => None,
            Some(Err(wrong)) => Some(Missing::BadCertificate(wrong.clone())),
            Some(Ok(_)) => None,
            None if listen.has_scheme => Some(Missing::Certificate),
            None if self.http.behind_proxy => None,
            None => Some(Missing::Secrecy),
        }
    }

    /// Whether there is any way in which somebody could prove who they are whom the kernel does not know.
    pub fn has_proofs(&self) -> bool {
        !self.access.tokens.is_empty() || self.access.oidc.is_some()
    }

    /// Whether somebody at the other end of a connection to a loopback address may be far away all the
    /// same.
    pub fn may_be_far(&self, peer: IpAddr) -> bool {
        self.http.behind_proxy || self.access.networks.trust(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::Missing;
    use crate::settings::Config;
    use crate::settings::access::{AccessToken, TokenHash};
    use crate::settings::network::Listen;

    #[test]
    fn what_others_can_reach_needs_a_proof_and_secrecy() {
        let missing = |text: &str, has_token: bool, behind_proxy: bool| {
            let mut config = Config::default();
            config.http.behind_proxy = behind_proxy;
            if has_token {
                let token =
                    AccessToken { hash: TokenHash::Sha256([0; 32]), expires: None, previous: None };
                config.access.tokens.insert("ci".to_owned(), token);
            }
            config.missing_for(Listen::parse(text).unwrap())
        };
        for near in ["127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(missing(near, false, false), None, "{near}");
        }
        for far in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[fe80::1]:1", "[::ffff:0.0.0.0]:1"] {
            assert_eq!(missing(far, true, false), Some(Missing::Secrecy), "{far}");
            assert_eq!(missing(far, false, true), Some(Missing::Proof), "{far}");
            assert_eq!(missing(far, true, true), None, "{far}");
        }
        // Who asks for TLS gets nothing less.
        for tls in ["https://127.0.0.1:1", "https://0.0.0.0:1/"] {
            assert_eq!(missing(tls, true, true), Some(Missing::Certificate), "{tls}");
        }
        for wrong in ["", "127.0.0.1", "http://127.0.0.1:1", "localhost:1", "https://:1"] {
            assert_eq!(Listen::parse(wrong), None, "{wrong}");
        }
    }
}
