//! What shells offer while a command line is written, seen by really writing one in each.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use crate::support::{Daemon, Sandbox, callmux, is_here, skipped, until};

const COUNTER: &[&str] = &["example-server", "counter"];

fn servers() -> Vec<(&'static str, Vec<&'static str>)> {
    let words = || [&[callmux()], COUNTER].concat();
    vec![("counter", words()), ("other-one", words()), ("other-two", words())]
}

fn daemon(sandbox: &Sandbox) -> Daemon {
    let servers = servers();
    let borrowed: Vec<(&str, &[&str])> =
        servers.iter().map(|(name, words)| (*name, words.as_slice())).collect();
    Daemon::with(sandbox, &borrowed)
}

/// What the program says can stand at the end of the line.
fn offered(sandbox: &Sandbox, shell: &str, line: &str) -> Vec<String> {
    let output = sandbox.command().args(["complete", shell, line]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn names_come_from_who_knows_them() {
    let sandbox = Sandbox::new();
    let bash = |line: &str| offered(&sandbox, "bash", line);
    assert_eq!(bash("callmux start "), ["--socket", "--log-level", "--log-format", "--help"]);
    let written = "[servers.written]\ncommand = \"sh\"\nenv = { T = \"${cmd:touch ran}\" }\n\
                   [servers.other]\ncommand = \"sh\"\n[clients.my-agent]\n";
    sandbox.write("config/callmux/config.toml", written);
    sandbox.write("config/callmux/conf.d/mistake.toml", "[servers.mistake]\ncommand = sh\n");
    assert_eq!(bash("callmux start "), ["other", "written"]);
    assert_eq!(bash("callmux server remove w"), ["written"]);
    assert_eq!(bash("callmux instructions --client my"), ["my-agent"]);
    assert_eq!(bash("callmux client attach claude-c"), ["claude-code"]);
    assert_eq!(bash("callmux client attach claude-code claude-"), ["claude-desktop"]);
    assert_eq!(bash("callmux config check --log-level=e"), ["error"]);
    assert_eq!(bash("callmux list --config "), [":files"]);
    assert_eq!(bash("callmux server add x --no-probe -- "), [":programs"]);
    assert_eq!(bash("callmux server add x -- npx "), [":files"]);
    assert_eq!(bash("callmux no-such-verb n"), [""; 0]);
    assert_eq!(bash("callmux comp"), ["completions"], "what shells ask is of no use to people");
    assert!(!sandbox.path("ran").exists() && !sandbox.path("config/callmux/ran").exists());
    sandbox.write("another.toml", "[servers.elsewhere]\ncommand = \"sh\"\n");
    assert_eq!(bash("callmux server --config ~/another.toml remove "), ["elsewhere"]);
    std::fs::remove_file(sandbox.path("config/callmux/conf.d/mistake.toml")).unwrap();
    let _daemon = daemon(&sandbox);
    assert_eq!(bash("callmux restart "), ["counter", "other-one", "other-two"]);
    sandbox.write("config/callmux/config.toml", "[servers.new]\ncommand = ");
    assert_eq!(bash("callmux retry c"), ["counter"], "it runs, whatever is written now");
    assert_eq!(offered(&sandbox, "zsh", "callmux stop c"), ["counter\tready"]);
    assert_eq!(bash("callmux call counter__v"), ["counter__value"]);
    assert_eq!(bash("callmux tools show other-one__inc"), ["other-one__increment"]);
    assert_eq!(bash("callmux call --server other-"), ["other-one", "other-two"]);
    let described = offered(&sandbox, "zsh", "callmux call counter__v");
    assert!(
        described[0].starts_with("counter__value\t") && described[0].len() > 20,
        "{described:?}"
    );
}

/// What a tool's schema has in place of that of the notes' search.
const SCHEMA: &str = r#"{"kind":{"enum":["one","two","no word"],"description":"Which it is to be."},"loud":{"type":"boolean"}}"#;

#[test]
fn arguments_come_from_the_schema_of_the_tool() {
    let sandbox = Sandbox::new();
    let bash = |line: &str| offered(&sandbox, "bash", line);
    assert_eq!(bash("callmux call notes__search k"), [""; 0], "nobody knows");
    let schema =
        r#"s/{"query":{"type":"string"}}/SCHEMA/; s/"required":\["query"\]/"required":["loud"]/"#;
    let schema = schema.replace("SCHEMA", SCHEMA);
    let run = format!("{} example-server notes | sed -u '{schema}'", callmux());
    let _daemon = Daemon::with(&sandbox, &[("notes", &["sh", "-c", &run])]);
    assert_eq!(bash("callmux call notes__search "), ["loud=", "kind="], "what is needed is first");
    assert_eq!(bash("callmux call --json --timeout 5s notes__search k"), ["kind="]);
    assert_eq!(bash("callmux call search --server notes loud=true "), ["kind="]);
    assert_eq!(bash("callmux call notes__search loud:=true "), ["kind="]);
    assert_eq!(bash("callmux call notes__search kind="), ["one", "two"], "no word, no value");
    assert_eq!(bash("callmux call notes__search kind=t"), ["two"]);
    assert_eq!(bash("callmux call notes__search loud="), ["true", "false"]);
    assert_eq!(bash("callmux call notes__search loud:=t"), ["true"]);
    assert_eq!(bash("callmux call notes__search kind:=o"), [""; 0], "a text is no JSON");
    assert_eq!(bash("callmux call notes__nothing k"), [""; 0]);
    assert_eq!(
        offered(&sandbox, "zsh", "callmux call notes__search k"),
        ["kind=\tWhich it is to be."]
    );
}

fn own_directory() -> String {
    Path::new(callmux()).parent().unwrap().display().to_string()
}

/// Writes lines in a shell, each with a tab at its end, and returns what became of them.
fn typed(sandbox: &Sandbox, shell: &str, begin: &str, lines: &[&str]) -> Vec<String> {
    let mut keys = format!("{begin}\n");
    for line in lines {
        // To the beginning of the line and to its end.
        writeln!(keys, "{line}\t\u{1}echo \u{5}>>typed").unwrap();
    }
    keys += "exit\n";
    let path = format!("{}:{}", own_directory(), std::env::var("PATH").unwrap());
    let mut script = sandbox.program("script");
    let (read, mut write) = std::io::pipe().unwrap();
    script.args(["-qec", shell, "/dev/null"]).stdin(read);
    script.env("PATH", path).env("TERM", "xterm").env("PS1", "> ");
    let mut child = script.spawn_heard();
    write.write_all(keys.as_bytes()).unwrap();
    let path = sandbox.path("typed");
    let typed = until("every line is there", || {
        let typed = std::fs::read_to_string(&path).unwrap_or_default();
        (typed.lines().count() == lines.len()).then_some(typed)
    });
    drop(write);
    child.wait().unwrap();
    typed.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn completes(shell: &str, begin: impl Fn(&str) -> String) {
    if !is_here(shell.split(' ').next().unwrap_or_default()) {
        return skipped("that shell is not here");
    }
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    sandbox.write("file-of-mine", "");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/completions");
    let lines = [
        "callmux sta cou",
        "callmux restart cou",
        "callmux stop oth",
        "callmux client att",
        "callmux client attach --replace claude-c",
        "callmux client attach claude-code claude-",
        "callmux list --config fil",
        "callmux list --config=fil",
        "callmux --log-level=err",
        "callmux call counter__increment b",
    ];
    let typed = typed(&sandbox, shell, &begin(file.to_str().unwrap()), &lines);
    let expected = [
        "callmux sta cou",
        "callmux restart counter",
        "callmux stop other-",
        "callmux client attach",
        "callmux client attach --replace claude-code",
        "callmux client attach claude-code claude-desktop",
        "callmux list --config file-of-mine",
        "callmux list --config=file-of-mine",
        "callmux --log-level=error",
        // Its value comes right behind it.
        "callmux call counter__increment by=",
    ];
    assert_eq!(typed, expected);
}

#[test]
fn bash_completes_names() {
    completes("bash --norc --noprofile -i", |files| format!("source {files}/callmux.bash"));
}

#[test]
fn zsh_completes_names() {
    completes("zsh -f -i", |files| {
        format!("fpath=({files} $fpath); bindkey -e; autoload -Uz compinit; compinit -u -d dump")
    });
}

/// It says by itself what it would put in.
#[test]
fn fish_completes_names() {
    if !is_here("fish") {
        return skipped("there is no fish");
    }
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    sandbox.write("file-of-mine", "");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/completions/callmux.fish");
    let ask = format!("source {}; complete --do-complete $argv[1]", file.display());
    let path = format!("{}:{}", own_directory(), std::env::var("PATH").unwrap());
    for (line, expected) in [
        ("callmux restart cou", "counter\tready"),
        ("callmux stop oth", "other-one\tready\nother-two\tready"),
        ("callmux client attach claude-code claude-", "claude-desktop\tClaude Desktop"),
        ("callmux list --config fil", "file-of-mine"),
        ("callmux list --config=fil", "--config=file-of-mine"),
        ("callmux --log-level=err", "--log-level=error"),
    ] {
        let mut fish = sandbox.program("fish");
        let output = fish.args(["-c", &ask, line]).env("PATH", &path).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.trim_end(), expected, "{line}");
    }
}
