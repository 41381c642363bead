//! Rows about what is kept on disk.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{MAIN, counters, run, status};
use crate::support::oauth::{Guarded, log_in};
use crate::support::{Daemon, Lines, Sandbox, overwrite, tables, tools};

const STATE: &str = ".local/state/callmux";

/// A server with large results, which are shortened.
fn large() -> String {
    let path = tools();
    format!("max_result = \"2KiB\"\n{}", tables(&[("one", &[path.to_str().unwrap()])]))
}

fn text(answer: &Value) -> Value {
    serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap()
}

#[test]
fn o07_without_a_state_directory_everything_works_but_what_is_to_outlive_us() {
    let sandbox = Sandbox::new();
    // Whatever is to be made below it fails.
    sandbox.write(STATE, "no directory");
    sandbox.write(MAIN, &large());
    let mut daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    let short = text(&bridge.call("one__bigarr", &json!({ "rows": 300 })));
    let wanted = json!({ "ref": short["_callmux"]["ref"], "offset": 299, "fields": ["id"] });
    let page = text(&bridge.call("callmux_get_result", &wanted));
    assert_eq!(page["data"], json!([{ "id": 299 }]), "{page}");
    assert_eq!(status(&sandbox)["config"]["in_force"], "current");
    // The log is not silent about it.
    let told = daemon.told();
    for words in ["the config in force was not kept", "stored results will not survive a restart"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(std::fs::read_to_string(sandbox.path(STATE)).unwrap(), "no directory");
}

/// The only file below a directory of the state.
fn only(sandbox: &Sandbox, dir: &str) -> PathBuf {
    let entries = std::fs::read_dir(sandbox.path(STATE).join(dir)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    paths.remove(0)
}

/// Makes a file one of a version that does not exist yet.
fn from_the_future(path: &PathBuf) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let newer = text.replacen("\"version\":1", "\"version\":999", 1);
    assert_ne!(newer, text, "{} has no version", path.display());
    overwrite(path, &newer);
    newer
}

#[test]
fn o10_tokens_of_a_newer_version_are_not_used_and_not_lost() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    sandbox.write(MAIN, &guarded.config());
    let needs_login = |daemon: &Daemon| {
        daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
    };
    let mut daemon = Daemon::start(&sandbox);
    needs_login(&daemon);
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    assert_eq!(daemon.stop(), Some(0));
    let path = only(&sandbox, "credentials");
    let newer = from_the_future(&path);
    let mut daemon = Daemon::start(&sandbox);
    needs_login(&daemon);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), newer, "until the next login");
    let daemon = Daemon::start(&sandbox);
    needs_login(&daemon);
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
}

#[test]
fn o10_a_good_config_of_a_newer_version_is_none() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &counters(&["counter".to_owned()]));
    let mut daemon = Daemon::start(&sandbox);
    assert_eq!(daemon.stop(), Some(0));
    from_the_future(&only(&sandbox, "last-good"));
    sandbox.write(MAIN, "nonsense = 1\n");
    // A daemon that nobody started by hand starts without any config.
    let path = sandbox.socket();
    drop(std::fs::remove_file(&path));
    let listener = UnixListener::bind(&path).unwrap();
    let script = "LISTEN_FDS=1 exec \"$0\" serve --log-format json 3<&0 </dev/null";
    let mut shell = sandbox.program("sh");
    shell.args(["-c", script, crate::support::callmux()]);
    let mut child = shell.stdin(std::os::fd::OwnedFd::from(listener)).spawn();
    let (code, stdout, stderr) = run(&sandbox, &["status", "--json"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(code, Some(65), "{stderr}");
    let told: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(told["config"]["in_force"], "nothing", "{told}");
}
