//! What of the listeners that other machines can reach is not as it was meant.

use std::time::{Duration, SystemTime};

use crate::settings::Config;

/// So long before a certificate ends that is told: what renews them does so a month before.
const SOON: Duration = Duration::from_hours(14 * 24);

/// Each with what can be done about it.
pub(super) fn network_remarks(config: &Config, now: SystemTime) -> Vec<(String, &'static str)> {
    let http = &config.http;
    let mut all = Vec::new();
    let mut say = |message: String, remedy| all.push((message, remedy));
    let far = http.listen.iter().find(|listen| !listen.is_plain());
    if !config.has_proofs() && (far.is_some() || http.behind_proxy) {
        let whom = far.map_or_else(|| "TCP".to_owned(), |listen| format!("`{listen}`"));
        let message =
            format!("nobody is served at {whom}: they are known by a token, and there is none");
        say(message, "`callmux token new NAME` makes one");
    }
    if let Some(listen) = far.filter(|_| http.allowed_hosts.is_empty()) {
        let message = format!("no name is accepted at `{listen}` but those of loopback");
        let remedy =
            "write the names under which other machines know this one into `http.allowed_hosts`";
        say(message, remedy);
    }
    let networks = &config.access.networks;
    if http.behind_proxy && networks.allow.is_some() && networks.trusted_proxies.is_empty() {
        let message =
            "`access.networks.allow` is about the proxy alone: who comes through it is not asked";
        let remedy = "write the proxy's address into `access.networks.trusted_proxies`";
        say(message.to_owned(), remedy);
    }
    let ends = http.tls.iter().flatten().find_map(crate::tls::Certificate::ends);
    if let Some(left) = ends.map(|at| at.duration_since(now).unwrap_or_default())
        && left < SOON
    {
        let message = match left.as_secs() {
            0 => "the certificate of `http.tls_cert` has expired: no client takes it".to_owned(),
            seconds => format!(
                "the certificate of `http.tls_cert` expires within {} days",
                seconds / 86_400 + 1
            ),
        };
        say(message, "put a new one and its key in its place: they are read at once");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::network_remarks;
    use crate::settings::Config;
    use crate::settings::access::{AccessToken, TokenHash};
    use crate::settings::network::Listen;
    use crate::tls::Certificate;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use std::time::{Duration, SystemTime};

    fn said(config: &Config, now: SystemTime) -> Vec<String> {
        network_remarks(config, now).into_iter().map(|(message, _)| message).collect()
    }

    #[test]
    fn what_serves_nobody_is_told() {
        let now = SystemTime::now();
        let mut config = Config::default();
        assert_eq!(said(&config, now), [""; 0]);
        config.http.listen = vec![Listen::parse("127.0.0.1:1").unwrap()];
        assert_eq!(said(&config, now), [""; 0]);
        config.http.listen.push(Listen::parse("192.0.2.1:4860").unwrap());
        assert_eq!(said(&config, now).len(), 2);
        let token = AccessToken { hash: TokenHash::Sha256([0; 32]), expires: None, previous: None };
        config.access.tokens.insert("ci".to_owned(), token);
        let expected = "no name is accepted at `192.0.2.1:4860` but those of loopback";
        assert_eq!(said(&config, now), [expected]);
        config.http.allowed_hosts = vec!["mux.example".to_owned()];
        assert_eq!(said(&config, now), [""; 0]);
        config.http.behind_proxy = true;
        config.access.networks.allow = Some(vec!["10.0.0.0/8".parse().unwrap()]);
        assert!(said(&config, now)[0].contains("is about the proxy alone"));
        config.access.networks.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        assert_eq!(said(&config, now), [""; 0]);
    }

    #[test]
    fn a_certificate_that_ends_is_told_two_weeks_before() {
        let dir = tempfile::tempdir().unwrap();
        let (chain, private) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["mux.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2040, 1, 1);
        crate::base::file::replace(&chain, params.self_signed(&key).unwrap().pem().as_bytes())
            .unwrap();
        crate::base::file::replace(&private, key.serialize_pem().as_bytes()).unwrap();
        let mut config = Config::default();
        config.http.tls = Some(Ok(Certificate::read(&chain, &private).unwrap()));
        let end = u64::try_from(date_time_ymd(2040, 1, 1).unix_timestamp()).unwrap();
        for (hours_before, expected) in [
            (15 * 24, None),
            (30, Some("the certificate of `http.tls_cert` expires within 2 days")),
            (0, Some("the certificate of `http.tls_cert` has expired: no client takes it")),
        ] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(end - hours_before * 3600);
            assert_eq!(said(&config, now), Vec::from_iter(expected), "{hours_before}");
        }
    }
}
