//! What a client finds out before it has a token (RFC 9728): who makes those that are taken here.
//!
//! The config says where we are. What a request says of that (Host) is the word of whoever sent it.

use axum::http::{HeaderValue, Method, Request, StatusCode, header as names};
use serde_json::json;
use url::Url;

use super::response::{Response, empty, json, refusal};
use crate::access::Gate;
use crate::front::Front;
use crate::wire::RpcError;
use crate::wire::error::code::INVALID_REQUEST;

/// Where such documents lie (RFC 8615).
const WELL_KNOWN: &str = "/.well-known/";
/// Ours, for a resource at the root.
const METADATA: &str = "/.well-known/oauth-protected-resource";
/// What some authorization servers give refresh tokens for is nothing that we ask for.
const OFFLINE: &str = "offline_access";

/// The answer, if what is asked for is such a document: everybody may read it.
pub(super) fn answer<B>(front: &Front, request: &Request<B>) -> Option<Response> {
    let path = request.uri().path();
    if !path.starts_with(WELL_KNOWN) {
        return None;
    }
    let world = front.hub.world();
    let Some(document) = document(&world.gate, path) else {
        let error = RpcError::new(INVALID_REQUEST, "there is no such document here");
        return Some(refusal(StatusCode::NOT_FOUND, &error));
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(names::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Some(response);
    }
    Some(json(StatusCode::OK, document.into()))
}

/// The metadata, if they lie at this path: at the root, below the path that we answer on, and below the one
/// that clients know us by. They ask for either.
fn document(gate: &Gate, path: &str) -> Option<String> {
    let oidc = gate.oidc()?;
    let resource = oidc.resource.as_deref()?;
    let below = path.strip_prefix(METADATA)?.trim_end_matches('/');
    let own = Url::parse(resource).ok()?;
    if !["", "/mcp", own.path().trim_end_matches('/')].contains(&below) {
        return None;
    }
    let mut members = json!({
        "resource": resource,
        "authorization_servers": [*oidc.issuer],
        "bearer_methods_supported": ["header"],
        "resource_name": "callmux",
    });
    let scopes = scopes(gate);
    if !scopes.is_empty() {
        members["scopes_supported"] = json!(scopes);
    }
    Some(members.to_string())
}

/// What a challenge says beside its scheme: where the metadata are, and what to ask the issuer for.
pub(super) fn challenge(gate: &Gate) -> Vec<String> {
    let mut parameters = Vec::new();
    if gate.oidc().is_none() {
        return parameters;
    }
    parameters.extend(metadata(gate));
    let scopes = scopes(gate);
    if !scopes.is_empty() {
        parameters.push(format!("scope=\"{}\"", scopes.join(" ")));
    }
    parameters
}

/// Where a challenge says the metadata are, if the config says where we are.
pub(super) fn metadata(gate: &Gate) -> Option<String> {
    let mut url = Url::parse(gate.oidc()?.resource.as_deref()?).ok()?;
    let path = format!("{METADATA}{}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Some(format!("resource_metadata=\"{url}\""))
}

/// Whether an issuer can be asked for a scope (RFC 6749, section 3.3).
pub(super) fn is_askable(scope: &str) -> bool {
    let is_token = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !scope.is_empty() && scope.bytes().all(is_token) && scope != OFFLINE
}

/// The scopes that rules name, as far as they can be asked for.
fn scopes(gate: &Gate) -> Vec<&str> {
    gate.scopes().into_iter().filter(|scope| is_askable(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::{challenge, document};
    use crate::access::Gate;
    use crate::settings::access::{Algorithm, Oidc, Rule};
    use crate::settings::{Access, NamePatterns};
    use std::time::Duration;

    fn gate(resource: Option<&str>, scopes: &[&str]) -> Gate {
        let oidc = Oidc {
            issuer: "https://i/t".into(),
            audience: "api".to_owned(),
            resource: resource.map(str::to_owned),
            groups_claim: "groups".to_owned(),
            algorithms: vec![Algorithm::Es256],
            leeway: Duration::from_secs(30),
        };
        let texts = scopes.iter().map(|scope| format!("scope:{scope}")).collect();
        let rule = Rule { principals: Some(NamePatterns::new(texts)), ..Rule::default() };
        let oidc = Some(std::sync::Arc::new(oidc));
        Gate::default().with(Access { oidc, rules: vec![rule], ..Access::default() })
    }

    #[test]
    fn metadata_lie_where_clients_look() {
        let gate =
            gate(Some("https://h/tools/mcp"), &["a", "b", "a", "x*", "q\"", "offline_access"]);
        for (path, is_there) in [
            ("/.well-known/oauth-protected-resource", true),
            ("/.well-known/oauth-protected-resource/", true),
            ("/.well-known/oauth-protected-resource/mcp", true),
            ("/.well-known/oauth-protected-resource/tools/mcp", true),
            ("/.well-known/oauth-protected-resource/tools", false),
            ("/.well-known/oauth-protected-resourcemcp", false),
            ("/.well-known/oauth-authorization-server", false),
        ] {
            assert_eq!(document(&gate, path).is_some(), is_there, "{path}");
        }
        assert_eq!(
            document(&gate, "/.well-known/oauth-protected-resource").unwrap(),
            r#"{"authorization_servers":["https://i/t"],"bearer_methods_supported":["header"],"resource":"https://h/tools/mcp","resource_name":"callmux","scopes_supported":["a","b"]}"#
        );
        let at = r#"resource_metadata="https://h/.well-known/oauth-protected-resource/tools/mcp""#;
        assert_eq!(challenge(&gate), [at, r#"scope="a b""#]);
    }

    #[test]
    fn without_an_address_or_an_issuer_there_are_none() {
        let path = "/.well-known/oauth-protected-resource";
        for gate in [gate(None, &[]), Gate::default()] {
            assert_eq!(document(&gate, path), None);
            assert!(challenge(&gate).is_empty());
        }
        let at = r#"resource_metadata="https://h/.well-known/oauth-protected-resource""#;
        assert_eq!(challenge(&gate(Some("https://h"), &[])), [at]);
    }
}
