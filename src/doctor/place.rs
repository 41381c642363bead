//! What is wrong with where the daemon runs: its units, its program, the user's sessions.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::finding::finding;
use super::unit::{self, SERVICE, SOCKET, UnitState};
use crate::api::{Finding, Severity};
use crate::base::program;
use crate::config::Reading;
use crate::settings::{Sandbox, ServerConfig};

/// How long the try of a sandbox may take.
const PROBED_WITHIN: Duration = Duration::from_secs(10);

/// What there is to find in the units. `is_up`: a daemon answers.
pub fn units(is_up: bool) -> Vec<Finding> {
    let (Some(service), Some(socket)) = (UnitState::ask(SERVICE), UnitState::ask(SOCKET)) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let problem = |message: String, remedy: &str| finding(Severity::Problem, None, message, remedy);
    if !service.is_installed() && !socket.is_installed() {
        if !is_up {
            let remedy = "`callmux serve` runs a daemon in this shell; for systemd, install the units as the README says";
            all.push(problem(format!("there is no {SOCKET} and no {SERVICE}"), remedy));
        }
        return all;
    }
    for (name, unit) in [(SERVICE, &service), (SOCKET, &socket)] {
        if unit.is_masked() {
            let remedy = format!("`systemctl --user unmask {name}`");
            all.push(problem(format!("{name} is masked, so nothing starts it"), &remedy));
        } else if !unit.is_installed() {
            let remedy = "install it beside the other, then `systemctl --user daemon-reload`";
            all.push(problem(format!("{name} is not installed"), remedy));
        }
    }
    let program = service.program().filter(|program| !program.exists());
    if let Some(program) = &program {
        let message = format!("{SERVICE} starts {}, which does not exist", program.display());
        let remedy = "`systemctl --user edit --full callmux.service`: let ExecStart= name the installed callmux";
        all.push(problem(message, remedy));
    }
    if let Some(how) = service.failure().filter(|_| program.is_none() && !service.hit_start_limit())
    {
        let remedy = format!("`journalctl --user -u {SERVICE} -n 20` has its last words");
        all.push(problem(format!("{SERVICE} does not start: {how}"), &remedy));
    }
    if service.hit_start_limit() || socket.hit_start_limit() {
        let remedy = format!(
            "mend the cause, then `systemctl --user reset-failed {SERVICE} {SOCKET}` and `systemctl --user start {SOCKET}`"
        );
        let how = service.failure().map(|how| format!(": {how}")).unwrap_or_default();
        all.push(problem(format!("systemd gave up after too many starts in a row{how}"), &remedy));
    } else if socket.is_installed() && !socket.is_masked() && !socket.is_active() && !is_up {
        let remedy = format!("`systemctl --user enable --now {SOCKET}`");
        all.push(problem(format!("{SOCKET} is not started, so nothing listens"), &remedy));
    } else if socket.is_installed() && !socket.is_enabled() {
        let message = format!("{SOCKET} is not enabled: after the next login nothing listens");
        let remedy = format!("`systemctl --user enable {SOCKET}`");
        all.push(finding(Severity::Note, None, message, &remedy));
    }
    all
}

/// What does not outlive a daemon that systemd does not run.
pub fn survival() -> Finding {
    let message = "systemd does not run this daemon: however it ends, its servers end with it, and a call in \
                   flight that may have had an effect is answered with outcome_unknown. Sessions and stored \
                   results go on, and the next daemon starts the servers anew";
    let remedy = "nothing has to be done; under a systemd user manager (`callmux setup` there) servers and calls \
                  outlive the daemon as well";
    finding(Severity::Note, None, message.to_owned(), remedy)
}

/// The daemon may run a program that has been replaced. `on_demand`: whoever needs one starts it.
pub fn running_program(pid: u32, on_demand: bool) -> Option<Finding> {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let path = program.to_str()?.strip_suffix(" (deleted)")?;
    let is_ours = Path::new(path).file_name()?.to_str()?.starts_with("callmux");
    is_ours.then(|| {
        let message = format!("the daemon still runs the program that {path} was before");
        let remedy = if on_demand {
            format!("`kill {pid}` when no call is in flight; the next daemon is the new one")
        } else {
            "`systemctl --user restart callmux.service` when you like; sessions and calls survive it"
                .to_owned()
        };
        finding(Severity::Note, None, message, &remedy)
    })
}

/// Without lingering the user manager ends with the user's last session, and the daemon with it. On a
/// desktop agents end there, too; over SSH, in tmux and from cron they may be meant to go on.
pub fn linger() -> Option<Finding> {
    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !has("SSH_CONNECTION") && (has("DISPLAY") || has("WAYLAND_DISPLAY")) {
        return None;
    }
    let uid = rustix::process::getuid().as_raw();
    let ends = unit::lingers(uid) == Some(false);
    ends.then(|| {
        let message =
            "the daemon and its servers end when your last session on this machine does".to_owned();
        let remedy = "`loginctl enable-linger` if they are to go on";
        finding(Severity::Note, None, message, remedy)
    })
}

/// Whether the sandboxes that the config asks for can be had.
pub fn sandbox(reading: &Reading) -> Option<Finding> {
    let config = reading.config.as_ref().ok()?;
    let boxed =
        |server: &&Arc<ServerConfig>| server.enabled && server.program.sandbox != Sandbox::None;
    let (name, _) = config.servers.iter().find(|(_, server)| boxed(server))?;
    unit::variable("PATH")?;
    let words = [
        "systemd-run",
        "--user",
        "--quiet",
        "--wait",
        "--collect",
        "-p",
        "PrivateUsers=yes",
        "-p",
        "ProtectSystem=strict",
        "true",
    ];
    let words: Vec<String> = words.map(str::to_owned).to_vec();
    program::carry_out(&words, Path::new("/"), PROBED_WITHIN).err().map(|why| {
        let message = format!("its sandbox cannot be had here: systemd-run {why}");
        let remedy = "allow user namespaces (`sysctl kernel.unprivileged_userns_clone` or apparmor), or set `sandbox = \"none\"`";
        finding(Severity::Problem, Some(name), message, remedy)
    })
}
