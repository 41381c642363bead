//! The user's browser, opened by a daemon.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::error::CredentialError;

/// Where everybody has the program that opens an address in the user's browser.
const OPENER: &str = "xdg-open";
/// What a desktop sets for its programs.
const DISPLAYS: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];
/// systemd's id of this run of the service (systemd.exec(5)): as one we have no desktop of our own.
const INVOCATION: &str = "INVOCATION_ID";
/// How long a program may take that only asks systemd for something.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// An opener that has not failed so soon is one that works.
const FAILS_WITHIN: Duration = Duration::from_secs(10);

/// Where a browser can be seen.
enum Desktop {
    /// That of who started us.
    Own,
    /// That of the user manager, which starts it: what we started ourselves would end with our service.
    Manager,
}

/// Opens an address; no shell sees it.
pub(super) async fn open(url: &str) -> Result<(), CredentialError> {
    // It came from a server.
    if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(CredentialError::NotHttps);
    }
    match desktop().await.ok_or(CredentialError::NoDisplay)? {
        Desktop::Own => run(OPENER, &[url]).await,
        Desktop::Manager => {
            let words = ["--user", "--collect", "--quiet", "--", OPENER, url];
            run("systemd-run", &words).await
        }
    }
}

async fn desktop() -> Option<Desktop> {
    let is_service = std::env::var_os(INVOCATION).is_some();
    let own = DISPLAYS.iter().any(|name| std::env::var_os(name).is_some_and(|it| !it.is_empty()));
    if own && !is_service {
        return Some(Desktop::Own);
    }
    let mut ask = Command::new("systemctl");
    ask.args(["--user", "show-environment"]).stdin(Stdio::null()).stderr(Stdio::null());
    let answer = tokio::time::timeout(ANSWER_WITHIN, ask.kill_on_drop(true).output()).await;
    let answer = answer.ok()?.ok().filter(|answer| answer.status.success())?;
    has_display(&String::from_utf8_lossy(&answer.stdout)).then_some(Desktop::Manager)
}

/// Whether an environment, a variable in each line, has a display.
fn has_display(environment: &str) -> bool {
    let all: BTreeMap<&str, &str> =
        environment.lines().filter_map(|line| line.split_once('=')).collect();
    DISPLAYS.iter().any(|name| all.get(name).is_some_and(|value| !value.is_empty()))
}

async fn run(program: &'static str, words: &[&str]) -> Result<(), CredentialError> {
    let failed = |how| CredentialError::Opener(program, how);
    let mut command = Command::new(program);
    command.args(words).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    match tokio::time::timeout(FAILS_WITHIN, child.wait()).await {
        Ok(Ok(status)) if !status.success() => Err(failed(status.to_string())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        // A browser that was not there before may be what it became.
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{CredentialError, has_display, open};

    #[test]
    fn a_display_is_seen_in_an_environment() {
        assert!(has_display("HOME=/h\nDISPLAY=:0\n") && has_display("WAYLAND_DISPLAY=wayland-0"));
        assert!(!has_display("HOME=/h\nDISPLAY=\nXDISPLAY=:0\n") && !has_display(""));
    }

    #[tokio::test]
    async fn only_the_web_is_opened() {
        for url in ["file:///etc/passwd", "--help", ""] {
            assert!(matches!(open(url).await, Err(CredentialError::NotHttps)), "{url}");
        }
    }
}
