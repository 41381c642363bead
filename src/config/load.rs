//! From files to [`Config`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::complaint::{Complaint, Place};
use super::keys;
use super::model::{Caps, Config, Http, Limits, Sandbox, ServerConfig, ToolNames};
use super::reference::{self, Resolved, Sources};
use super::section::Section;
use super::source::Text;
use super::tree::{self, Node, Table, Value};
use super::view::Exposure;
use crate::base::{Secret, ServerName, dirs};

const NO_CAPS: Caps = Caps { entries: 0, entry_bytes: 0, total_bytes: 0 };

/// What reading tables of named tables takes and leaves.
struct Named<'a> {
    sources: &'a Sources,
    complaints: &'a mut Vec<Complaint>,
    unresolved: &'a mut Vec<Complaint>,
}

/// Makes a config of texts that were read, each by the path it came from.
///
/// Everything that is wrong is returned at once, in the order of the files.
pub fn from_texts(texts: &[Text], sources: &Sources) -> Result<Config, Vec<Complaint>> {
    typed(merge(texts)?, sources)
}

/// Merges the texts without looking at the keys.
pub fn merge(texts: &[Text]) -> Result<Table, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut merged = Table::new();
    for Text { path, text } in texts {
        let table = tree::parse(&path.as_path().into(), text, &mut complaints);
        // `[servers]` of one file joins `[servers]` of another; `[servers.x]` does not.
        tree::merge(&mut merged, table, "", 1, &mut complaints);
    }
    complaints.sort();
    if complaints.is_empty() { Ok(merged) } else { Err(complaints) }
}

/// The config that holds when no file sets anything.
pub fn empty() -> Config {
    let sources = Sources::of_process(PathBuf::from("/"));
    typed(Table::new(), &sources).expect("the defaults are a valid config")
}

/// The config of `callmux -- command …` or `callmux -- URL`: one server, whose tools keep their
/// names, with the environment and the directory of the caller. `None` without a command.
pub fn inline(command: &[String], cwd: Option<PathBuf>) -> Option<Config> {
    let at = Place::of_file(&Path::new("command line").into());
    let node = |value| Node { at: at.clone(), value };
    // Arguments of a shell are no config texts: a `${` in them stands for itself.
    let text = |text: &str| node(Value::Text(text.replace("${", "$${")));
    let (program, args) = command.split_first()?;
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut server = BTreeMap::from([
        ("prefix".to_owned(), text("")),
        // The usual client kills us 4 s after it closed our input.
        ("stop_timeout".to_owned(), text("1s")),
    ]);
    let is_remote = args.is_empty() && remote::is_url(program);
    if is_remote {
        server.insert("url".to_owned(), text(program));
    } else {
        let inherited = variables.map(|name| text(&name)).collect();
        server.insert("command".to_owned(), text(program));
        server.insert(
            "args".to_owned(),
            node(Value::List(args.iter().map(|arg| text(arg)).collect())),
        );
        server.insert("inherit_env".to_owned(), node(Value::List(inherited)));
    }
    let mut config = empty();
    // What stands in for one server is not to be told from it.
    config.everybody.exposure = Exposure::NoMeta;
    config.everybody.max_result = 0;
    let mut complaints = Vec::new();
    let sources = Sources::of_process(PathBuf::from("/"));
    let name = "servers.default".to_owned();
    let section =
        Section::new(name, node(Value::Table(server)), keys::SERVER, &sources, &mut complaints);
    let mut server = server_config(section, &config);
    server.cwd = cwd.filter(|_| !is_remote);
    // What is wrong with the words is told when the server cannot be started.
    server.unresolved.extend(complaints);
    let name = ServerName::parse("default").expect("a valid name");
    config.servers.insert(name, Arc::new(server));
    Some(config)
}

fn typed(table: Table, sources: &Sources) -> Result<Config, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut unresolved = Vec::new();
    let nowhere = Place::of_file(&Path::new("config.toml").into());
    let root = Node { at: nowhere.clone(), value: Value::Table(table) };
    let mut top = Section::new(String::new(), root, keys::TOP, sources, &mut complaints);
    let empty = || Node { at: nowhere.clone(), value: Value::Table(Table::new()) };
    let http_node = top.take("http").unwrap_or_else(empty);
    let servers_node = top.take("servers").unwrap_or_else(empty);
    reference::run_programs(&servers_node, sources);
    let mut take = |name| top.take(name).unwrap_or_else(empty);
    let (cache_node, results_node) = (take("cache"), take("results"));
    let (clients_node, recipes_node) = (take("clients"), take("recipes"));
    let always = "a key with a default";
    let mut config = Config {
        call_timeout: top.duration("call_timeout").expect(always),
        list_timeout: top.duration("list_timeout").expect(always),
        drain_timeout: top.duration("drain_timeout").expect(always),
        idle_exit: top.duration("idle_exit"),
        restart_on_upgrade: top.bool("restart_on_upgrade"),
        http: Http { listen: vec![], max_body: 0, allowed_hosts: vec![], allowed_origins: vec![] },
        everybody: agents::view(&mut top, None),
        clients: Vec::new(),
        cache: NO_CAPS,
        results: NO_CAPS,
        forwarded: Vec::new(),
        file_roots: agents::roots(&mut top),
        max_concurrency: agents::count(&mut top, "max_concurrency"),
        max_calls: agents::count(&mut top, "max_calls"),
        recipes: BTreeMap::new(),
        servers: BTreeMap::new(),
    };
    let cache_ttl = top.duration("cache_ttl");
    unresolved.extend(top.finish());
    let mut part = |name: &str, node, keys| {
        let section = Section::new(name.into(), node, keys, sources, &mut complaints);
        let (caps, missing) = agents::caps(section);
        unresolved.extend(missing);
        caps
    };
    config.cache = part("cache", cache_node, keys::CACHE);
    config.results = part("results", results_node, keys::RESULTS);
    let mut named = Named { sources, complaints: &mut complaints, unresolved: &mut unresolved };
    config.clients = agents::clients(clients_node, &config.everybody, &mut named);
    config.recipes = recipes::read(recipes_node, &mut named);
    let section = Section::new("http".into(), http_node, keys::HTTP, sources, &mut complaints);
    let (http, missing) = http_config(section);
    config.http = http;
    unresolved.extend(missing);
    read_servers(servers_node, &mut config, cache_ttl, sources, &mut complaints);
    let names = config.servers.values().flat_map(|server| server.forward_headers.iter().cloned());
    let names: std::collections::BTreeSet<String> = names.collect();
    config.forwarded = names.into_iter().collect();
    // Outside of `[servers.…]` there is nothing that could start without its value.
    complaints.extend(unresolved);
    complaints.sort();
    if complaints.is_empty() { Ok(config) } else { Err(complaints) }
}

fn http_config(mut section: Section<'_>) -> (Http, Vec<Complaint>) {
    let mut listen = Vec::new();
    for (text, at) in section.plain_texts("listen").unwrap_or_default() {
        match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => listen.push(address),
            Ok(_) => section.complain(at, "listen", format!(
                "`{text}` is no loopback address: everybody on the network could start calls; use 127.0.0.1 or [::1]"
            )),
            Err(_) => section.complain(at, "listen", format!(
                "`{text}` is no address; write for example \"127.0.0.1:4860\""
            )),
        }
    }
    let mut plain = |name| -> Vec<String> {
        section.plain_texts(name).unwrap_or_default().into_iter().map(|(text, _)| text).collect()
    };
    let (allowed_hosts, allowed_origins) = (plain("allowed_hosts"), plain("allowed_origins"));
    let max_body = section.size("max_body").expect("a key with a default");
    (Http { listen, max_body, allowed_hosts, allowed_origins }, section.finish())
}

fn read_servers(
    node: Node,
    config: &mut Config,
    cache_ttl: Option<Duration>,
    sources: &Sources,
    complaints: &mut Vec<Complaint>,
) {
    let Value::Table(servers) = node.value else {
        let message = format!("must be a table, not {}", node.value.title());
        complaints.push(Complaint { at: node.at, key: "servers".into(), message });
        return;
    };
    let mut prefixes: BTreeMap<String, Place> = BTreeMap::new();
    for (name, node) in servers {
        let (path, at) = (format!("servers.{name}"), node.at.clone());
        let section = Section::new(path.clone(), node, keys::SERVER, sources, complaints);
        let mut server = server_config(section, config);
        server.cache_ttl = server.cache_ttl.or(cache_ttl);
        let prefix = server.prefix.clone().unwrap_or_else(|| name.clone());
        if server.enabled
            && !prefix.is_empty()
            && let Some(other) = prefixes.insert(prefix.clone(), at.clone())
        {
            let message = format!("the prefix `{prefix}` is also that of the server at {other}");
            complaints.push(Complaint { at: at.clone(), key: path.clone(), message });
        }
        match ServerName::parse(&name) {
            Ok(name) => {
                config.servers.insert(name, Arc::new(server));
            }
            Err(error) => complaints.push(Complaint { at, key: path, message: error.to_string() }),
        }
    }
}

fn server_config(mut section: Section<'_>, config: &Config) -> ServerConfig {
    let always = "a key with a default";
    let is_remote = section.has("url");
    let remote::Remote { url, transport, socket, headers, forward_headers } =
        remote::read(&mut section);
    let auth = auth::read(&mut section, is_remote, &headers, socket.is_some());
    let may_expose = section.bool("secret_args");
    let (command_at, is_set) = (section.place("command"), section.has("command"));
    let command = section.resolved("command").into_iter().collect();
    let command = public(&mut section, "command", command, may_expose).pop();
    if !is_set && url.is_none() && !section.is_unresolved("url") {
        section.complain(
            command_at,
            "command",
            "is missing: name the program to start, or the `url` of a remote server",
        );
    } else if command.as_ref().is_some_and(|command| command.expose().is_empty()) {
        section.complain(command_at, "command", "must not be empty");
    }
    let args = section.texts("args").unwrap_or_default();
    let args = public(&mut section, "args", args, may_expose);
    ServerConfig {
        command: command.unwrap_or_else(|| Secret::new(String::new())),
        args,
        env: environment(&mut section),
        inherit_env: section
            .plain_texts("inherit_env")
            .unwrap_or_default()
            .into_iter()
            .map(|(t, _)| t)
            .collect(),
        cwd: directory(&mut section),
        url,
        transport,
        socket,
        headers,
        forward_headers,
        auth,
        enabled: section.bool("enabled"),
        prefix: prefix(&mut section),
        tools: section.plain_texts("tools").map_or_else(ToolNames::all, |texts| {
            ToolNames::new(texts.into_iter().map(|(text, _)| text).collect())
        }),
        aliases: aliases(&mut section),
        start_timeout: section.duration("start_timeout").expect(always),
        stop_timeout: section.duration("stop_timeout").expect(always),
        call_timeout: section.duration("call_timeout").unwrap_or(config.call_timeout),
        max_message: section.size("max_message").expect(always),
        lazy: section.bool("lazy"),
        idle_stop: section.duration("idle_stop"),
        trusted: section.bool("trusted"),
        replay: agents::tool_names(&mut section, "replay"),
        always_load: agents::tool_names(&mut section, "always_load"),
        cache_ttl: section.duration("cache_ttl"),
        cache_tools: agents::tool_names(&mut section, "cache_tools"),
        no_cache_tools: agents::tool_names(&mut section, "no_cache_tools"),
        schema_compression: agents::compression(&mut section),
        max_result: section.size("max_result"),
        whole_results: agents::tool_names(&mut section, "whole_results"),
        limits: Limits {
            memory_max: section.size("memory_max").map(|bytes| bytes as u64),
            tasks_max: section.number("tasks_max"),
            cpu_weight: section.number("cpu_weight"),
            runtime_max: section.duration("runtime_max"),
        },
        sandbox: Sandbox::ALL[section.choice("sandbox")],
        unresolved: section.finish(),
    }
}

/// Texts that end up in `/proc/PID/cmdline`, which everybody can read.
fn public(
    section: &mut Section<'_>,
    name: &str,
    values: Vec<(Resolved, Place)>,
    may_expose: bool,
) -> Vec<Secret> {
    let mut out = Vec::new();
    for (value, at) in values {
        if value.secret && !may_expose {
            let message = "a secret here can be read by every user of the machine; pass it in `env`, \
                           or set `secret_args = true`";
            section.complain(at, name, message);
        }
        out.push(value.text);
    }
    out
}

fn environment(section: &mut Section<'_>) -> BTreeMap<String, Secret> {
    let mut out = BTreeMap::new();
    for (name, (value, at)) in section.text_table("env").unwrap_or_default() {
        let key = format!("env.{name}");
        if name.is_empty() || name.contains(['=', '\0']) {
            section.complain(at, &key, "is no name of an environment variable");
        } else if value.expose().contains('\0') {
            section.complain(at, &key, "must not contain a NUL character");
        } else {
            out.insert(name, value);
        }
    }
    out
}

fn directory(section: &mut Section<'_>) -> Option<PathBuf> {
    let (text, at) = section.text("cwd")?;
    let path = dirs::expand_home(&text);
    if !path.is_absolute() {
        section.complain(
            at,
            "cwd",
            format!("`{text}` must be an absolute path or start with `~/`"),
        );
    }
    Some(path)
}

/// Characters that every client accepts in a tool name (SEP-986).
fn is_tool_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'))
}

fn prefix(section: &mut Section<'_>) -> Option<String> {
    let (text, at) = section.text("prefix")?;
    if !text.is_empty() && !is_tool_name(&text) {
        section.complain(at, "prefix", "has only letters, digits, `_`, `.` and `-`");
    } else if text.contains(crate::base::names::SEPARATOR) {
        section.complain(at, "prefix", "must not contain `__`, which separates prefix and tool");
    }
    Some(text)
}

fn aliases(section: &mut Section<'_>) -> BTreeMap<String, String> {
    let mut by_tool: BTreeMap<String, String> = BTreeMap::new();
    for (alias, (tool, at)) in section.text_table("aliases").unwrap_or_default() {
        let key = format!("aliases.{alias}");
        if !is_tool_name(&alias) {
            section.complain(
                at,
                &key,
                "a tool name has 1 to 128 letters, digits, `_`, `.` and `-`",
            );
        } else if let Some(other) = by_tool.insert(tool.expose().to_owned(), alias) {
            section.complain(
                at,
                &key,
                format!("the tool `{}` already has the alias `{other}`", tool.expose()),
            );
        }
    }
    by_tool
}

mod agents;
mod auth;
mod recipes;
mod remote;

pub(super) use recipes::json;
pub use remote::origin;

#[cfg(test)]
mod tests;
