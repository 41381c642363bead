//! What is wrong with the config and with what it names, found without a daemon.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::finding::finding;
use super::unit::{self, UnitState};
use super::unread::unread;
use crate::access;
use crate::api::{Finding, Severity};
use crate::base::quote::word;
use crate::base::secret::is_name_of_secret;
use crate::base::{ServerName, dirs, executable};
use crate::config::source::Text;
use crate::config::{Location, Reading};
use crate::settings::network::Listen;
use crate::settings::{Complaint, Config, ServerConfig};

/// The config that a daemon of this user would read.
pub fn location() -> Option<Location> {
    let named = std::env::var_os("CALLMUX_CONFIG").map(PathBuf::from);
    Location::chosen(named.as_deref())
}

/// What a daemon would say of the config, and of the programs of its servers.
pub fn config(location: &Location, reading: &Reading) -> Vec<Finding> {
    let mut all = Vec::new();
    match &reading.config {
        Ok(config) => {
            let path = path_of_servers();
            for (name, server) in config.servers.iter().filter(|(_, server)| server.enabled) {
                all.extend(of_server(name, server, &path));
            }
            let of_access = access::remarks(config, SystemTime::now()).into_iter();
            all.extend(
                of_access
                    .map(|remark| finding(Severity::Note, None, remark.message, &remark.remedy)),
            );
        }
        Err(complaints) => all.extend(complaints.iter().map(|complaint| {
            let remedy = "mend the file; `callmux config check` says when it is right";
            let message = format!("the config is refused: {complaint}");
            finding(Severity::Problem, None, message, remedy)
        })),
    }
    all.extend(reading.remarks.iter().chain(&unread(location)).map(remarked));
    all
}

/// What is to say of a config although it can be used.
pub fn remarked(remark: &Complaint) -> Finding {
    if !remark.key.is_empty() {
        let remedy = "correct it there; `callmux config check` says when it is right";
        return finding(Severity::Problem, None, remark.to_string(), remedy);
    }
    let message = format!("{}: {}", remark.at.file.display(), remark.message);
    let remedy = if remark.message.contains('`') {
        "the command in backquotes mends it"
    } else {
        "write it as TOML, or take it away"
    };
    finding(Severity::Note, None, message, remedy)
}

/// Sockets of systemd that a daemon with this config does not serve.
pub fn unserved_sockets(config: &Config) -> Vec<Finding> {
    let unserved = unit::addresses(unit::HTTP_SOCKET).into_iter().filter_map(|address| {
        let missing = config.missing_for(Listen::from(address))?;
        let message =
            format!("{} listens at {address}, and is not served: {missing}", unit::HTTP_SOCKET);
        let remedy = "then `systemctl --user stop callmux.service`, and restart the socket";
        Some(finding(Severity::Problem, None, message, remedy))
    });
    unserved.collect()
}

/// The PATH that servers get which have none of their own: what the daemon's unit sets, else what every unit
/// gets, else ours.
fn path_of_servers() -> OsString {
    let own = || UnitState::ask(unit::SERVICE)?.variable("PATH");
    let path = own().or_else(|| unit::variable("PATH")).map(OsString::from);
    path.or_else(|| std::env::var_os("PATH")).unwrap_or_default()
}

/// Programs and directories of these servers that are not there.
pub fn missing(config: &Config) -> Vec<Finding> {
    let is_started = |server: &ServerConfig| server.enabled && server.unresolved.is_empty();
    let path = path_of_servers();
    let servers = config.servers.iter().filter(|(_, server)| is_started(server));
    servers.flat_map(|(name, server)| of_server(name, server, &path)).collect()
}

fn of_server(name: &ServerName, server: &ServerConfig, path: &OsString) -> Vec<Finding> {
    let problem =
        |message: String, remedy: &str| finding(Severity::Problem, Some(name), message, remedy);
    let unresolved = |complaint: &Complaint| {
        problem(
            complaint.to_string(),
            "set it where the daemon finds it, or write another reference",
        )
    };
    let mut all: Vec<Finding> = server.unresolved.iter().map(unresolved).collect();
    let program = &server.program;
    if let Some(cwd) = program.cwd.as_ref().filter(|cwd| !cwd.is_dir()) {
        let message = format!("its `cwd` {} is no directory", cwd.display());
        all.push(problem(message, &format!("`mkdir -p {}`, or name another", word(cwd))));
    }
    let command = program.command.expose();
    if command.is_empty() || !server.unresolved.is_empty() {
        return all;
    }
    let path = program.env.get("PATH").map_or_else(|| path.clone(), |own| own.expose().into());
    match find(command, &path) {
        Some(found) => all.extend(interpreter(&found, &path).map(|(interpreter, message)| {
            problem(message, &elsewhere(&interpreter, "install it"))
        })),
        None if command.contains('/') => {
            let message = format!("its program {command} does not exist");
            all.push(problem(message, "install it, or correct `command`"));
        }
        None => {
            let message = format!(
                "its program `{command}` is not found in the PATH that servers get ({})",
                path.display()
            );
            all.push(problem(message, &elsewhere(command, "install it, or correct `command`")));
        }
    }
    all
}

/// What to do about a program that servers do not find: this shell may know where it is.
fn elsewhere(command: &str, otherwise: &str) -> String {
    let own = std::env::var_os("PATH").unwrap_or_default();
    match find(command, &own) {
        Some(found) => {
            let dir = found.parent().unwrap_or(Path::new("/")).display();
            format!("this shell has it in {dir}: give the server `env.PATH` with that directory")
        }
        None => otherwise.to_owned(),
    }
}

fn find(command: &str, path: &OsString) -> Option<PathBuf> {
    if command.contains('/') {
        return Some(dirs::expand_home(command)).filter(|path| executable::is_executable(path));
    }
    executable::find(command, path)
}

/// The interpreter of a script, if it is not there: its name, and what to say.
fn interpreter(script: &Path, path: &OsString) -> Option<(String, String)> {
    let found = executable::interpreter(script)?;
    let wanted = found.looked_up.unwrap_or(found.program);
    find(&wanted, path).is_none().then(|| {
        let message =
            format!("its program {} needs `{wanted}`, which is not found", script.display());
        (wanted, message)
    })
}

/// Secrets that are written out, and who may read them.
pub fn secrets(texts: &[Text]) -> Vec<Finding> {
    let mut all = Vec::new();
    for Text { path, text } in texts {
        let keys = written_out(text);
        let Some(first) = keys.first() else { continue };
        let more = match keys.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message =
            format!("{}: {first}{more} is a secret that stands in the file", path.display());
        let remedy =
            "write it into a file of its own with mode 600, and \"${file:THAT_FILE}\" here";
        all.push(finding(Severity::Note, None, message, remedy));
        let mode = path.metadata().map_or(0, |it| it.permissions().mode() & 0o777);
        if mode & 0o044 != 0 {
            let message = format!("{} has secrets in it, and others may read it", path.display());
            let remedy = format!("`chmod 600 {}`", word(path));
            all.push(finding(Severity::Problem, None, message, &remedy));
        }
    }
    all
}

/// The keys of literal values that are secrets by their names.
fn written_out(text: &str) -> Vec<String> {
    let Ok(config) = text.parse::<toml::Table>() else { return Vec::new() };
    let servers = config.get("servers").and_then(toml::Value::as_table);
    let mut keys = Vec::new();
    for (server, section) in servers.into_iter().flatten() {
        for part in ["env", "headers"] {
            let pairs = section.get(part).and_then(toml::Value::as_table).into_iter().flatten();
            let is_secret = |(name, value): &(&String, &toml::Value)| {
                is_name_of_secret(name)
                    && value.as_str().is_some_and(|text| !text.is_empty() && !text.contains("${"))
            };
            keys.extend(
                pairs.filter(is_secret).map(|(name, _)| format!("servers.{server}.{part}.{name}")),
            );
        }
        let token = section.get("auth").and_then(|auth| auth.get("token"));
        if token.and_then(toml::Value::as_str).is_some_and(|token| !token.contains("${")) {
            keys.push(format!("servers.{server}.auth.token"));
        }
    }
    keys
}
