use super::{KeyEdit, edited};

const TEXT: &str = "\
# All of it is mine.
list_timeout = \"1m\"

[servers.a]   # the first
command = \"a\"  # by hand
env = { A = \"1\", B = \"2\" }
# Slow.
call_timeout = \"5m\"   # yes

[servers.b]
command = \"b\"
";

fn after(changes: &[&str], unset: &[&str]) -> String {
    let set = changes.iter().map(|change| KeyEdit::parse(change).unwrap());
    let unset = unset.iter().map(|key| KeyEdit::unset(key).unwrap());
    let edits: Vec<KeyEdit> = set.chain(unset).collect();
    edited(TEXT, "a", &edits).unwrap()
}

#[test]
fn only_what_is_meant_changes() {
    assert_eq!(
        after(&["call_timeout=10s"], &[]),
        TEXT.replace("call_timeout = \"5m\"   # yes", "call_timeout = \"10s\"   # yes")
    );
    assert_eq!(after(&["env.B=3"], &[]), TEXT.replace("B = \"2\"", "B = \"3\""));
    assert_eq!(after(&["env.C=x=y"], &[]), TEXT.replace("B = \"2\" }", "B = \"2\", C = \"x=y\" }"));
    assert_eq!(after(&[], &["env.B"]), TEXT.replace(", B = \"2\" }", " }"));
    let lazy = after(&["lazy=true"], &[]);
    assert_eq!(lazy, TEXT.replace("# yes\n", "# yes\nlazy = true\n"));
    let tools = after(&["tools=search_*, get"], &[]);
    assert!(tools.contains("tools = [\"search_*\", \"get\"]\n"), "{tools}");
    assert!(after(&["tools=[\"a,b\"]"], &[]).contains("tools = [\"a,b\"]\n"));
    assert!(!after(&[], &["call_timeout"]).contains("5m"));
    assert!(
        after(&["max_concurrency=3", "enabled=false"], &[])
            .contains("max_concurrency = 3\nenabled = false\n")
    );
    let returns = TEXT.replace('\n', "\r\n");
    let edits = [KeyEdit::enabled(false)];
    let edited = edited(&returns, "a", &edits).unwrap();
    assert_eq!(edited, returns.replace("# yes\r\n", "# yes\r\nenabled = false\r\n"));
}

#[test]
fn what_cannot_be_changed_is_told() {
    let refused = |change: &str, words: &str| {
        let error = KeyEdit::parse(change).unwrap_err().to_string();
        assert!(error.contains(words), "{change}: {error}");
    };
    refused("call_timeout", "KEY=VALUE");
    refused("calltimeout=1s", "did you mean `call_timeout`?");
    refused("enabled=perhaps", "true or false");
    refused("max_concurrency=many", "number");
    refused("command.x=y", "KEY=VALUE");
    let edits = [KeyEdit::enabled(true)];
    for text in ["", "servers = 1", "[servers.b]\ncommand = \"b\"\n", "[servers"] {
        assert!(edited(text, "a", &edits).is_err(), "{text}");
    }
    // In one line it works as well.
    let line = "servers = { a = { command = \"x\" } }\n";
    assert_eq!(
        edited(line, "a", &edits).unwrap(),
        "servers = { a = { command = \"x\", enabled = true } }\n"
    );
}
