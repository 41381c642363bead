//! Keys of `[servers.NAME.auth]`.

use super::key::DefaultValue::{Unset, Value};
use super::key::{Key, ValueKind, key};

/// The values of `type` in `[servers.NAME.auth]`.
pub const AUTH_TYPES: &[&str] = &["none", "bearer", "command", "oauth"];

/// Keys of `[servers.NAME.auth]`.
pub const AUTH: &[Key] = &[
    key(
        "type",
        ValueKind::Choice(AUTH_TYPES),
        Unset,
        "`bearer`: `token` is sent. `command`: what a program prints is sent. `oauth`: OAuth 2.1; \
         `callmux login NAME` asks for your consent once. What is sent goes to the origin of `url` only. \
         Unset: none, but a server that wants a login can be logged in to.",
    ),
    key(
        "token",
        ValueKind::Text,
        Unset,
        "For `bearer`: the token, best as `${file:…}`, `${cred:…}` or `${cmd:…}`.",
    )
    .with_type("bearer"),
    key(
        "command",
        ValueKind::Texts,
        Value("[]"),
        "For `command`: a program and its arguments. What it prints is the token; it may take 30 s. It \
         runs again when the token expires, and once when the server refuses it.",
    )
    .with_type("command"),
    key(
        "ttl",
        ValueKind::Duration,
        Value("\"5m\""),
        "For `command`: how long a token is used. A JWT says so itself.",
    )
    .with_type("command"),
    key(
        "scopes",
        ValueKind::Texts,
        Value("[]"),
        "For `oauth`: the scopes to ask for. Empty: those that the server names.",
    )
    .with_type("oauth"),
    key(
        "client_id",
        ValueKind::Text,
        Unset,
        "For `oauth`: a client that is registered with the authorization server already. Unset: callmux \
         registers itself.",
    )
    .with_type("oauth"),
    key(
        "client_secret",
        ValueKind::Text,
        Unset,
        "For `oauth`: the secret that goes with `client_id`.",
    )
    .with_type("oauth"),
    key(
        "client_metadata_url",
        ValueKind::Text,
        Unset,
        "For `oauth`: the `https://…` address of a client id metadata document, for authorization \
         servers that take one instead of a registration.",
    )
    .with_type("oauth"),
    key(
        "grant",
        ValueKind::Choice(GRANTS),
        Value("\"authorization_code\""),
        "For `oauth`: `authorization_code` needs a login. `client_credentials` needs `client_id` and \
         `client_secret`, and nobody's consent.",
    )
    .with_type("oauth"),
    key(
        "callback_port",
        ValueKind::Number(1, 65535),
        Unset,
        "For `oauth`: the port on 127.0.0.1 that the browser comes back to. Unset: any that is free.",
    )
    .with_type("oauth"),
    key(
        "redirect_uri",
        ValueKind::Text,
        Unset,
        "For `oauth`: the address that `client_id` is registered with, such as \
         `http://localhost:8080/callback`; on this machine. Without a port any that is free is meant.",
    )
    .with_type("oauth"),
    key(
        "client_name",
        ValueKind::Text,
        Value("\"callmux\""),
        "For `oauth`: the name with which callmux registers itself, and which people are asked about.",
    )
    .with_type("oauth"),
    key(
        "issuer",
        ValueKind::Text,
        Unset,
        "For `oauth`: what the authorization server calls itself, where that is of another host than its \
         address. It is asked there if the server names none.",
    )
    .with_type("oauth"),
    key(
        "allow_issuer_mismatch",
        ValueKind::Bool,
        Value("false"),
        "For `oauth`: `true` lets an authorization server call itself whatever it likes. Then another one \
         can pass itself off as it; `issuer` is the better key.",
    )
    .with_type("oauth"),
    key(
        "authorization_endpoint",
        ValueKind::Text,
        Unset,
        "For `oauth`: where people consent. With `token_endpoint` nobody is asked who is to be asked: for \
         authorization servers that say nothing of themselves.",
    )
    .with_type("oauth"),
    key("token_endpoint", ValueKind::Text, Unset, "For `oauth`: where tokens are given out.")
        .with_type("oauth"),
    key(
        "registration_endpoint",
        ValueKind::Text,
        Unset,
        "For `oauth`: where clients register themselves.",
    )
    .with_type("oauth"),
    key(
        "open_browser",
        ValueKind::Choice(OPEN_BROWSER),
        Value("\"never\""),
        "For `oauth`: `at_start` begins a login in your browser when the server starts and wants one: once for \
         each start, at most every 10 minutes, and only where there is a display. `never`: `callmux login NAME` \
         does.",
    )
    .with_type("oauth"),
];

/// The values of `open_browser`.
const OPEN_BROWSER: &[&str] = &["never", "at_start"];

/// The values of `grant`.
const GRANTS: &[&str] = &["authorization_code", "client_credentials"];
