//! A server as each client writes it, and as the config is to have it.

/// What a program becomes.
const ONE: &str = "[servers.a]\ncommand = \"/bin/sh\"\nargs = [\"-c\", \"x\"]\n";
/// Its variables.
const ENV: &str = "env = { MODE = \"fast\" }\n";
/// What an address becomes.
const URL: &str = "[servers.a]\nurl = \"https://a.example/mcp\"\n";

/// A file's name, its text, and the parts of what it becomes.
pub(super) const DIALECTS: &[(&str, &str, &[&str])] = &[
    // Claude Code, Claude Desktop, Cursor, Kiro, Windsurf …
    (
        ".mcp.json",
        r#"{"mcpServers": {"a": {"type": "stdio", "command": "/bin/sh", "args": ["-c", "x"], "env": {"MODE": "fast"}}}}"#,
        &[ONE, ENV],
    ),
    (
        "claude_desktop_config.json",
        r#"{"theme": "dark", "mcpServers": {"a": {"command": "/bin/sh", "args": ["-c", "x"]}}}"#,
        &[ONE],
    ),
    (
        ".claude.json",
        r#"{"numStartups": 3, "mcpServers": {}, "projects": {"/w": {"mcpServers": {"a": {"command": "/bin/sh", "args": ["-c", "x"]}}}}}"#,
        &[ONE],
    ),
    (
        "cursor.json",
        r#"{"mcpServers": {"a": {"url": "https://a.example/mcp", "headers": {"X-Mode": "${env:MODE:-b}"}}}}"#,
        &[URL, "headers = { X-Mode = \"${MODE:-b}\" }\n"],
    ),
    // VS Code in both forms
    (
        ".vscode/mcp.json",
        "{ // mine\n \"servers\": {\"a\": {\"type\": \"http\", \"url\": \"https://a.example/mcp\"},}, \"inputs\": []}",
        &[URL],
    ),
    (
        "mcp-config.json",
        r#"{"mcpServers": {"a": {"type": "local", "command": "/bin/sh", "args": ["-c", "x"], "tools": ["*"]}}}"#,
        &[ONE],
    ),
    (
        "windsurf.json",
        r#"{"mcpServers": {"a": {"serverUrl": "https://a.example/mcp", "disabled": true, "disabledTools": []}}}"#,
        &[URL, "enabled = false\n"],
    ),
    (
        ".gemini/settings.json",
        r#"{"mcpServers": {"a": {"httpUrl": "https://a.example/mcp", "timeout": 600000, "trust": true, "includeTools": ["t"]}}}"#,
        &[URL, "call_timeout = \"600s\"\ntools = [\"t\"]\n"],
    ),
    (
        ".zed/settings.json",
        r#"{"context_servers": {"a": {"source": "custom", "command": {"path": "/bin/sh", "args": ["-c", "x"], "env": {"MODE": "fast"}}}}}"#,
        &[ONE, ENV],
    ),
    (
        "opencode.jsonc",
        r#"{"mcp": {"a": {"type": "local", "command": ["/bin/sh", "-c", "x"], "environment": {"MODE": "{env:HOME}"}, "enabled": true}}}"#,
        &[ONE, "env = { MODE = \"${HOME}\" }\nenabled = true\n"],
    ),
    (
        "opencode.json",
        r#"{"mcp": {"servers": {"a": {"type": "remote", "url": "https://a.example/mcp", "oauth": false}}}}"#,
        &[URL, "auth = \"none\"\n"],
    ),
    (
        ".crush.json",
        r#"{"mcp": {"a": {"type": "stdio", "command": "/bin/sh", "args": ["-c", "x"], "timeout": 30, "env": {"MODE": "$HOME"}}}}"#,
        &[ONE, "call_timeout = \"30s\"\nenv = { MODE = \"${HOME}\" }\n"],
    ),
    (
        "cline.json",
        r#"{"mcpServers": {"a": {"type": "streamableHttp", "url": "https://a.example/mcp", "autoApprove": ["x"]}}}"#,
        &[URL],
    ),
    (
        "amp.json",
        r#"{"amp.mcpServers": {"a": {"command": "/bin/sh", "args": ["-c", "x"]}}}"#,
        &[ONE],
    ),
    (
        "nanobot.json",
        r#"{"tools": {"mcpServers": {"a": {"command": "/bin/sh", "args": ["-c", "x"]}}}}"#,
        &[ONE],
    ),
    ("bare.json", r#"{"a": {"command": "/bin/sh", "args": ["-c", "x"]}}"#, &[ONE]),
    (
        ".codex/config.toml",
        "model = \"x\"\n[mcp_servers.a]\ncommand = \"/bin/sh\"\nargs = [\"-c\", \"x\"]\nstartup_timeout_sec = 2.5\ntool_timeout_sec = 60\nenv_vars = [\"HOME\"]\n[mcp_servers.a.env]\nMODE = \"fast\"\n[mcp_servers.a.tools.t]\napproval_mode = \"approve\"\n",
        &[
            ONE,
            ENV,
            "inherit_env = [\"HOME\"]\nstart_timeout = \"2500ms\"\ncall_timeout = \"60s\"\n",
        ],
    ),
    ("vibe.toml", "[[mcp_servers]]\nname = \"a\"\nurl = \"https://a.example/mcp\"\n", &[URL]),
    (
        "goose.yaml",
        "extensions:\n  developer:\n    type: builtin\n    enabled: true\n  a:\n    type: stdio\n    name: a\n    cmd: /bin/sh\n    args: [-c, x]\n    envs: {MODE: fast}\n    timeout: 300\n",
        &[ONE, ENV, "call_timeout = \"300s\"\n"],
    ),
    (
        "continue.yaml",
        "mcpServers:\n  - name: a\n    type: streamable-http\n    url: https://a.example/mcp\n",
        &[URL],
    ),
];
