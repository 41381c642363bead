//! What systemd's user manager says of the daemon's units.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::{program, quoted};

/// The daemon's service, and the socket that starts it.
pub const SERVICE: &str = "callmux.service";
pub const SOCKET: &str = "callmux.socket";
/// The socket of TCP, which nobody has unasked.
pub const HTTP_SOCKET: &str = "callmux-http.socket";
/// How long the manager may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const PROPERTIES: &str = "--property=LoadState,ActiveState,SubState,Result,ExecMainCode,\
                          ExecMainStatus,ExecStart,NRestarts,UnitFileState,Environment,\
                          EnvironmentFiles,FragmentPath";

/// A unit as `systemctl show` describes it.
#[derive(Debug, Clone, Default)]
pub struct UnitState(HashMap<String, String>);

impl UnitState {
    /// `None` if there is no manager that answers.
    pub fn ask(unit: &str) -> Option<Self> {
        ask(&["show", unit, PROPERTIES]).map(|text| Self::read(&text))
    }

    fn read(text: &str) -> Self {
        Self(pairs(text))
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether its file is there. The manager knows a unit whose package was removed until it is reloaded.
    pub fn is_installed(&self) -> bool {
        let file = self.get("FragmentPath");
        !matches!(self.get("LoadState"), "" | "not-found")
            && (file.is_empty() || Path::new(file).exists())
    }

    pub fn is_masked(&self) -> bool {
        self.get("LoadState") == "masked"
    }

    pub fn is_active(&self) -> bool {
        self.get("ActiveState") == "active"
    }

    pub fn is_enabled(&self) -> bool {
        !matches!(self.get("UnitFileState"), "disabled" | "masked")
    }

    /// Whether the manager has given it up.
    pub fn hit_start_limit(&self) -> bool {
        matches!(
            self.get("Result"),
            "start-limit-hit" | "trigger-limit-hit" | "service-start-limit-hit"
        )
    }

    /// Whether it may have a variable that the manager does not.
    pub fn sets(&self, name: &str) -> bool {
        let is_it = |word: &str| {
            word.trim_start_matches('"').strip_prefix(name).is_some_and(|it| it.starts_with('='))
        };
        !self.get("EnvironmentFiles").is_empty() || self.get("Environment").split(' ').any(is_it)
    }

    /// The value of a variable that it sets itself.
    pub fn variable(&self, name: &str) -> Option<String> {
        let words = program::words(self.get("Environment")).ok()?;
        let value = |word: &String| Some(word.strip_prefix(name)?.strip_prefix('=')?.to_owned());
        // The last one counts (systemd.exec(5)).
        words.iter().rev().find_map(value)
    }

    /// The program that it starts.
    pub fn program(&self) -> Option<PathBuf> {
        let path = self.get("ExecStart").split_once("path=")?.1;
        Some(path.split(" ;").next()?.trim().into())
    }

    /// How its last start failed, if it is not up because of that.
    pub fn failure(&self) -> Option<String> {
        let is_again = self.get("SubState") == "auto-restart";
        if !is_again && self.get("ActiveState") != "failed" {
            return None;
        }
        let (result, status) = (self.get("Result"), self.get("ExecMainStatus"));
        let mut how = match (self.program(), status) {
            // systemd.exec(5), "Process Exit Codes".
            (Some(program), "203") => format!("{} (203/EXEC)", unstartable(&program)),
            (_, "" | "0") => result.to_owned(),
            (_, status) if self.get("ExecMainCode") == "1" => format!("exit code {status}"),
            (_, status) => format!("{result}, status {status}"),
        };
        if self.hit_start_limit() {
            how += "; systemd tries no more";
        }
        Some(quoted(&how).to_string())
    }
}

/// Why a program that is to be started cannot be.
pub fn unstartable(program: &Path) -> String {
    let is_there = program.exists();
    let what = if is_there { "cannot be run" } else { "does not exist" };
    format!("its program {} {what}", program.display())
}

/// The addresses of TCP at which systemd listens for this socket unit; none, if it does not.
pub fn addresses(unit: &str) -> Vec<SocketAddr> {
    ask(&["show", unit, "--property=ActiveState,Listen"])
        .map(|said| addresses_in(&said))
        .unwrap_or_default()
}

fn addresses_in(said: &str) -> Vec<SocketAddr> {
    if !said.lines().any(|line| line == "ActiveState=active") {
        return Vec::new();
    }
    let words = said.lines().filter_map(|line| line.strip_prefix("Listen=")?.split(' ').next());
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The value of a variable in the manager's environment, which every unit gets.
pub fn variable(name: &str) -> Option<String> {
    environment()?.remove(name)
}

/// The manager's variables. What is no plain text in a line is as the shell would have it, and so never
/// equal to a value of ours.
pub fn environment() -> Option<HashMap<String, String>> {
    ask(&["show-environment"]).map(|text| pairs(&text))
}

/// Whether the user manager goes on without a session of its user (loginctl(1)).
pub fn lingers(uid: u32) -> Option<bool> {
    let words = ["loginctl", "show-user", &uid.to_string(), "--property=Linger", "--value"];
    let words = words.map(str::to_owned);
    let said = program::output(&words, Path::new("/"), ANSWER_WITHIN).ok()?;
    match said.expose().trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn pairs(text: &str) -> HashMap<String, String> {
    let pair =
        |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().filter_map(pair).collect()
}

fn ask(args: &[&str]) -> Option<String> {
    let words = ["systemctl", "--user", "--no-pager"].iter().chain(args);
    let words: Vec<String> = words.map(|word| (*word).to_owned()).collect();
    program::output(&words, Path::new("/"), ANSWER_WITHIN).ok().map(|text| text.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{UnitState, addresses_in};

    #[test]
    fn the_addresses_of_a_socket_are_those_that_are_open() {
        let listen =
            "Listen=127.0.0.1:4860 (Stream)\nListen=[::1]:4861 (Stream)\nListen=/x (Stream)\n";
        let open = addresses_in(&format!("{listen}ActiveState=active\n"));
        assert_eq!(open, ["127.0.0.1:4860".parse().unwrap(), "[::1]:4861".parse().unwrap()]);
        assert!(addresses_in(&format!("{listen}ActiveState=inactive\n")).is_empty());
    }

    fn failure(text: &str) -> Option<String> {
        UnitState::read(text).failure()
    }

    #[test]
    fn a_variable_of_the_unit_is_found() {
        let unit = UnitState::read("Environment=A=1 PATH=/a:/b \"PATH=/my bin:/b\" PATHS=x\n");
        assert_eq!(unit.variable("PATH").as_deref(), Some("/my bin:/b"));
        assert_eq!((unit.variable("B"), UnitState::read("").variable("PATH")), (None, None));
    }

    #[test]
    fn a_failure_is_told_while_it_lasts() {
        let exec = "ExecStart={ path=/no/such/callmux ; argv[]=/no/such/callmux serve ; pid=0 }\n";
        let again = "ActiveState=activating\nSubState=auto-restart\nResult=exit-code\n";
        let told = failure(&format!("{exec}{again}ExecMainCode=1\nExecMainStatus=203\n"));
        assert_eq!(told.unwrap(), "its program /no/such/callmux does not exist (203/EXEC)");
        let told = failure(&format!("{again}ExecMainCode=1\nExecMainStatus=65\n"));
        assert_eq!(told.unwrap(), "exit code 65");
        let told = failure("ActiveState=failed\nSubState=failed\nResult=start-limit-hit\n");
        assert_eq!(told.unwrap(), "start-limit-hit; systemd tries no more");
        for fine in
            ["ActiveState=active\nSubState=running\nResult=success\n", "", "LoadState=not-found\n"]
        {
            assert_eq!(failure(fine), None, "{fine}");
        }
    }
}
