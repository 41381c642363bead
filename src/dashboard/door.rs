//! The door of the dashboard: who is in, and whether what they ask for is asked by its own page.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Request, header as names};
use tokio::time::Instant;

use super::cookie::{self, Carried};
use super::entrances::Entrances;
use super::origin::{self, Foreign, OriginSaid, Purpose};
use crate::base::Principal;
use crate::facts;
use crate::telemetry::Recorder;

/// How a request came.
#[derive(Debug, Clone, Copy)]
pub struct CameBy {
    /// Over TCP.
    pub address: Option<SocketAddr>,
    /// Browsers speak TLS with us, be it through a proxy.
    pub is_secure: bool,
}

/// Cloning shares it.
#[derive(Debug, Clone)]
pub struct Door {
    pub entrances: Arc<Entrances>,
    recorder: Recorder,
}

impl Door {
    pub fn new(recorder: Recorder) -> Self {
        Self { entrances: Arc::default(), recorder }
    }

    /// Whether there is a dashboard. `is_enabled`: the config wants one.
    pub fn is_open(&self, is_enabled: bool) -> bool {
        is_enabled || self.entrances.is_open(Instant::now())
    }

    /// What the cookies of a request say.
    pub fn carried(&self, headers: &HeaderMap) -> Carried {
        let cookies = headers.get_all(names::COOKIE).iter();
        let texts = cookies.filter_map(|value| value.to_str().ok());
        cookie::carried(texts, self.entrances.instance())
    }

    /// Whose visit the request's cookie is of. Whoever presents a token is its principal alone.
    pub fn visitor(&self, headers: &HeaderMap) -> Option<Principal> {
        if headers.contains_key(names::AUTHORIZATION) {
            return None;
        }
        match self.carried(headers) {
            Carried::Own(visit) => self.entrances.visitor(visit.expose(), Instant::now()),
            Carried::Other | Carried::None => None,
        }
    }

    /// Whether the request is our own page's. One that is not leaves a fact.
    pub fn check<B>(
        &self,
        came: CameBy,
        request: &Request<B>,
        purpose: Purpose,
    ) -> Result<(), Foreign> {
        let headers = request.headers();
        // What is no text is nobody's.
        let text = |value: &'_ HeaderValue| value.to_str().unwrap_or("?").to_owned();
        let [host, origin, site, mark] = ["host", "origin", "sec-fetch-site", "x-callmux"]
            .map(|name| headers.get(name).map(text));
        let authority = request.uri().authority().map(Authority::as_str);
        let said = OriginSaid {
            host: authority.or(host.as_deref()),
            origin: origin.as_deref(),
            site: site.as_deref(),
            is_marked: mark.as_deref() == Some("1"),
        };
        origin::check(said, purpose, came.is_secure)
            .inspect_err(|foreign| self.refuse(came, foreign.word(), &foreign.to_string()))
    }

    /// Tells that somebody is not let in.
    pub fn refuse(&self, came: CameBy, cause: &'static str, why: &str) {
        let reason = format!("the dashboard is not for them: {why}");
        self.recorder.record(facts::PeerRefused { address: came.address, cause, reason });
    }
}
