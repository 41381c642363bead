//! Variables that servers are to inherit, and that this shell has otherwise than the user manager: a
//! daemon that systemd starts has those of the manager.

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::finding::finding;
use super::unit::{self, SERVICE, UnitState};
use crate::api::{Finding, Severity};
use crate::config::source::Text;

/// What `inherit_env` names and a server does not get as this shell has it.
pub fn inherited(texts: &[Text]) -> Vec<Finding> {
    let names: BTreeSet<String> = texts.iter().flat_map(|text| named(&text.text)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let (Some(manager), Some(service)) = (unit::environment(), UnitState::ask(SERVICE)) else {
        return Vec::new();
    };
    if !service.is_installed() {
        return Vec::new();
    }
    // What the unit sets is somebody's decision.
    let open = names.into_iter().filter(|name| !service.sets(name));
    let shell = |name: &String| std::env::var_os(name);
    open.filter_map(|name| {
        let has = manager.get(&name).map(OsString::from);
        told(&name, shell(&name).as_ref(), has.as_ref())
    })
    .collect()
}

fn told(name: &str, shell: Option<&OsString>, manager: Option<&OsString>) -> Option<Finding> {
    let shell = shell.filter(|value| !value.is_empty())?;
    let message = match manager {
        Some(value) if value == shell => return None,
        Some(_) => format!(
            "`inherit_env` names {name}, which has another value in the user manager than in this shell"
        ),
        None => format!("`inherit_env` names {name}, which the user manager does not have"),
    };
    let remedy = format!(
        "`systemctl --user import-environment {name}` and `systemctl --user restart {SERVICE}`; for good, in ~/.config/environment.d"
    );
    Some(finding(Severity::Note, None, message, &remedy))
}

/// What the `inherit_env` of a file name.
fn named(text: &str) -> Vec<String> {
    let Ok(config) = text.parse::<toml::Table>() else { return Vec::new() };
    let servers = config.get("servers").and_then(toml::Value::as_table);
    let of_servers = servers.into_iter().flatten().map(|(_, server)| server.get("inherit_env"));
    let lists = of_servers.chain([config.get("inherit_env")]).flatten();
    let names = lists.filter_map(toml::Value::as_array).flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::{named, told};
    use std::ffi::OsString;

    #[test]
    fn what_is_to_be_inherited_is_named_at_the_top_or_of_a_server() {
        let text =
            "inherit_env = [\"A\"]\n[servers.x]\ncommand = \"y\"\ninherit_env = [\"B\", 7]\n";
        assert_eq!(named(text), ["B", "A"]);
        assert_eq!(named("inherit_env = ["), [""; 0]);
    }

    #[test]
    fn only_what_the_shell_has_and_the_manager_has_not_is_told() {
        let value = |text: &str| Some(OsString::from(text));
        let told = |shell: Option<OsString>, manager: Option<OsString>| {
            told("X", shell.as_ref(), manager.as_ref()).map(|finding| finding.message)
        };
        assert_eq!(told(None, value("a")), None);
        assert_eq!(told(value(""), None), None);
        assert_eq!(told(value("a"), value("a")), None);
        assert!(told(value("a"), value("b")).unwrap().contains("another value"));
        assert!(told(value("a"), None).unwrap().contains("does not have"));
    }
}
