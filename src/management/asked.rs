//! The endpoints of the management API, asked for whoever asks here.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt;

use super::refusal::Refusal;
use crate::api::{ConfigPlace, ProblemCode, ProblemDetails, SectionKeys, SectionReport, path};
use crate::base::{Principal, ServerName};

/// How often a change is tried again where somebody else makes one meanwhile.
const TRIES: usize = 8;

/// Asks as whoever made a request.
pub(super) struct Endpoints {
    router: Router,
    /// Who that is, as far as it is known.
    principal: Option<Principal>,
}

/// What a change is to do with a section.
pub(super) enum ServerEdit {
    Put(Value),
    Merge(Value),
    Delete,
}

impl ServerEdit {
    fn method(&self) -> Method {
        match self {
            Self::Put(_) => Method::PUT,
            Self::Merge(_) => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }

    fn keys(&self) -> Option<&Value> {
        match self {
            Self::Put(keys) | Self::Merge(keys) => Some(keys),
            Self::Delete => None,
        }
    }

    /// The same as `POST /api/v1/plan` has it.
    fn planned(self, name: &ServerName) -> Value {
        let mut change = serde_json::json!({ "kind": "servers", "name": name.as_str() });
        match self {
            Self::Put(keys) => change["put"] = keys,
            Self::Merge(keys) => change["patch"] = keys,
            Self::Delete => change["delete"] = true.into(),
        }
        serde_json::json!({ "changes": [change] })
    }
}

struct EndpointAnswer {
    body: Bytes,
    etag: Option<HeaderValue>,
}

impl Endpoints {
    pub(super) fn new(router: Router, asker: &request::Parts) -> Self {
        Self { router, principal: asker.extensions.get().cloned() }
    }

    async fn send(
        &self,
        method: Method,
        target: &str,
        condition: Option<(HeaderName, HeaderValue)>,
        body: Option<&Value>,
    ) -> Result<EndpointAnswer, Refusal> {
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let mut request = Request::new(Body::from(bytes));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse::<Uri>().map_err(|_| Refusal::Unreadable)?;
        if let Some(principal) = self.principal.clone() {
            request.extensions_mut().insert(principal);
        }
        request.headers_mut().extend(condition);
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|_| Refusal::Unreadable)?;
        if parts.status == StatusCode::OK {
            return Ok(EndpointAnswer { body, etag: parts.headers.get(header::ETAG).cloned() });
        }
        let problem = serde_json::from_slice::<ProblemDetails>(&body);
        Err(problem.map_or(Refusal::Unreadable, Into::into))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T, Refusal> {
        read(&self.send(Method::GET, target, None, None).await?)
    }

    pub(super) async fn post(&self, target: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        read(&self.send(Method::POST, target, None, body).await?)
    }

    pub(super) async fn place(&self) -> Result<ConfigPlace, Refusal> {
        self.get(path::CONFIG.trim_end_matches('/')).await
    }

    /// The sections of this kind, with what they say.
    pub(super) async fn sections(&self, kind: &str) -> Result<Vec<SectionReport>, Refusal> {
        self.get(&format!("{}{kind}?keys=true", path::CONFIG)).await
    }

    /// What a server's section says, and the tag of that.
    pub(super) async fn section(
        &self,
        name: &ServerName,
    ) -> Result<(SectionKeys, HeaderValue), Refusal> {
        let answer = self.send(Method::GET, &target(name), None, None).await?;
        let etag = answer.etag.clone().ok_or(Refusal::Unreadable)?;
        Ok((read(&answer)?, etag))
    }

    /// Adds a server.
    pub(super) async fn add(&self, name: &ServerName, keys: &Value) -> Result<(), Refusal> {
        let absent = (header::IF_NONE_MATCH, HeaderValue::from_static("*"));
        self.send(Method::PUT, &target(name), Some(absent), Some(keys)).await.map(drop)
    }

    /// Changes a server to what `change` makes of what it is. Whoever else changes it meanwhile comes first.
    pub(super) async fn change(
        &self,
        name: &ServerName,
        change: impl Fn(SectionKeys) -> Result<ServerEdit, Refusal>,
    ) -> Result<(), Refusal> {
        let mut tries = 1;
        loop {
            let (keys, etag) = self.section(name).await?;
            let change = change(keys)?;
            let meant = Some((header::IF_MATCH, etag));
            let sent = self.send(change.method(), &target(name), meant, change.keys()).await;
            match sent {
                Err(refusal) if refusal.is(&ProblemCode::Stale) && tries < TRIES => tries += 1,
                sent => return sent.map(drop),
            }
        }
    }

    /// What a change would do.
    pub(super) async fn plan(
        &self,
        name: &ServerName,
        change: ServerEdit,
    ) -> Result<Value, Refusal> {
        self.post(path::PLAN, Some(&change.planned(name))).await
    }
}

fn read<T: DeserializeOwned>(answer: &EndpointAnswer) -> Result<T, Refusal> {
    serde_json::from_slice(&answer.body).map_err(|_| Refusal::Unreadable)
}

/// Where a server's section is.
fn target(name: &ServerName) -> String {
    format!("{}servers/{name}", path::CONFIG)
}
