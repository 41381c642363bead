//! What first users write, and what they are told.

use crate::base::file;
use crate::config::Location;

/// What is said of a file of these bytes, without its path: complaints, or what keeps servers away.
fn said(bytes: &[u8]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    file::replace(&dir.path().join("config.toml"), bytes).unwrap();
    let prefix = format!("{}/config.toml:", dir.path().display());
    let all = match Location::named(dir.path()).read().config {
        Ok(config) => config.servers.values().flat_map(|it| it.unresolved.clone()).collect(),
        Err(complaints) => complaints,
    };
    all.iter().map(|one| one.to_string().replace(&prefix, "")).collect()
}

/// All that is said of a text is this.
fn check(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(said(text.as_bytes()), *expected, "{text}");
    }
}

const BOM: &str = "\u{feff}";

#[test]
fn a_line_that_lacks_something_is_told_whole() {
    check(&[
        (
            "[servers.a]\ncommand = npx\n",
            &["2:11: a text stands in quotes; write `command = \"npx\"`"],
        ),
        (
            "[servers.a]\n  command = npx -y @x/y # mine\n",
            &[
                "2:13: a text stands in quotes; write `command = \"npx\"` and `args = [\"-y\", \"@x/y\"]`",
            ],
        ),
        (
            "[servers.a]\ncommand = \"npx\"\nargs = -y, @x/y\n",
            &["3:8: a text stands in quotes; write `args = [\"-y\", \"@x/y\"]`"],
        ),
        (
            "[servers.a]\ncommand = \"npx\"\nargs = [-y, \"@x/y\"]\n",
            &["3:8: a text stands in quotes; write `args = [\"-y\", \"@x/y\"]`"],
        ),
        (
            "[servers.a]\ncommand = \"npx\"\ncall_timeout = 30s\nenabled = True\n",
            &[
                "3:16: a text stands in quotes; write `call_timeout = \"30s\"`",
                "4:11: true and false are written so, and in small letters; write `enabled = true`",
            ],
        ),
        (
            "[servers.a]\ncommand: npx\n",
            &["2:8: between a key and its value stands `=`; write `command = \"npx\"`"],
        ),
        (
            "[servers.a]\n\"command\": \"npx\",\n\"args\": [\"-y\"],\n",
            &[
                "2:10: between a key and its value stands `=`; write `command = \"npx\"`",
                "3:7: between a key and its value stands `=`; write `args = [\"-y\"]`",
            ],
        ),
        (
            "[servers.a]\ncommand = “npx”\nargs = [‘-y’]\n",
            &[
                "2:11: `“` is no quote in TOML; write `command = \"npx\"`",
                "3:9: `‘` is no quote in TOML; write `args = ['-y']`",
            ],
        ),
        (
            "[servers.a]\ncommand = \"C:\\tools\\x\"\n",
            &[
                "2:11: in \"…\" a backslash begins a special character, in '…' it does not; write `command = 'C:\\tools\\x'`",
            ],
        ),
        (
            "[servers.a]\ncommand = \"x\";\nargs = [\"-y\" \"x\"],\n",
            &[
                "2:11: nothing stands behind a value; write `command = \"x\"`",
                "3:8: between two texts stands a comma; write `args = [\"-y\", \"x\"]`",
            ],
        ),
        (
            "mcpServers:\n",
            &[
                "1:1: is YAML, and the config is TOML: write `[servers.NAME]` and below it `command = \"…\"`",
            ],
        ),
        (
            "[servers.my server]\ncommand = \"x\"\n",
            &["1:1: is no heading; write `[servers.my-server]`"],
        ),
        ("[servers.@x/y]\ncommand = \"x\"\n", &["1:1: is no heading; write `[servers.x-y]`"]),
        ("[servers.a\ncommand = \"x\"\n", &["1:1: is no heading; write `[servers.a]`"]),
    ]);
}

#[test]
fn a_line_of_a_list_and_a_key_without_a_value_are_told_whole() {
    check(&[
        (
            "[servers.a]\ncommand = \"npx\"\nargs = [\n  -y,\n  \"x\", # mine\n  @x/y\n]\n",
            &[
                "4:3: a text stands in quotes; write `\"-y\",`",
                "6:3: a text stands in quotes; write `\"@x/y\",`",
            ],
        ),
        (
            "[servers.a]\ncommand = \"npx\"\nargs = [\n  \"--url\"\n  \"https://h\",\n]\n",
            &["5:3: between two texts stands a comma; write `\"--url\",` in the line before"],
        ),
        (
            "[servers.a]\ncommand = \"npx\"\nargs = [\"-y\",\n  --root=/x: y]\nenv = {}\n",
            &["4:3: a text stands in quotes; write `\"--root=/x: y\"]`"],
        ),
        (
            "[servers.a]\ncommand = \"npx\"\nargs = [\n  \"--token\",\n  canary,\n]\n",
            &["5:3: a text stands in quotes; write `\"…\",`"],
        ),
        (
            "[servers.a]\ncommand =\nargs = \nenabled = # later\n",
            &[
                "2:9: has no value; write `command = \"…\"`, or take the line away",
                "3:6: has no value; write `args = [\"…\"]`, or take the line away",
                "4:9: has no value; write `enabled = …`, or take the line away",
            ],
        ),
    ]);
}

#[test]
fn json_of_other_clients_is_told_in_toml() {
    let same = "is JSON of another client; in place of it, above the first `[…]`, write";
    let hidden = " with what stands here for each …";
    let github = "`servers.github = { command = \"npx\", args = [\"-y\", \"@x/y\"], env = { TOKEN = \"…\" } }`";
    let whole = "{\n  // mine\n  \"mcpServers\": {\n    \"github\": {\"type\": \"stdio\", \"command\": \"npx\",\n      \
                 \"args\": [\"-y\", \"@x/y\"], \"env\": {\"TOKEN\": \"canary\"},},\n    \"far away\": {\"url\": \"https://h/canary\"}\n  }\n}\n";
    let block = "[servers.b]\ncommand = \"x\"\n\"mcpServers\": {\n  \"a\": {\"command\": \"npx\", \"disabled\": true}\n}\n";
    check(&[
        (
            whole,
            &[
                &format!("4:5: {same} {github}{hidden}"),
                &format!("6:5: {same} `servers.far-away = {{ url = \"…\" }}`{hidden}"),
            ],
        ),
        (
            &format!("{BOM}{{\"servers\": {{\"a\": {{\"serverUrl\": \"https://h/\"}}}}}}"),
            &[&format!("1:15: {same} `servers.a = {{ url = \"…\" }}`{hidden}")],
        ),
        (block, &[&format!("4:3: {same} `servers.a = {{ command = \"npx\", enabled = false }}`")]),
        (
            "\"a\": {\n  \"command\": [\"npx\", \"--token=canary\", \"--api-key\", \"canary\"]\n}\n",
            &[&format!(
                "1:1: {same} `servers.a = {{ command = \"npx\", args = [\"--token=…\", \"--api-key\", \"…\"] }}`{hidden}"
            )],
        ),
        (
            "{\"mcpServers\": {",
            &[
                "1:1: is JSON, and the config is TOML: write `[servers.NAME]` and below it `command = \"…\"`, or have it written: `callmux server add NAME -- COMMAND …`",
            ],
        ),
    ]);
    // Where it is anybody's guess what was meant nothing is made up.
    let said_of_it = said(b"[servers.a]\ncommand = \"a\"b\"\n").join("\n");
    assert!(said_of_it.starts_with("2:") && !said_of_it.contains("write"), "{said_of_it}");
    // What is told can be pasted.
    let line = "servers.a = { command = \"npx\", args = [\"-y\"] }\n[servers.b]\ncommand = \"x\"\n";
    assert!(said(line.as_bytes()).is_empty());
}

#[test]
fn headings_of_other_clients_are_named() {
    let a = "is no section; write `[servers.a]`";
    check(&[
        ("[mcpServers.a]\ncommand = \"x\"\n", &[&format!("1:13: mcpServers: {a}")]),
        ("[mcp_servers.a]\ncommand = \"x\"\n", &[&format!("1:14: mcp_servers: {a}")]),
        (
            "[server.a]\ncommand = \"x\"\n[server.\"b c\"]\nurl = \"http://h/\"\n",
            &[&format!("1:9: server: {a}"), "3:9: server: is no section; write `[servers.b-c]`"],
        ),
        ("[mcp.servers.a]\ncommand = \"x\"\n", &[&format!("1:14: mcp: {a}")]),
        ("[[mcp_servers]]\nname = \"a\"\ncommand = \"x\"\n", &[&format!("1:1: mcp_servers: {a}")]),
        ("[a]\ncommand = \"x\"\n", &[&format!("1:2: a: {a}")]),
        (
            "[servers]\ncommand = \"x\"\n",
            &["2:1: servers.command: is no server; write `[servers.NAME]` above the keys of each"],
        ),
        (
            "[[servers]]\ncommand = \"x\"\n",
            &[
                "1:3: servers: must be a table, not a list; write `[servers.NAME]` above the keys of each",
            ],
        ),
        (
            "[client.codex]\nmax_result = \"1KiB\"\n",
            &["1:9: client: is no section; write `[clients.codex]`"],
        ),
    ]);
}

#[test]
fn a_value_of_the_wrong_type_is_told_as_it_should_be() {
    let cases = [
        (
            "call_timeout = 30",
            "must be a duration in quotes, with its unit, not a whole number; write `call_timeout = \"30s\"`",
        ),
        (
            "call_timeout = 1.5",
            "must be a duration in quotes, with its unit, not a number; write `call_timeout = \"1500ms\"`",
        ),
        (
            "idle_stop = 60000",
            "must be a duration in quotes, with its unit, not a whole number; write `idle_stop = \"60s\"` if that was milliseconds, else `idle_stop = \"60000s\"`",
        ),
        ("call_timeout = \"30\"", "`30` has no unit; write \"30s\""),
        (
            "max_result = 65536",
            "must be a size in quotes, with its unit, not a whole number; write `max_result = \"65536B\"`",
        ),
        ("max_result = \"64\"", "`64` has no unit; write \"64B\""),
        (
            "args = \"-y '@x y'\"",
            "must be a list of texts, not a text; write `args = [\"-y\", \"@x y\"]`",
        ),
        (
            "tools = \"get_*, list\"",
            "must be a list of texts, not a text; write `tools = [\"get_*\", \"list\"]`",
        ),
        (
            "env = [\"A=canary\", \"B=canary\"]",
            "must be a table of texts, not a list; write `env = { A = \"…\", B = \"…\" }`",
        ),
        (
            "env = [\"A\", \"B\"]",
            "must be a table of texts, not a list; write `inherit_env = [\"A\", \"B\"]`",
        ),
        (
            "env = [{ name = \"A\", value = \"canary\" }]",
            "must be a table of texts, not a list; write `env = { A = \"…\" }`",
        ),
        ("env = \"A=canary\"", "must be a table of texts, not a text; write `env = { A = \"…\" }`"),
        ("lazy = \"yes\"", "must be true or false, not a text; write `lazy = true`"),
        (
            "max_concurrency = \"4\"",
            "must be a whole number, not a text; write `max_concurrency = 4`",
        ),
        ("prefix = 7", "must be a text, not a whole number; write `prefix = \"7\"`"),
    ];
    for (line, expected) in cases {
        let key = line.split(' ').next().unwrap();
        let found = said(format!("[servers.a]\ncommand = \"x\"\n{line}\n").as_bytes());
        assert_eq!(found, [format!("3:1: servers.a.{key}: {expected}")], "{line}");
    }
}

#[test]
fn a_command_is_a_program_and_its_arguments() {
    check(&[
        (
            "[servers.a]\ncommand = [\"npx\", \"-y\", \"@x/y\"]\n",
            &[
                "2:1: servers.a.command: must be a text, not a list; write `command = \"npx\"` and `args = [\"-y\", \"@x/y\"]`",
            ],
        ),
        (
            "[servers.a]\ncommand = \"x\"\nargs = [\"--port\", 80]\nenv = { PIN = 1234 }\n",
            &[
                "3:19: servers.a.args[1]: must be a text, not a whole number; write `\"80\"`",
                "4:9: servers.a.env.PIN: must be a text, not a whole number; write `\"…\"`",
            ],
        ),
        (
            "[servers.a]\ncommand = \"no-such-program -y @x/y\"\n",
            &[
                "2:1: servers.a.command: there is no program of that name; write `command = \"no-such-program\"` and `args = [\"-y\", \"@x/y\"]`",
            ],
        ),
    ]);
}

#[test]
fn every_duration_and_size_says_how_it_is_written() {
    use crate::keys::{SECTIONS, ValueKind};
    for (section, keys, _) in SECTIONS {
        for key in *keys {
            let meant = match key.kind {
                ValueKind::Duration => "7s",
                ValueKind::Size => "7B",
                _ => continue,
            };
            let head = match *section {
                "" => String::new(),
                name => crate::keys::heading(name, "a") + "\n",
            };
            let found = said(format!("{head}{} = 7\n", key.name).as_bytes()).join("\n");
            let remedy = format!("write `{} = \"{meant}\"`", key.name);
            // A key of `auth` that goes with another type says that first.
            let is_elsewhere = found.contains(&format!("{}: goes with", key.name));
            assert!(found.contains(&remedy) || is_elsewhere, "{section} {}: {found}", key.name);
        }
    }
}

#[test]
fn words_of_other_clients_are_translated() {
    let unused = "is not needed, leave it out";
    let cases = [
        (
            "type = \"stdio\"",
            format!("{unused}: a `command` speaks stdio, and what a `url` speaks is found out"),
        ),
        ("transport = \"stdio\"", format!("{unused}: a `command` speaks stdio")),
        ("disabled = true", "write `enabled = false`".to_owned()),
        ("disabled = false", "write `enabled = true`".to_owned()),
        (
            "autoApprove = [\"x\"]",
            format!("{unused}: clients ask their users themselves, and callmux asks nobody"),
        ),
        (
            "alwaysAllow = []",
            format!("{unused}: clients ask their users themselves, and callmux asks nobody"),
        ),
        (
            "environment = { A = \"canary\" }",
            "is called `env` here: write `env = { A = \"…\" }`".to_owned(),
        ),
        ("workingDirectory = \"/x\"", "is called `cwd` here: write `cwd = \"/x\"`".to_owned()),
        (
            "env_vars = [\"A\"]",
            "is called `inherit_env` here: write `inherit_env = [\"A\"]`".to_owned(),
        ),
        ("serverUrl = \"https://canary/\"", "is called `url` here: write `url = \"…\"`".to_owned()),
        ("startup_timeout_sec = 10.5", "write `start_timeout = \"10500ms\"`".to_owned()),
        ("tool_timeout_sec = 60", "write `call_timeout = \"60s\"`".to_owned()),
        ("timeoutMs = 30000", "write `call_timeout = \"30s\"`".to_owned()),
        (
            "bearer_token = \"canary\"",
            "write `auth = { type = \"bearer\", token = \"${file:PATH}\" }`".to_owned(),
        ),
        ("enabled_tools = [\"a\"]", "is called `tools` here: write `tools = [\"a\"]`".to_owned()),
        (
            "name = \"a\"",
            format!("{unused}: a server's name stands in its heading, `[servers.NAME]`"),
        ),
    ];
    for (line, expected) in cases {
        let key = line.split(' ').next().unwrap();
        let found = said(format!("[servers.a]\ncommand = \"x\"\n{line}\n").as_bytes());
        assert_eq!(found, [format!("3:1: servers.a.{key}: {expected}")], "{line}");
    }
    let remote = "[servers.a]\nurl = \"http://h/\"\ntransport = \"http\"\n";
    let expected =
        "3:1: servers.a.transport: is not needed, or write `transport = \"streamable-http\"`";
    assert_eq!(said(remote.as_bytes()), [expected]);
}

#[test]
fn a_file_in_another_form_is_told_how_to_save_it() {
    assert!(said(format!("{BOM}[servers.a]\ncommand = \"x\"\n").as_bytes()).is_empty());
    let wide: Vec<u8> = "\u{feff}[servers.a]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let expected = "1:1: it is UTF-16; save it as UTF-8, or `iconv -f UTF-16 -t UTF-8 OLD > NEW`";
    assert_eq!(said(&wide), [expected]);
}
