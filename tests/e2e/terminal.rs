//! What servers, files and callers say, shown to people: it can only be read.

use std::process::Output;

use crate::support::{Daemon, Sandbox, callmux, config, hostile, until};

const MAIN: &str = "config/callmux/config.toml";

/// Whether a character acts on a terminal, turns text around, or is not seen.
fn acts(c: char) -> bool {
    let is_hidden = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
    );
    (c.is_control() && c != '\n') || is_hidden
}

fn is_tame(place: &str, text: &str) {
    let found: String = text.chars().filter(|c| acts(*c)).collect();
    assert!(found.is_empty(), "{place}: {found:?} in {text:?}");
}

/// What a verb says on both streams, after a look at it.
fn say(sandbox: &Sandbox, args: &[&str]) -> String {
    let Output { stdout, stderr, .. } = sandbox.command().args(args).output().unwrap();
    let text = String::from_utf8([stdout, stderr].concat()).unwrap();
    is_tame(&args.join(" "), &text);
    text
}

/// The servers, and how each begins.
const MODES: [(&str, &str); 3] =
    [("good", "terminal"), ("error", "terminal_error"), ("words", "terminal_words")];

fn servers() -> String {
    let path = hostile();
    let path = path.to_str().unwrap().to_owned();
    let args = MODES.map(|(_, mode)| format!("--at-start={mode}"));
    let words: Vec<[&str; 2]> = args.iter().map(|arg| [&*path, arg.as_str()]).collect();
    let servers: Vec<(&str, &[&str])> =
        MODES.iter().zip(&words).map(|((name, _), words)| (*name, words.as_slice())).collect();
    config(&servers)
}

#[test]
fn nothing_a_server_says_acts_on_a_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &servers());
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "good");
    for name in ["error", "words"] {
        daemon.wait_for("server_failed", |fact| fact["server"] == name);
    }
    // What JSON has no other way to write is escaped by others already.
    let shown = "over\\u{9b}2J\\u{202e}evil\\u{200b}\\u{e0041}\\u{7f}";
    for args in [
        &["status"][..],
        &["doctor"],
        &["list", "-d"],
        &["retry"],
        &["retry", "error"],
        &["start", "error"],
        &["restart", "words"],
        &["restart", "error"],
    ] {
        let text = say(&sandbox, args);
        // It is there to be read, not left out.
        assert!(text.contains(shown) || args[0] == "retry", "{args:?}: {text}");
    }
    for args in [
        &["list"][..],
        &["restart", "good"],
        &["start", "good"],
        &["stop", "words"],
        &["reload", "--wait"],
        &["config", "plan"],
        &["config", "show"],
        &["config", "check"],
        &["server", "list"],
        &["instructions"],
        &["login", "good"],
        &["logout", "good"],
    ] {
        say(&sandbox, args);
    }
    for args in [&["status", "--json"][..], &["doctor", "--json"], &["list", "--json"]] {
        let text = say(&sandbox, args);
        assert!(text.contains("\\u001b[31m") && text.contains("\\u202e"), "{args:?}: {text}");
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

/// What `callmux status` shows on a terminal of so many columns.
fn status_on(sandbox: &Sandbox, columns: usize, variables: &[(&str, &str)]) -> Vec<String> {
    let mut script = sandbox.program("script");
    let line = format!("stty cols {columns} rows 24; {} status", callmux());
    script.args(["-qec", &line, "/dev/null"]);
    for (name, value) in variables {
        script.env(name, value);
    }
    let output = script.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    text.lines().map(str::to_owned).collect()
}

/// A line without its colours.
fn plain(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn the_status_fits_its_terminal() {
    let sandbox = Sandbox::new();
    let long = "a-server-whose-name-has-forty-characters";
    let path = hostile();
    let words = [path.to_str().unwrap(), "--at-start=terminal_words"];
    let counter = [callmux(), "example-server", "counter"];
    let servers = [("good", &counter[..]), (long, &words), ("unset", &["no-such-program"])];
    let off = "[servers.off]\ncommand = \"x\"\nenabled = false\n";
    sandbox.write(MAIN, &format!("{}{off}", config(&servers)));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "good");
    daemon.wait_for("server_failed", |fact| fact["server"] == long);
    let piped = say(&sandbox, &["status"]);
    let row = piped.lines().find(|line| line.starts_with(long)).unwrap();
    let why = row.split_once("evil").expect("a pipe has all of it in one line").1.to_owned();
    for (columns, has_revision) in [(80, false), (60, false), (200, true)] {
        let lines = status_on(&sandbox, columns, &[]);
        let from = lines.iter().position(|line| plain(line).starts_with("SERVER")).unwrap();
        for line in &lines[from..] {
            assert!(plain(line).chars().count() <= columns, "{columns}: {line:?}");
        }
        let head = plain(&lines[from]);
        assert_eq!(head.contains("REVISION"), has_revision, "{head}");
        // Behind a long name it stands in a line of its own.
        assert!(lines[from..from + 2].iter().any(|line| plain(line).ends_with("WHY")), "{lines:?}");
        let all = lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n");
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        assert!(squeezed(&all).contains(&squeezed(why.get(..20).unwrap_or(&why))), "{all}");
        for words in [long, "disabled", "no-such-program"] {
            assert!(all.contains(words), "{words}: {all}");
        }
        assert!(lines.iter().any(|line| line.contains("\x1b[32mready")), "{lines:?}");
    }
    let dark = status_on(&sandbox, 80, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]);
    assert!(dark.iter().all(|line| !line.contains('\x1b')), "{dark:?}");
    let forced = sandbox.command().arg("status").env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(String::from_utf8(forced.stdout).unwrap().contains("\x1b[32mready"));
}

#[test]
fn what_the_doctor_says_fits_its_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &config(&[("unset", &["/no/such/program-with-a-name-of-some-length"])]));
    let piped = say(&sandbox, &["doctor"]);
    assert!(piped.lines().any(|line| line.chars().count() > 80), "a pipe has whole lines: {piped}");
    let mut script = sandbox.program("script");
    let line = format!("stty cols 60 rows 24; {} doctor", callmux());
    let output = script.args(["-qec", &line, "/dev/null"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    for line in shown.lines() {
        assert!(plain(line).chars().count() <= 60, "{line:?}");
    }
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(squeezed(&shown), squeezed(&piped), "and nothing is left out");
}

#[test]
fn the_log_is_as_tame() {
    for (format, escape, mark) in
        [("text", "\\u{1b}[31m", "\\u{202e}evil"), ("json", "\\u001b[31m", "\\u202eevil")]
    {
        let sandbox = Sandbox::new();
        sandbox.write(MAIN, &servers());
        let mut child = sandbox.command().args(["serve", "--log-format", format]).spawn();
        let told = until("every failure in the log", || {
            let (_, told) = sandbox.watch.logs().pop().unwrap();
            let is_there = |name: &&str| told.contains(&format!("server {name}: "));
            let is_told = ["error", "words"].iter().all(is_there) && told.contains("good is ready");
            is_told.then_some(told)
        });
        child.kill().unwrap();
        child.wait().unwrap();
        is_tame(format, &told);
        assert!(told.contains(escape) && told.contains(mark), "{told}");
    }
}

#[test]
fn what_callers_and_files_say_is_shown_as_tame() {
    let sandbox = Sandbox::new();
    let text = "\u{1b}]0;x\u{7}\u{202e}evil\u{200b}\u{e0041}\u{9b}2J";
    let option = format!("--{text}");
    for args in [
        &[text][..],
        &["serve", &option],
        &["serve", "--listen", text],
        &["status", "--socket", text],
        &["restart", text],
        &["retry", text],
        &["list", "--endpoint", text],
        &["bridge", "--url", text],
        &["serve", "--config", text],
        &["server", "add", text, "--", "x"],
        &["server", "add", "a", "--dry-run", "--", "sh", text],
    ] {
        let shown = say(&sandbox, args);
        assert!(shown.contains("202e"), "{args:?}: {shown}");
    }
    // TOML has no way to write some of them as they are.
    let key = text.replace('\u{1b}', "\\u001b").replace('\u{7}', "\\u0007");
    for toml in [
        format!("\"{key}\" = 1\n"),
        format!("[servers.\"{key}\"]\ncommand = \"x\"\n"),
        format!("[servers.a]\ncommand = \"x\"\nenv = {{ A = \"${{file:{key}}}\" }}\n"),
        format!("[servers.a]\nurl = \"{key}\"\n"),
        "= \u{202e}\u{200b}".to_owned(),
    ] {
        sandbox.write(MAIN, &toml);
        for args in [
            &["config", "check"][..],
            &["config", "check", "--json"],
            &["config", "show"],
            &["server", "list"],
            &["server", "list", "--json"],
            &["serve", "--listen", "0.0.0.0:0"],
        ] {
            say(&sandbox, args);
        }
    }
}
