//! Words of other clients, and what is said for them here.

use super::written::{self, HIDDEN, plain, plain_list, short};
use crate::json::Json;

/// What is to be said of a key of a server.
#[derive(Debug)]
pub enum Says {
    /// It has another name, and the same value.
    Is(&'static str),
    /// It has another name and counts in this unit, with this much of it in a millisecond.
    Milliseconds(&'static str),
    Seconds(&'static str),
    /// The opposite is said.
    Not(&'static str),
    /// It needs no word, and why.
    Drop(&'static str),
    /// What to write.
    Write(&'static str),
}

use Says::{Drop, Is, Milliseconds, Not, Seconds, Write};

const TRANSPORT: &str = "a `command` speaks stdio, and what a `url` speaks is found out";
const APPROVAL: &str = "clients ask their users themselves, and callmux asks nobody";

const SERVER: &[(&[&str], Says)] = &[
    (&["type", "transportType", "transport_type", "protocol"], Drop(TRANSPORT)),
    (&["disabled"], Not("enabled")),
    (&["autoApprove", "alwaysAllow", "auto_approve", "always_allow"], Drop(APPROVAL)),
    (&["trust", "approval_mode", "default_tools_approval_mode", "dangerous"], Drop(APPROVAL)),
    (&["cmd", "program", "executable", "path", "bin"], Is("command")),
    (&["arguments", "argv", "parameters"], Is("args")),
    (&["environment", "envs", "environ", "variables"], Is("env")),
    (&["env_vars", "env_keys", "envVars", "passEnv", "pass_env"], Is("inherit_env")),
    (
        &["workingDirectory", "working_directory", "workdir", "workDir", "dir", "directory"],
        Is("cwd"),
    ),
    (&["serverUrl", "server_url", "httpUrl", "http_url", "uri", "endpoint", "baseUrl"], Is("url")),
    (&["http_headers", "httpHeaders"], Is("headers")),
    (&["includeTools", "include_tools", "enabled_tools", "enabledTools"], Is("tools")),
    (&["allowedTools", "allowed_tools", "allowTools"], Is("tools")),
    (
        &["disabledTools", "disabled_tools", "excludeTools", "exclude_tools", "denyTools"],
        Write("name in `tools` those that are to stay: `tools = [\"search_*\", \"get_*\"]`"),
    ),
    (&["startup_timeout_sec", "connect_timeout", "init_timeout"], Seconds("start_timeout")),
    (
        &["startup_timeout_ms", "connectTimeoutMs", "connectionTimeout", "discoveryTimeoutMs"],
        Milliseconds("start_timeout"),
    ),
    (&["tool_timeout_sec", "tool_timeout"], Seconds("call_timeout")),
    (
        &["callTimeoutMs", "request_timeout_ms", "timeoutMs", "timeout_ms"],
        Milliseconds("call_timeout"),
    ),
    (&["alwaysLoad"], Is("always_load")),
    (&["maxConcurrency"], Is("max_concurrency")),
    (&["forwardHeaders"], Is("forward_headers")),
    (
        &["bearer_token_env_var", "bearerTokenEnvVar"],
        Write(
            "write `auth = { type = \"bearer\", token = \"${NAME}\" }`, with the variable's name",
        ),
    ),
    (
        &["bearer_token", "bearerToken", "token", "apiKey", "api_key", "authorization_token"],
        Write("write `auth = { type = \"bearer\", token = \"${file:PATH}\" }`"),
    ),
    (
        &["env_http_headers", "headersHelper"],
        Write("write `headers = { NAME = \"${VARIABLE}\" }`, or `\"${cmd:PROGRAM}\"`"),
    ),
    (&["oauth", "OAuth"], Write("write `auth = \"oauth\"`, and `callmux login NAME` once")),
    (
        &["envFile", "env_file"],
        Write("name them: `env = { NAME = \"${file:PATH}\" }`, a file for each value"),
    ),
    (&["envRefs"], Write("write `env = { NAME = \"${OTHER}\" }`, or `\"${file:PATH}\"`")),
    (&["name", "id", "title"], Drop("a server's name stands in its heading, `[servers.NAME]`")),
    (
        &["autostart", "auto_start", "autoStart", "preload"],
        Drop("servers start with the daemon, unless `lazy = true`"),
    ),
    (
        &["restart", "autoRestart", "required", "version", "gallery", "source", "dev", "bundled"],
        Drop("callmux has no use for it"),
    ),
    (
        &["supports_parallel_tool_calls", "cwdMode", "requireSessionCwd", "versionNegotiation"],
        Drop("callmux has no use for it"),
    ),
];

/// What `transport` is called elsewhere.
const STREAMABLE: [&str; 6] =
    ["http", "streamable_http", "streamablehttp", "streamable", "https", "remote"];

/// What other clients mean by a key of a server.
pub fn says(name: &str) -> Option<&'static Says> {
    SERVER.iter().find(|(names, _)| names.contains(&name)).map(|(_, says)| says)
}

/// What is to be said of a key that `[servers.NAME]` does not have.
pub fn key_of_server(name: &str, value: &Json) -> Option<String> {
    let says = says(name)?;
    let milliseconds = |key: &str, each: f64| -> Option<String> {
        let number: f64 = plain(value)?.parse().ok()?;
        let ms = (number * each).round();
        let (count, unit) = if ms % 1000.0 == 0.0 { (ms / 1000.0, "s") } else { (ms, "ms") };
        (ms >= 0.0).then(|| format!("write `{key} = \"{count}{unit}\"`"))
    };
    let general = |key: &str| format!("is called `{key}` here");
    Some(match says {
        Is(key) => match set(key, value) {
            Some(line) => format!("is called `{key}` here: write `{line}`"),
            None => general(key),
        },
        Milliseconds(key) => milliseconds(key, 1.0).unwrap_or_else(|| general(key)),
        Seconds(key) => milliseconds(key, 1000.0).unwrap_or_else(|| general(key)),
        Not(key) => match value.as_bool() {
            Some(is) => format!("write `{key} = {}`", !is),
            None => format!("write `{key} = false`"),
        },
        Drop(why) => format!("is not needed, leave it out: {why}"),
        Write(what) => (*what).to_owned(),
    })
}

fn set(key: &str, value: &Json) -> Option<String> {
    if key == "command" && value.as_array().is_some() {
        return short(written::command(&plain_list(value)?, "` and `")?);
    }
    let value = match value {
        Json::Object(members) => {
            written::hidden_table(members.iter().map(|(name, _)| name.as_str()))
        }
        Json::Array(_) if key == "args" => written::arguments(&plain_list(value)?),
        Json::Array(_) => written::list(plain_list(value)?.iter().map(String::as_str)),
        Json::String(_) if written::is_hidden(key) => HIDDEN.to_owned(),
        Json::String(text) => written::text(text),
        other => plain(other)?,
    };
    short(format!("{key} = {value}"))
}

/// What is to be said of a `transport` that is none of ours.
pub fn transport(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "stdio" | "local" => Some("is not needed, leave it out: a `command` speaks stdio"),
        word if STREAMABLE.contains(&word) => {
            Some("is not needed, or write `transport = \"streamable-http\"`")
        }
        _ => None,
    }
}

/// What a heading at the top of the file was meant to be: `[mcpServers.NAME]`.
pub fn heading(name: &str) -> Option<&'static str> {
    let plain = name.to_ascii_lowercase().replace(['_', '-', '.'], "");
    match plain.as_str() {
        "mcpservers" | "mcpserver" | "server" | "mcp" | "contextservers" | "ampmcpservers" => {
            Some("servers")
        }
        "client" => Some("clients"),
        "recipe" => Some("recipes"),
        _ => None,
    }
}

/// The keys by which a table is seen to be a server.
pub fn is_server(value: &Json) -> bool {
    ["command", "url", "serverUrl", "httpUrl"].iter().any(|key| value.get(key).is_some())
}

/// A server as other clients write it, in one line of TOML.
pub(super) fn server(name: &str, value: &Json) -> Option<String> {
    let members = value.as_object()?;
    let mut out: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, value: String| {
        if out.iter().all(|(known, _)| known != key) {
            out.push((key.to_owned(), value));
        }
    };
    for (theirs, value) in members {
        let ours = match says(theirs) {
            Some(Is(key)) => *key,
            Some(Not(key)) => {
                if value.as_bool() == Some(true) {
                    add(key, "false".to_owned());
                }
                continue;
            }
            Some(_) => continue,
            None => theirs.as_str(),
        };
        match (ours, value) {
            ("command", Json::Array(_)) => {
                let words = plain_list(value)?;
                let (program, args) = words.split_first()?;
                add("command", written::text(program));
                add("args", written::arguments(args));
            }
            ("args", _) => add("args", written::arguments(&plain_list(value)?)),
            ("env" | "headers", Json::Object(members)) => {
                add(ours, written::hidden_table(members.iter().map(|(name, _)| name.as_str())));
            }
            ("inherit_env" | "tools", Json::Array(_)) => {
                add(ours, written::list(plain_list(value)?.iter().map(String::as_str)));
            }
            ("url", _) => add("url", HIDDEN.to_owned()),
            ("command" | "cwd", Json::String(text)) => add(ours, written::text(text)),
            _ => {}
        }
    }
    let name = heading_name(name);
    short(format!("servers.{name} = {}", written::table(out)))
}

/// The name as one that callmux takes: other characters become a hyphen.
pub fn heading_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let mut joined = plain.trim_matches(['-', '_']).to_owned();
    for (two, one) in [("__", "_"), ("--", "-")] {
        while joined.contains(two) {
            joined = joined.replace(two, one);
        }
    }
    if joined.is_empty() { "NAME".to_owned() } else { joined.chars().take(40).collect() }
}
