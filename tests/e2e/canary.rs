//! A secret of every kind, each with a canary in it: whatever is done, and whoever asks, none is
//! found where it does not belong.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::far::{Far, Out, Seen, legacy, modern, said};
use crate::support::oauth::{Guarded, LoggingIn, visit};
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, descendants, hostile, tables, until};

const MAIN: &str = "config/callmux/config.toml";
/// What every secret begins with; the tokens of the authorization server do so too.
const CANARY: &str = "canary";
/// What an authorization server gave for a consent.
const CODE: &str = "the-code";

/// Everything that the daemon and its programs showed, with where that was.
#[derive(Default)]
struct Shown(Vec<(String, String)>);

impl Shown {
    fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    fn run(&mut self, sandbox: &Sandbox, args: &[&str]) {
        let output = sandbox
            .command()
            .args(args)
            .env("CREDENTIALS_DIRECTORY", sandbox.path("creds"))
            .env("CANARY_VARIABLE", "canary-variable")
            .output()
            .unwrap();
        let both = [output.stdout, output.stderr].concat();
        assert!(!both.is_empty() || args == ["restart", "printed"], "{args:?} says nothing");
        self.add(format!("callmux {}", args.join(" ")), String::from_utf8_lossy(&both));
    }

    fn verbs(&mut self, sandbox: &Sandbox) {
        for args in [
            &["status"][..],
            &["status", "--json"],
            &["doctor"],
            &["doctor", "--json"],
            &["config", "show"],
            &["config", "check"],
            &["config", "check", "--json"],
            &["config", "plan", "--json"],
            &["reload", "--wait"],
            &["instructions"],
            &["list", "-d"],
            &["server", "list"],
            &["retry"],
        ] {
            self.run(sandbox, args);
        }
    }

    fn check(&self) {
        let found: Vec<String> = self
            .0
            .iter()
            .flat_map(|(place, text)| text.lines().map(move |line| (place, line)))
            .filter(|(_, line)| line.contains(CANARY) || line.contains(CODE))
            .map(|(place, line)| format!("{place}: {line}"))
            .collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// A remote server that answers well, and then wrong in one way after the other.
fn moody(is_modern: bool, mood: Arc<AtomicUsize>) -> Far {
    let call = move |seen: &Seen, out: &mut Out| match mood.load(Ordering::SeqCst) {
        0 => out.json(&seen.result(&said("served"))),
        1 => out.whole("401 Unauthorized", &["WWW-Authenticate: Bearer"], ""),
        2 => out.whole("403 Forbidden", &[], ""),
        3 => out.whole("500 No", &[], "oops"),
        4 => out.json(&format!("[{:?}", seen.header("authorization"))),
        5 => out.whole("307 Moved", &["Location: http://localhost:1/?key=elsewhere"], ""),
        _ => out.cut(),
    };
    if is_modern { Far::start(modern(call)) } else { Far::start(legacy(call)) }
}

fn servers(sandbox: &Sandbox, modern: &Far, legacy: &Far, guarded: &Guarded) -> String {
    for name in ["env", "bearer", "url", "client", "printed", "reloaded"] {
        sandbox.write(&format!("config/callmux/{name}"), &format!("canary-{name}\n"));
    }
    sandbox.write("creds/header", "canary-header\n");
    let path = hostile();
    let counter: (&str, &[&str]) = ("counter", &[callmux(), "example-server", "counter"]);
    tables(&[counter, ("child", &[path.to_str().unwrap()])])
        + "env = { FILE = \"${file:env}\", LITERAL = \"canary-literal\", VARIABLE = \"${CANARY_VARIABLE}\" }\n"
        + &format!(
            "[servers.bearer]\nurl = \"{}?key=${{file:url}}\"\n\
             headers = {{ X-Key = \"${{cred:header}}\", X-Literal = \"canary-literal-header\" }}\n\
             auth = {{ type = \"bearer\", token = \"${{file:bearer}}\" }}\n",
            modern.url()
        )
        + &format!(
            "[servers.literal]\nurl = \"{}?key=canary-literal-url\"\n\
             auth = {{ type = \"bearer\", token = \"canary-literal-token\" }}\n",
            legacy.url()
        )
        + &format!(
            "[servers.printed]\nurl = {:?}\n\
             auth = {{ type = \"command\", command = [\"sh\", \"-c\", \"cat $HOME/config/callmux/printed\"] }}\n",
            legacy.url()
        )
        + &format!(
            "[servers.far]\nurl = {:?}\n\
             auth = {{ type = \"oauth\", client_id = \"c-1\", client_secret = \"${{file:client}}\" }}\n",
            guarded.far.url()
        )
}

/// The same with what is wrong: what complains about it does not repeat it.
fn mistakes(config: &str) -> Vec<String> {
    let bearer = |token: &str| {
        format!(
            "[servers.x]\nurl = \"http://h\"\nauth = {{ type = \"bearer\", token = {token} }}\n"
        )
    };
    [
        "[servers.x]\nurl = \"ftp://host/?canary-scheme\"\n".to_owned(),
        "[servers.x]\nurl = \"http://me:canary-password@host/\"\n".to_owned(),
        "[servers.x]\nurl = \"http://a b/?canary-space\"\n".to_owned(),
        "[servers.x]\nurl = \"http://h\"\nheaders = { X = \"canary\\u0001\" }\n".to_owned(),
        "[servers.x]\ncommand = \"x\"\nenv = { \"A=B\" = \"canary-env\" }\n".to_owned(),
        "[servers.x]\ncommand = \"x\"\nargs = [\"${file:bearer}\"]\n".to_owned(),
        bearer("\"canary\\u0001\""),
        bearer("[\"canary-list\"]"),
        bearer("\"canary-open"),
    ]
    .map(|wrong| format!("{config}{wrong}"))
    .to_vec()
}

/// Every file of the home that is not the user's own.
fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files(&path, out);
        } else if kind.is_file() {
            out.push(path);
        }
    }
}

fn of_process(pid: u32, name: &str) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', "\n")
}

fn processes(seen: &mut Shown, daemon: &Daemon) {
    let given = |line: &&str| !line.starts_with("CANARY_VARIABLE=");
    let environment = of_process(daemon.pid(), "environ");
    let environment: Vec<&str> = environment.lines().filter(given).collect();
    seen.add("the daemon's environment", environment.join("\n"));
    seen.add("the daemon's command line", of_process(daemon.pid(), "cmdline"));
    let child = daemon.server_pid("child");
    for pid in descendants(daemon.pid()) {
        seen.add("a child's command line", of_process(pid, "cmdline"));
        if pid != child {
            seen.add("a neighbour's environment", of_process(pid, "environ"));
        }
    }
    let own = of_process(child, "environ");
    for value in ["FILE=canary-env", "LITERAL=canary-literal", "VARIABLE=canary-variable"] {
        assert!(own.lines().any(|line| line == value), "{own}");
    }
    assert!(!own.contains("CANARY_VARIABLE"), "{own}");
}

fn kept(sandbox: &Sandbox) {
    let mut all = Vec::new();
    files(&sandbox.path(""), &mut all);
    let mut tokens = 0;
    for path in all {
        let name = path.strip_prefix(sandbox.path("")).unwrap().to_str().unwrap().to_owned();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        if name.starts_with("config/") || name.starts_with("creds/") || !text.contains(CANARY) {
            continue;
        }
        let is_tokens = name == ".local/state/callmux/credentials/far.json";
        // Copies of the config, with what is literally in it.
        let is_config = name.starts_with(".local/state/callmux/last-good/");
        assert!(is_tokens || is_config, "{name}: {text}");
        for referred in ["canary-env", "canary-bearer", "canary-url", "canary-printed"] {
            assert!(!text.contains(referred), "{name}: {text}");
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        tokens += usize::from(is_tokens);
    }
    assert_eq!(tokens, 1);
}

fn consent(sandbox: &Sandbox, seen: &mut Shown) {
    let login = LoggingIn::begin(sandbox);
    seen.add("the address to open", login.url.as_str());
    seen.add("the page of the login", visit(&login.back()));
    let (fine, said) = login.end();
    assert!(fine, "{said}");
    seen.add("callmux login", said);
}

#[test]
fn no_secret_is_found_where_it_does_not_belong() {
    let (sandbox, guarded, mut seen) = (Sandbox::new(), Guarded::start(), Shown::default());
    let mood = Arc::<AtomicUsize>::default();
    let (modern, legacy) = (moody(true, mood.clone()), moody(false, mood.clone()));
    let config = servers(&sandbox, &modern, &legacy, &guarded);
    sandbox.write(MAIN, &config);
    let creds = sandbox.path("creds");
    let variables = [
        ("CREDENTIALS_DIRECTORY", creds.to_str().unwrap()),
        ("CANARY_VARIABLE", "canary-variable"),
    ];
    let mut daemon = Daemon::start_with(&sandbox, &variables);
    for name in ["counter", "child", "bearer", "literal", "printed"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    seen.verbs(&sandbox);
    consent(&sandbox, &mut seen);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut client = Lines::bridge(&sandbox);
    seen.add("the tools", client.request("tools/list", &json!({})).to_string());
    // What is sent is there, or nothing here proves anything.
    let shown = modern.seen().pop().unwrap();
    assert_eq!(shown.path, "/mcp?key=canary-url");
    assert_eq!(shown.header("authorization"), Some("Bearer canary-bearer"));
    assert_eq!(shown.header("x-key"), Some("canary-header"));
    let shown =
        |value: &str| legacy.seen().iter().any(|s| s.header("authorization") == Some(value));
    assert!(shown("Bearer canary-printed") && shown("Bearer canary-literal-token"));
    assert!(guarded.asked("/token").iter().any(|asked| {
        let shown = asked.header("authorization").unwrap_or_default();
        asked.text.contains("canary-client") || shown.starts_with("Basic ")
    }));
    let mut call_all = |client: &mut Lines, what: &str| {
        for name in ["bearer", "literal", "printed", "far"] {
            let answer = client.call(&format!("{name}__echo"), &json!({}));
            seen.add(format!("{what} of {name}"), answer.to_string());
        }
    };
    for n in 0..7 {
        mood.store(n, Ordering::SeqCst);
        call_all(&mut client, "an answer");
    }
    mood.store(0, Ordering::SeqCst);
    guarded.book().is_revoked = true;
    call_all(&mut client, "an answer after a renewal");
    assert_eq!(guarded.book().refreshes, 1);
    guarded.book().is_revoked = true;
    guarded.book().is_strict = true;
    call_all(&mut client, "an answer without a renewal");
    seen.verbs(&sandbox);
    processes(&mut seen, &daemon);
    consent(&sandbox, &mut seen);
    wrong_and_right_again(&sandbox, &daemon, &config, &mut seen);
    for command in ["environment", "not_json", "exit"] {
        let answer: Value = client.call(&format!("child__{command}"), &json!({}));
        seen.add(format!("an answer after {command}"), answer.to_string());
    }
    seen.run(&sandbox, &["restart", "printed"]);
    seen.verbs(&sandbox);
    seen.add("/metrics", Http::unix(&daemon).bare("GET", "/metrics", &[]).body);
    seen.add("/metrics", Http::tcp(&daemon).bare("GET", "/metrics", &[]).body);
    kept(&sandbox);
    assert_eq!(daemon.stop(), Some(0));
    seen.add("the log", daemon.told());
    seen.check();
}

/// Reloads, with mistakes and without.
fn wrong_and_right_again(sandbox: &Sandbox, daemon: &Daemon, config: &str, seen: &mut Shown) {
    for wrong in mistakes(config) {
        sandbox.write(MAIN, &wrong);
        let before = seen.0.len();
        seen.run(sandbox, &["reload", "--wait"]);
        assert!(seen.0[before].1.contains(MAIN), "{wrong}: {}", seen.0[before].1);
        seen.run(sandbox, &["config", "check"]);
        seen.run(sandbox, &["config", "check", "--json"]);
        seen.run(sandbox, &["config", "plan"]);
        seen.run(sandbox, &["config", "show"]);
        seen.run(sandbox, &["status"]);
    }
    sandbox.write(MAIN, &config.replace("${file:bearer}", "${file:reloaded}"));
    seen.run(sandbox, &["config", "plan"]);
    seen.run(sandbox, &["reload", "--wait"]);
    until("the new token", || {
        let ready = |fact: &Value| fact["server"] == "bearer";
        (daemon.count("server_ready", ready) >= 2).then_some(())
    });
}
