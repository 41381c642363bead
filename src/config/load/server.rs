//! `[servers.NAME]`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::common::{Common, environment, names};
use super::{auth, remote};
use crate::base::{Secret, dirs, executable, file, visible};
use crate::keys::reference::Resolved;
use crate::keys::section::Section;
use crate::keys::{self, GoesWith};
use crate::remedy::value;
use crate::settings::complaint::Place;
use crate::settings::config::Config;
use crate::settings::program::Program;
use crate::settings::server::ServerConfig;
use crate::settings::tool_policy::ToolPolicy;

/// Reads the section; what it does not set is as `config` has it for all servers.
pub(super) fn read(mut section: Section<'_>, config: &Config, common: &Common) -> ServerConfig {
    let of_scopes = of_scopes(&section);
    let is_remote = section.has("url");
    let mut remote = remote::read(&mut section, &common.proxying);
    remote.auth = auth::read(&mut section, is_remote, &remote.headers, remote.socket.is_some());
    let (command_at, has_args) = (section.place("command"), section.has("args"));
    let (command, args) = words(&mut section, remote.url.is_some());
    let env = environment(&mut section);
    let path = env.get("PATH").or(common.path());
    if let Some(meant) = command_line(command.expose(), path.map(Secret::expose)) {
        let more = if has_args { ", with the `args` that are there behind" } else { "" };
        let message = format!("there is no program of that name; write `{meant}`{more}");
        section.leads_nowhere(command_at, "command", message);
    }
    let inherit_env = names(&mut section, "inherit_env");
    let cwd = directory(&mut section);
    // References that are missing are told in the order in which they are looked for.
    let (prefix, aliases) = (prefix(&mut section), aliases(&mut section));
    let call_timeout = section.duration("call_timeout").unwrap_or(config.call_timeout);
    let mut server = ServerConfig {
        description: description(&mut section),
        program: Program { command, args, env, inherit_env, cwd, ..Program::default() },
        remote,
        policy: ToolPolicy { prefix, aliases, ..ToolPolicy::default() },
        call_timeout,
        ..ServerConfig::default()
    };
    for row in keys::SERVER_ROWS {
        row.read(&mut section, &mut server);
    }
    for (key, scope, at) in of_scopes {
        if scope != server.instances.scope.as_str() {
            section.complain(at, key, format!("goes with `scope = \"{scope}\"`"));
        }
    }
    server.unresolved = section.finish();
    common.complete(&mut server);
    server
}

/// The keys that are set and go with one `scope` only: name, that scope, where.
fn of_scopes(section: &Section<'_>) -> Vec<(&'static str, &'static str, Place)> {
    let set = keys::SERVER.iter().filter(|key| section.has(key.name));
    let of_scope = |key: &keys::Key| match key.goes_with {
        GoesWith::Scope(scope) => Some((key.name, scope, section.place(key.name))),
        _ => None,
    };
    set.filter_map(of_scope).collect()
}

/// The program and its arguments.
fn words(section: &mut Section<'_>, has_url: bool) -> (Secret, Vec<Secret>) {
    let may_expose = section.bool("secret_args");
    let (command_at, is_set) = (section.place("command"), section.has("command"));
    let command = section.resolved("command").into_iter().collect();
    let command = public(section, "command", command, may_expose).pop();
    if !is_set && !has_url && !section.is_unresolved("url") {
        section.complain(
            command_at,
            "command",
            "is missing: name the program to start, or the `url` of a remote server",
        );
    } else if command.as_ref().is_some_and(|command| command.expose().is_empty()) {
        section.complain(command_at, "command", "must not be empty");
    }
    let args = section.texts("args").unwrap_or_default();
    let args = public(section, "args", args, may_expose);
    (command.unwrap_or_else(|| Secret::new(String::new())), args)
}

/// `command` and `args` of a text that is no program, but a command line. `path`: the `PATH` that the server is
/// given, if it is not that of whoever reads the config.
fn command_line(text: &str, path: Option<&str>) -> Option<String> {
    if !text.trim().contains([' ', '\t']) || cfg!(fuzzing) {
        return None;
    }
    let meant = value::command_line(text)?;
    let program = dirs::expand_home(text);
    let path = path.map(OsString::from).or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let found = file::within(&program.clone(), move || match program.to_str() {
        Some(name) if !name.contains('/') => executable::find(name, &path).is_some(),
        _ => program.exists(),
    });
    // What does not answer is no command line.
    (found == Some(false)).then_some(meant)
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

/// The longest description, in characters: agents read it.
const DESCRIPTION_MAX: usize = 500;

fn description(section: &mut Section<'_>) -> Option<String> {
    let (text, at) = section.text("description")?;
    if text.chars().count() > DESCRIPTION_MAX || text.chars().any(visible::is_hidden) {
        let message =
            format!("must be one line of at most {DESCRIPTION_MAX} characters that can be seen");
        section.complain(at, "description", message);
    }
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
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
