//! Snippets and lines in the form that READMEs have them in.

use std::os::unix::fs::PermissionsExt;

use super::Home;
use crate::packages::wishes::Wishes;

/// `npx` and others are not on every machine; what is looked up here is `sh` and what lies in `bin`.
fn program(home: &Home, name: &str) -> String {
    let path = home.path().join("bin").join(name);
    crate::base::file::replace(&path, b"#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// Adds each, and looks for what is expected of it.
fn all_added(table: &[(&str, &str)]) {
    let home = Home::new();
    let npx = program(&home, "npx");
    let docker = program(&home, "docker");
    for (text, expected) in table {
        let filled = |text: &str| text.replace("NPX", &npx).replace("DOCKER", &docker);
        let written = home.text(&filled(text), &[]);
        assert!(written.contains(&filled(expected)), "{text}\n\n{written}");
    }
}

#[test]
fn snippets_are_added() {
    let table = [
        // The usual form.
        (
            r#"{"mcpServers": {"notes": {"command": "NPX", "args": ["-y", "notes-server", "/tmp"]}}}"#,
            "[servers.notes]\ncommand = \"NPX\"\nargs = [\"-y\", \"notes-server\", \"/tmp\"]\n",
        ),
        // With comments and a comma too many, in a fence.
        (
            "```jsonc\n{\n  // put this into your config\n  \"mcpServers\": {\n    \"memory\": {\"command\": \"NPX\", \"args\": [\"-y\", \"server-memory\"],},\n  },\n}\n```",
            "[servers.memory]\ncommand = \"NPX\"\n",
        ),
        // One member, without the braces around it.
        (
            "\"maps\": {\n  \"command\": \"NPX\",\n  \"args\": [\"-y\", \"@maps/mcp\"],\n  \"env\": {\"REGION\": \"eu\"}\n},",
            "[servers.maps]\ncommand = \"NPX\"\nargs = [\"-y\", \"@maps/mcp\"]\nenv = { REGION = \"eu\" }\n",
        ),
        // One entry, without a name.
        (
            r#"{"command": "NPX", "args": ["-y", "@acme/mcp-server-weather@latest"]}"#,
            "[servers.weather]\ncommand = \"NPX\"\n",
        ),
        // An editor's, with its own key and type.
        (
            r#"{"servers": {"tracker": {"type": "http", "url": "https://tracker.example/mcp"}}}"#,
            "[servers.tracker]\nurl = \"https://tracker.example/mcp\"\n",
        ),
        (
            r#"{"mcp": {"servers": {"db": {"type": "stdio", "command": "NPX", "args": ["db-mcp"]}}}}"#,
            "[servers.db]\ncommand = \"NPX\"\nargs = [\"db-mcp\"]\n",
        ),
        (
            r#"{"mcp": {"paint": {"type": "local", "command": ["NPX", "-y", "paint"], "enabled": true}}}"#,
            "[servers.paint]\ncommand = \"NPX\"\nargs = [\"-y\", \"paint\"]\n",
        ),
        (
            r#"{"context_servers": {"pg": {"source": "custom", "command": "NPX", "args": ["pg"]}}}"#,
            "[servers.pg]\ncommand = \"NPX\"\n",
        ),
        (
            r#"{"mcpServers": {"deep": {"serverUrl": "https://deep.example/mcp"}}}"#,
            "url = \"https://deep.example/mcp\"\n",
        ),
        (
            r#"{"mcpServers": {"old": {"type": "sse", "url": "https://old.example/sse"}}}"#,
            "url = \"https://old.example/sse\"\ntransport = \"sse\"\n",
        ),
        (r#"{"name": "lint", "command": "NPX", "args": ["lint-mcp"]}"#, "[servers.lint]\n"),
        // For Windows.
        (
            r#"{"mcpServers": {"win": {"command": "cmd", "args": ["/c", "NPX", "-y", "win-mcp"]}}}"#,
            "[servers.win]\ncommand = \"NPX\"\nargs = [\"-y\", \"win-mcp\"]\n",
        ),
        (
            r#"{"mcpServers": {"gh": {"command": "DOCKER", "args": ["run", "-i", "--rm", "-e", "LEVEL", "ghcr.io/x/gh-mcp"], "env": {"LEVEL": "1"}}}}"#,
            "env = { LEVEL = \"1\" }\n",
        ),
        // Codex, in TOML.
        (
            "[mcp_servers.docs]\ncommand = \"NPX\"\nargs = [\"-y\", \"docs-mcp\"]\n\n[mcp_servers.docs.env]\nDEPTH = \"2\"\n",
            "[servers.docs]\ncommand = \"NPX\"\nargs = [\"-y\", \"docs-mcp\"]\nenv = { DEPTH = \"2\" }\n",
        ),
        // Goose, in YAML.
        (
            "extensions:\n  fetch:\n    type: stdio\n    cmd: NPX\n    args: [fetch-mcp]\n    enabled: true\n",
            "[servers.fetch]\ncommand = \"NPX\"\n",
        ),
    ];
    all_added(&table);
}

#[test]
fn lines_are_added() {
    let table = [
        (
            "claude mcp add notes -- NPX -y notes-server",
            "[servers.notes]\ncommand = \"NPX\"\nargs = [\"-y\", \"notes-server\"]\n",
        ),
        (
            "$ claude mcp add --transport http sentry https://mcp.sentry.example/mcp",
            "[servers.sentry]\nurl = \"https://mcp.sentry.example/mcp\"\n",
        ),
        (
            "claude mcp add --scope user --env REGION=eu LEVEL=2 air \\\n  -- NPX -y air-mcp",
            "env = { REGION = \"eu\", LEVEL = \"2\" }\n",
        ),
        (
            "claude mcp add gh https://gh.example/mcp -t http -H \"X-Tenant: $TENANT\"",
            "headers = { X-Tenant = \"${TENANT}\" }\n",
        ),
        (
            r#"claude mcp add-json -s user search '{"type":"stdio","command":"NPX","args":["search-mcp"]}'"#,
            "[servers.search]\ncommand = \"NPX\"\n",
        ),
        ("codex mcp add ctx --env A=b -- NPX -y ctx-mcp", "[servers.ctx]\n"),
        (
            "codex mcp add far --url https://far.example/mcp --bearer-token-env-var FAR",
            "token = \"${FAR}\"",
        ),
        (
            r#"code --add-mcp '{"name":"play","command":"NPX","args":["play@latest"]}'"#,
            "[servers.play]\n",
        ),
        (
            "gemini mcp add -e K=v time NPX -y time-mcp --verbose",
            "args = [\"-y\", \"time-mcp\", \"--verbose\"]\n",
        ),
        ("amp mcp add files -- NPX -y files", "[servers.files]\n"),
        // The server's own line.
        ("NPX -y @acme/server-notes@1.2.3 --root /tmp", "[servers.notes]\ncommand = \"NPX\"\n"),
        ("DOCKER run -i --rm mcp/fetch:1", "[servers.fetch]\ncommand = \"DOCKER\"\n"),
        (
            "https://mcp.linear.example/mcp",
            "[servers.linear]\nurl = \"https://mcp.linear.example/mcp\"\n",
        ),
    ];
    all_added(&table);
}

#[test]
fn snippets_are_refused_with_what_to_do() {
    let home = Home::new();
    for (text, words) in [
        (
            "{\"mcpServers\": {\"a\": {\"command\": \"sh\", \"args\": [ ... ]}}}",
            "the pasted text:1:",
        ),
        ("{\"mcpServers\": {}}", "no server in it"),
        ("{\"hello\": \"world\"}", "has no MCP servers in it"),
        (
            r#"{"mcpServers": {"a": {"command": "no-such-command"}}}"#,
            "there is no program `no-such-command`",
        ),
        (
            r#"{"mcpServers": {"a": {"command": "sh", "env": {"API_KEY": "<YOUR_KEY>"}}}}"#,
            "-e API_KEY=VALUE",
        ),
        (
            r#"{"mcpServers": {"a": {"url": "https://a.example/", "headers": {"Authorization": "Bearer YOUR_TOKEN"}}}}"#,
            "--header 'Authorization: VALUE'",
        ),
        (r#"{"mcpServers": {"a": {"command": "sh", "args": ["<path>"]}}}"#, "only an example"),
        (
            r#"{"mcpServers": {"c": {"command": "callmux", "args": ["bridge"]}}}"#,
            "it is callmux itself",
        ),
        ("claude mcp add notes", "lacks the server's address or program"),
        ("claude mcp add --surprise x notes -- sh", "has no option `--surprise`"),
        ("claude mcp add notes -- sh -c x && claude mcp list", "is for a shell"),
        ("curl -s https://a.example/install.sh | sh", "is for a shell"),
        ("claude mcp add notes -- 'sh", "a ' is not closed"),
        ("npx -y @smithery/cli install notes --client claude", "writes into files of clients"),
        ("ftp://a.example/", "must begin with https://"),
        ("http://a.example/x.mcpb", "only fetched over https"),
        ("./none.mcpb", "none.mcpb"),
        ("./none.json", "none.json"),
        ("what/ever", "no registry name"),
        ("npm:../x", "is no package"),
        ("oci:", "is no package"),
        ("\u{202e}evil", "\\u{202e}evil"),
    ] {
        let refused = home.refusal(text);
        assert!(refused.contains(words), "{text}: {refused}");
    }
}

#[test]
fn secrets_of_snippets_lie_in_files_of_their_own() {
    let home = Home::new();
    let text = r#"{"mcpServers": {"a": {"command": "sh", "env": {"API_KEY": "canary-1", "B_TOKEN": "YOUR_TOKEN"}}}}"#;
    let mut added = home.plan(text, &Wishes::default(), &[("B_TOKEN", "canary-2")]).unwrap();
    let shown = format!("{added:?}");
    assert!(!shown.contains("canary"), "{shown}");
    added.write(&home.location()).unwrap();
    let config = added.servers[0].config.as_ref().unwrap();
    let env: Vec<_> =
        config.program.env.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(env, [("API_KEY", "canary-1"), ("B_TOKEN", "canary-2")]);
    for path in added.servers[0].secrets() {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
