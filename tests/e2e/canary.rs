//! A secret of every kind at once: whatever is done, and whoever asks, none is found where it does not
//! belong. The kit looks after that in every test; here it has the most to see, and is tried itself.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::far::{Far, Out, Seen, legacy, modern, said};
use crate::support::oauth::{Guarded, LoggingIn, visit};
use crate::support::processes::{Owners, look_at, of_process};
use crate::support::{
    CANARY, Daemon, Http, Lines, Sandbox, callmux, canary, hostile, overwrite, tables, until,
};

const MAIN: &str = "config/callmux/config.toml";

fn run(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut command = sandbox.command();
    command.args(args).env("CREDENTIALS_DIRECTORY", sandbox.path("creds"));
    let output = command.env("CANARY_VARIABLE", canary!("-variable")).output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    assert!(!both.is_empty() || args == ["restart", "printed"], "{args:?} says nothing");
    String::from_utf8(both).unwrap()
}

fn verbs(sandbox: &Sandbox) {
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
        run(sandbox, args);
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
        5 => out.whole("307 Moved", &["Location: http://localhost:1/?key=canary7-elsewhere"], ""),
        _ => out.cut(),
    };
    if is_modern { Far::start(modern(call)) } else { Far::start(legacy(call)) }
}

fn servers(sandbox: &Sandbox, modern: &Far, legacy: &Far, guarded: &Guarded) -> String {
    for name in ["env", "bearer", "url", "client", "printed", "reloaded"] {
        sandbox.write(&format!("config/callmux/{name}"), &format!("{CANARY}-{name}\n"));
    }
    sandbox.write("creds/header", "canary7-header\n");
    let path = hostile();
    let counter: (&str, &[&str]) = ("counter", &[callmux(), "example-server", "counter"]);
    tables(&[counter, ("child", &[path.to_str().unwrap()])])
        + "env = { FILE = \"${file:env}\", LITERAL = \"canary7-literal\", VARIABLE = \"${CANARY_VARIABLE}\" }\n"
        + &format!(
            "[servers.bearer]\nurl = \"{}?key=${{file:url}}\"\n\
             headers = {{ X-Key = \"${{cred:header}}\", X-Literal = \"canary7-literal-header\" }}\n\
             auth = {{ type = \"bearer\", token = \"${{file:bearer}}\" }}\n",
            modern.url()
        )
        + &format!(
            "[servers.literal]\nurl = \"{}?key=canary7-literal-url\"\n\
             auth = {{ type = \"bearer\", token = \"canary7-literal-token\" }}\n",
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
        "[servers.x]\nurl = \"ftp://host/?canary7-scheme\"\n".to_owned(),
        "[servers.x]\nurl = \"http://me:canary7-password@host/\"\n".to_owned(),
        "[servers.x]\nurl = \"http://a b/?canary7-space\"\n".to_owned(),
        "[servers.x]\nurl = \"http://h\"\nheaders = { X = \"canary7\\u0001\" }\n".to_owned(),
        "[servers.x]\ncommand = \"x\"\nenv = { \"A=B\" = \"canary7-env\" }\n".to_owned(),
        "[servers.x]\ncommand = \"x\"\nargs = [\"${file:bearer}\"]\n".to_owned(),
        bearer("\"canary7\\u0001\""),
        bearer("[\"canary7-list\"]"),
        bearer("\"canary7-open"),
    ]
    .map(|wrong| format!("{config}{wrong}"))
    .to_vec()
}

/// What belongs to a server is there, or nothing here proves anything.
fn given(daemon: &Daemon) {
    let own = of_process(daemon.server_pid("child"), "environ");
    for value in ["FILE=canary7-env", "LITERAL=canary7-literal", "VARIABLE=canary7-variable"] {
        assert!(own.lines().any(|line| line == value), "{own}");
    }
    assert!(!own.contains("CANARY_VARIABLE"), "{own}");
}

fn kept(sandbox: &Sandbox) {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let tokens = read(&sandbox.path(".local/state/callmux/credentials/far.json"));
    assert!(tokens.contains(CANARY), "{tokens}");
    let copies = std::fs::read_dir(sandbox.path(".local/state/callmux/last-good")).unwrap();
    let copies: Vec<String> = copies.map(|copy| read(&copy.unwrap().path())).collect();
    assert!(copies.iter().any(|copy| copy.contains(canary!("-literal"))), "{copies:?}");
    for referred in ["-env", "-bearer", "-url", "-printed"] {
        let referred = format!("{CANARY}{referred}");
        assert!(!copies.iter().any(|copy| copy.contains(&referred)), "{copies:?}");
    }
}

fn consent(sandbox: &Sandbox) {
    let login = LoggingIn::begin(sandbox);
    visit(&login.back());
    let (fine, said) = login.end();
    assert!(fine, "{said}");
}

#[test]
fn no_secret_is_found_where_it_does_not_belong() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let mood = Arc::<AtomicUsize>::default();
    let (modern, legacy) = (moody(true, mood.clone()), moody(false, mood.clone()));
    let config = servers(&sandbox, &modern, &legacy, &guarded);
    sandbox.write(MAIN, &config);
    let creds = sandbox.path("creds");
    let variables = [
        ("CREDENTIALS_DIRECTORY", creds.to_str().unwrap()),
        ("CANARY_VARIABLE", canary!("-variable")),
    ];
    let mut daemon = Daemon::start_with(&sandbox, &variables);
    for name in ["counter", "child", "bearer", "literal", "printed"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    verbs(&sandbox);
    consent(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut client = Lines::bridge(&sandbox);
    let heard = &sandbox.watch.heard;
    heard.said("the tools", client.request("tools/list", &json!({})).to_string());
    was_sent(&modern, &legacy, &guarded);
    let call_all = |client: &mut Lines, what: &str| {
        for name in ["bearer", "literal", "printed", "far"] {
            let answer = client.call(&format!("{name}__echo"), &json!({}));
            heard.said(format!("{what} of {name}"), answer.to_string());
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
    verbs(&sandbox);
    daemon.look();
    given(&daemon);
    consent(&sandbox);
    wrong_and_right_again(&sandbox, &daemon, &config);
    for command in ["environment", "not_json", "exit"] {
        let answer: Value = client.call(&format!("child__{command}"), &json!({}));
        heard.said(format!("an answer after {command}"), answer.to_string());
    }
    run(&sandbox, &["restart", "printed"]);
    verbs(&sandbox);
    Http::unix(&daemon).bare("GET", "/metrics", &[]);
    Http::tcp(&daemon).bare("GET", "/metrics", &[]);
    kept(&sandbox);
    assert_eq!(daemon.stop(), Some(0));
}

/// What is sent is there, or nothing here proves anything.
fn was_sent(modern: &Far, legacy: &Far, guarded: &Guarded) {
    let shown = modern.seen().pop().unwrap();
    assert_eq!(shown.path, "/mcp?key=canary7-url");
    assert_eq!(shown.header("authorization"), Some("Bearer canary7-bearer"));
    assert_eq!(shown.header("x-key"), Some(canary!("-header")));
    let shown =
        |value: &str| legacy.seen().iter().any(|s| s.header("authorization") == Some(value));
    assert!(shown("Bearer canary7-printed") && shown("Bearer canary7-literal-token"));
    assert!(guarded.asked("/token").iter().any(|asked| {
        let shown = asked.header("authorization").unwrap_or_default();
        asked.text.contains(canary!("-client")) || shown.starts_with("Basic ")
    }));
}

/// Reloads, with mistakes and without.
fn wrong_and_right_again(sandbox: &Sandbox, daemon: &Daemon, config: &str) {
    for wrong in mistakes(config) {
        sandbox.write(MAIN, &wrong);
        let told = run(sandbox, &["reload", "--wait"]);
        assert!(told.contains(MAIN), "{wrong}: {told}");
        for args in [
            &["config", "check"][..],
            &["config", "check", "--json"],
            &["config", "plan"],
            &["config", "show"],
            &["status"],
        ] {
            run(sandbox, args);
        }
    }
    sandbox.write(MAIN, &config.replace("${file:bearer}", "${file:reloaded}"));
    run(sandbox, &["config", "plan"]);
    run(sandbox, &["reload", "--wait"]);
    until("the new token", || {
        let ready = |fact: &Value| fact["server"] == "bearer";
        (daemon.count("server_ready", ready) >= 2).then_some(())
    });
}

/// A secret of each kind where the kit looks for it, and what the kit says of it.
#[test]
fn every_kind_of_leak_is_found() {
    let (sandbox, id) = (Sandbox::new(), "0123456789abcdef");
    let heard = &sandbox.watch.heard;
    let basic = STANDARD.encode(concat!("me:", canary!("-password")));
    heard.made("a state of an OAuth login");
    heard.session(id);
    heard.said("plain", "nothing\nthe canary7-token is here\n");
    heard.said("encoded", format!("Authorization: Basic {basic}"));
    heard.said("made", "with a state of an OAuth login");
    heard.said("session", format!("{{\"session\":\"{id}\"}}"));
    heard.said("the log of it", format!("{{\"message\":\"of {id}\",\"session\":\"{id}\"}}"));
    heard.said("the log of another", format!("{{\"session\":\"{id}\"}}"));
    sandbox.command().args(["no-such-verb", CANARY]).output().unwrap();
    sandbox.write("config/callmux/token", CANARY);
    let stray = sandbox.path(".local/state/callmux/stray");
    std::fs::create_dir_all(stray.parent().unwrap()).unwrap();
    overwrite(&stray, CANARY);
    let mut program = sandbox.program("sh");
    program.args(["-c", "echo canary7-log >&2; exec sleep 60", CANARY]);
    let mut child = program.env("GIVEN", CANARY).spawn();
    // In the middle of execve(2) a process shows nothing of itself.
    until("the program", || {
        let (words, environment) =
            (of_process(child.id(), "cmdline"), of_process(child.id(), "environ"));
        (words.starts_with("sleep") && !environment.is_empty()).then_some(())
    });
    let nobody = Owners { given: &[], is_inherited: false, servers: HashMap::new() };
    look_at(&sandbox.watch, child.id(), &nobody);
    child.kill().unwrap();
    child.wait().unwrap();

    let leaks = sandbox.watch.leaks();
    let expected = [
        ("plain, line 2: ", "the canary7-token is here"),
        ("encoded, line 1: ", &basic),
        ("made, line 1: ", "an OAuth login"),
        ("session, line 1: ", id),
        ("the log of it, line 1: ", "of 0123456789abcdef"),
        ("the log of ", ": canary7-log"),
        ("the file .local/state/callmux/stray, line 1: ", CANARY),
        ("the environment of ", "GIVEN=canary7"),
    ];
    for (place, line) in expected {
        let is_it = |leak: &&String| leak.starts_with(place) && leak.contains(line);
        assert_eq!(leaks.iter().filter(is_it).count(), 1, "{place}: {leaks:#?}");
    }
    assert_eq!(leaks.len(), expected.len(), "{leaks:#?}");
    sandbox.watch.excuse("", "", "they are made up");
    assert_eq!(sandbox.watch.leaks(), [""; 0]);
    sandbox.watch.excuse("plain", "of another kind", "there is nothing of that");
    assert_eq!(sandbox.watch.leaks().len(), 1);
    sandbox.watch.forgive();
}
