//! Host and Origin: what keeps a web page from talking to a daemon on loopback.
//!
//! A page can make a browser send requests to 127.0.0.1, and by rebinding its DNS name it can read
//! the answers. Such a request names the page's host in `Host`, and the page in `Origin`
//! (transports, "Security Warning"; CVE-2025-66414 and its family).

/// What is accepted beside the loopback names and our own origin.
#[derive(Debug, Clone, Copy)]
pub struct HostRules<'a> {
    pub hosts: &'a [String],
    pub origins: &'a [String],
    /// Whether clients speak TLS, be it with a proxy: that is a part of our own origin.
    pub is_secure: bool,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "the Host header names no host of this daemon; allow it with `http.allowed_hosts`, where other machines know this one by that name"
    )]
    Host,
    #[error("requests of this origin are not accepted; allow it with `http.allowed_origins`")]
    Origin,
}

impl HostRules<'_> {
    /// Checks a request that came over TCP.
    pub fn check(self, host: Option<&str>, origin: Option<&str>) -> Result<(), Refused> {
        let host = host.ok_or(Refused::Host)?;
        let named = |allowed: &String| {
            allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(name_of(host))
        };
        if !is_loopback(host) && !self.hosts.iter().any(named) {
            return Err(Refused::Host);
        }
        self.check_origin(origin, Some(host))
    }

    /// Checks a request that came over a unix socket, where any `Host` arrives.
    pub fn check_unix(self, origin: Option<&str>) -> Result<(), Refused> {
        self.check_origin(origin, None)
    }

    fn check_origin(self, origin: Option<&str>, host: Option<&str>) -> Result<(), Refused> {
        let Some(origin) = origin else { return Ok(()) };
        let scheme = if self.is_secure { "https://" } else { "http://" };
        let same = host.is_some_and(|host| origin.strip_prefix(scheme) == Some(host));
        if same || self.origins.iter().any(|allowed| allowed == origin) {
            Ok(())
        } else {
            Err(Refused::Origin)
        }
    }
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

fn is_loopback(host: &str) -> bool {
    let name = name_of(host);
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::HostRules;

    #[test]
    fn browsers_stay_out() {
        let (hosts, origins) = (["mux.lan".to_owned()], ["https://dash.lan".to_owned()]);
        let rules = HostRules { hosts: &hosts, origins: &origins, is_secure: false };
        let check = |host: Option<&str>, origin: Option<&str>, accepted: bool| {
            assert_eq!(rules.check(host, origin).is_ok(), accepted, "{host:?} {origin:?}");
        };
        for host in [
            "localhost",
            "LOCALHOST:4860",
            "127.0.0.1:4860",
            "[::1]:4860",
            "[::1]",
            "mux.lan",
            "MUX.lan:80",
        ] {
            check(Some(host), None, true);
        }
        let bad = [
            "",
            "evil.com",
            "localhost.evil.com",
            "evil.localhost",
            "localhost.",
            "127.0.0.1.evil.com",
            "127.0.0.2",
            "0.0.0.0",
            "127.1",
            "2130706433",
            "[::ffff:127.0.0.1]",
            "[::1",
            "::1",
            "localhost:",
            "localhost:80x",
            "localhost@evil.com",
            "mux.lan.evil.com",
            "localhost:1:2",
            "http://localhost",
            " localhost",
            "[::1]x",
        ];
        for host in bad {
            check(Some(host), None, host == "localhost:");
        }
        check(None, None, false);
        check(Some("localhost:4860"), Some("http://localhost:4860"), true);
        check(Some("localhost"), Some("https://dash.lan"), true);
        for origin in [
            "http://evil.com",
            "null",
            "",
            "http://localhost:4861",
            "https://localhost:4860",
            "http://localhost:4860/",
        ] {
            check(Some("localhost:4860"), Some(origin), false);
        }
        let secure = HostRules { is_secure: true, ..rules };
        for (origin, expected) in [("https://mux.lan", true), ("http://mux.lan", false)] {
            assert_eq!(secure.check(Some("mux.lan"), Some(origin)).is_ok(), expected, "{origin}");
        }
        assert!(
            rules.check_unix(None).is_ok() && rules.check_unix(Some("http://evil.com")).is_err()
        );
    }
}
