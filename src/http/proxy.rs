//! Proxies: through which one a server is reached, if through any, and how (RFC 9110, section 9.3.6;
//! RFC 9112, section 3.2.2).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;

/// Stands for any proxy where only exceptions are looked for.
const ANY: &str = "http://any.invalid";

/// Which servers are reached through which proxy. A server on this machine never is.
#[derive(Debug, Clone)]
pub struct Proxies(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    matcher: Matcher,
    /// Servers that are reached without one at this port only.
    at_port: Vec<(u16, Matcher)>,
}

/// The proxy for one server.
#[derive(Clone)]
pub struct Proxy {
    /// `http` or `https`; without user and password.
    pub(super) url: Uri,
    /// `Proxy-Authorization`.
    pub(super) authorization: Option<HeaderValue>,
}

/// Neither user nor password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Proxies {
    pub fn none() -> Self {
        Self::of(|_| None, &[])
    }

    /// Those that the environment names, in upper or in lower case: `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY`, and `NO_PROXY` for who is reached without one, as `except` is.
    pub fn of_environment(except: &[String]) -> Self {
        Self::of(|name| std::env::var(name).ok(), except)
    }

    /// This one for all servers but `except`: hosts with all below them, addresses, networks
    /// (`10.0.0.0/8`), each perhaps with a port, or `*`.
    pub fn through(url: &str, except: &[String]) -> Self {
        Self::of(|name| (name == "ALL_PROXY").then(|| url.to_owned()), except)
    }

    fn of(variable: impl Fn(&str) -> Option<String>, except: &[String]) -> Self {
        let value = |name: &str| {
            let found = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
            found(name).or_else(|| found(&name.to_ascii_lowercase())).unwrap_or_default()
        };
        let listed = value("NO_PROXY");
        let listed = listed.split([',', ' ', '\t']).map(str::trim).filter(|part| !part.is_empty());
        let (mut everywhere, mut at_port) = (Vec::new(), Vec::new());
        for part in listed.chain(except.iter().map(String::as_str)) {
            let part = part.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(part);
            match with_port(part) {
                Some((host, port)) => {
                    at_port.push((port, Matcher::builder().all(ANY).no(host).build()));
                }
                None => everywhere.push(part),
            }
        }
        let matcher = Matcher::builder()
            .all(value("ALL_PROXY"))
            .http(value("HTTP_PROXY"))
            .https(value("HTTPS_PROXY"))
            .no(everywhere.join(","))
            .build();
        Self(Arc::new(Rules { matcher, at_port }))
    }

    /// The proxy through which the server at this URL is reached.
    pub fn of_url(&self, url: &Uri) -> Option<Proxy> {
        let found = self.0.matcher.intercept(url).filter(|_| !is_loopback(url))?;
        let port =
            url.port_u16().unwrap_or(if url.scheme_str() == Some("https") { 443 } else { 80 });
        let mut at_port = self.0.at_port.iter().filter(|(at, _)| *at == port);
        if at_port.any(|(_, hosts)| hosts.intercept(url).is_none()) {
            return None;
        }
        Some(Proxy { url: found.uri().clone(), authorization: found.basic_auth().cloned() })
    }
}

/// An entry of `NO_PROXY` that has a port.
fn with_port(entry: &str) -> Option<(&str, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => Some((inner, port.parse().ok()?)),
        // An address of IPv6 has several, and none of them begins a port.
        None if host.contains(':') => None,
        None => Some((host, port.parse().ok()?)),
    }
}

fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(IpAddr::V6(v6)) => v6.to_canonical().is_loopback(),
        Ok(IpAddr::V4(v4)) => v4.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::Proxies;

    fn of(variables: &[(&str, &str)]) -> Proxies {
        let value = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Proxies::of(value, &[])
    }

    fn found(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.of_url(&url.parse().unwrap()).map(|proxy| proxy.url.to_string())
    }

    #[test]
    fn a_scheme_has_its_variable_in_either_case() {
        let proxies =
            of(&[("HTTPS_PROXY", "http://p:1"), ("http_proxy", "q:2"), ("HTTP_PROXY", "")]);
        assert_eq!(found(&proxies, "https://far.example/mcp").unwrap(), "http://p:1/");
        assert_eq!(found(&proxies, "http://far.example/mcp").unwrap(), "http://q:2/");
        let all = of(&[("all_proxy", "https://p"), ("HTTP_PROXY", "http://q")]);
        assert_eq!(found(&all, "https://far.example").unwrap(), "https://p/");
        assert_eq!(found(&all, "http://far.example").unwrap(), "http://q/");
        assert_eq!(found(&of(&[]), "https://far.example"), None);
        assert_eq!(found(&Proxies::none(), "https://far.example"), None);
    }

    #[test]
    fn this_machine_is_reached_without_one() {
        let proxies = Proxies::through("http://p:1", &[]);
        for host in
            ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9:81", "[::1]:1"]
        {
            assert_eq!(found(&proxies, &format!("http://{host}/")), None, "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "[fd00::1]", "notlocalhost"] {
            assert!(found(&proxies, &format!("http://{host}/")).is_some(), "{host}");
        }
    }

    #[test]
    fn no_proxy_names_hosts_networks_and_ports() {
        let named = "corp.example, .dev.example *.test.example,10.0.0.0/8,192.168.1.7,fd00::/8,\
                     port.example:8443,[fd11::1]:81,172.16.0.1:81";
        let proxies = of(&[("HTTPS_PROXY", "http://p:1"), ("no_proxy", named)]);
        for host in [
            "corp.example",
            "a.b.CORP.example",
            "a.dev.example",
            "a.test.example",
            "10.1.2.3",
            "192.168.1.7:8443",
            "[fd00::7]",
            "port.example:8443",
            "a.port.example:8443",
            "172.16.0.1:81",
        ] {
            assert_eq!(found(&proxies, &format!("https://{host}/")), None, "{host}");
        }
        for host in [
            "notcorp.example",
            "11.1.2.3",
            "192.168.1.8",
            "port.example",
            "172.16.0.1:82",
            "far.example",
        ] {
            assert!(found(&proxies, &format!("https://{host}/")).is_some(), "{host}");
        }
        let none = of(&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "*")]);
        assert_eq!(found(&none, "https://far.example"), None);
        let except = Proxies::through("http://p:1", &["corp.example".to_owned()]);
        assert_eq!(found(&except, "https://a.corp.example"), None);
        assert!(found(&except, "https://far.example").is_some());
    }

    #[test]
    fn who_we_are_to_a_proxy_is_not_shown() {
        let proxies = Proxies::through("http://me:can%2Fary@p:1", &[]);
        let proxy = proxies.of_url(&"https://far.example".parse().unwrap()).unwrap();
        let proof = proxy.authorization.as_ref().unwrap();
        assert!(proof.is_sensitive());
        assert_eq!(proof, "Basic bWU6Y2FuL2FyeQ==");
        let shown = format!("{proxies:?} {proxy:?}");
        assert!(!shown.contains("me") && !shown.contains("ary"), "{shown}");
    }
}
