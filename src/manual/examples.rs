//! Examples of each verb, in the order in which `callmux --help` has them.

/// Command lines of a verb, each with what it is for.
pub type Examples = &'static [(&'static str, &'static str)];

/// Of every verb, by its words.
pub const EXAMPLES: &[(&str, Examples)] = &[
    (
        "",
        &[
            ("callmux status", "How everything is"),
            (
                "callmux -- npx -y @modelcontextprotocol/server-memory",
                "One server on stdin and stdout, without a daemon",
            ),
            (
                "callmux --plain --tools 'get_*' -- npx -y @modelcontextprotocol/server-memory",
                "The same with some of its tools alone, and none of callmux",
            ),
        ],
    ),
    (
        "serve",
        &[
            ("callmux serve", "The daemon in a plain shell, until Ctrl-C"),
            (
                "callmux serve --config ./conf --socket ./mcp.sock",
                "Another one beside it, with a config and a socket of its own",
            ),
        ],
    ),
    (
        "bridge",
        &[
            ("callmux bridge", "What a client's config names"),
            (
                "callmux bridge --url http://127.0.0.1:4860",
                "For a client that cannot reach the unix socket",
            ),
        ],
    ),
    (
        "stdio",
        &[
            ("callmux stdio", "All servers of the config, for one client"),
            ("callmux stdio --config ./conf", "Those of another config"),
        ],
    ),
    (
        "status",
        &[
            ("callmux status", "For people"),
            (
                "callmux status --json | jq '.servers[] | select(.phase != \"ready\")'",
                "For programs",
            ),
        ],
    ),
    ("doctor", &[("callmux doctor", "What is not as it should be; also without a daemon")]),
    ("reload", &[("callmux reload --wait", "Read the config now, and say what is wrong with it")]),
    (
        "list",
        &[
            ("callmux list", "The tools as clients call them"),
            ("callmux list -d", "With what they do"),
            ("callmux list --no-daemon", "Ask the servers themselves"),
        ],
    ),
    (
        "call",
        &[
            ("callmux call time__now timezone=Europe/Berlin", "A value by the tool's schema"),
            ("callmux call files__read '{\"path\": \"notes.md\"}'", "All arguments as JSON"),
            ("callmux call charts__draw @query.json --out chart.png", "The image to a file"),
            (
                "callmux call issues__list state=open --output-format json | jq length",
                "For programs",
            ),
        ],
    ),
    (
        "tools",
        &[
            ("callmux tools", "What there is"),
            ("callmux tools --server github", "Of one server"),
            ("callmux tools search open an issue", "Found by what they do"),
            ("callmux tools show github__create_issue", "What one takes"),
        ],
    ),
    ("tools list", &[("callmux tools list --json | jq length", "For programs")]),
    ("tools search", &[("callmux tools search draw a chart -n 3", "The best three")]),
    ("tools show", &[("callmux tools show github__create_issue --json", "Its definition")]),
    ("prompts", &[("callmux prompts", "What there is, with arguments")]),
    ("prompts list", &[("callmux prompts list --server notes", "Of one server")]),
    ("prompts get", &[("callmux prompts get notes__summary topic=cheese", "Its texts")]),
    ("resources", &[("callmux resources", "What there is, and templates of addresses")]),
    ("resources list", &[("callmux resources list --json", "For programs")]),
    (
        "resources read",
        &[
            ("callmux resources read notes://today", "A text"),
            ("callmux resources read notes://logo --out logo.png", "An image"),
        ],
    ),
    (
        "parallel",
        &[
            (
                "callmux parallel '[{\"tool\": \"time__now\"}, {\"tool\": \"notes__list\"}]'",
                "Two calls at the same time",
            ),
            ("callmux parallel @calls.json --dry-run", "Whether they would fit"),
        ],
    ),
    ("batch", &[("callmux batch @batch.json --json", "{\"tool\": …, \"items\": […]} in a file")]),
    ("pipeline", &[("callmux pipeline - --timeout 1m", "{\"steps\": […]} on stdin")]),
    (
        "recipe",
        &[
            ("callmux recipe triage query=is:open", "A recipe of the config"),
            ("callmux recipe triage --dry-run", "The calls that it would make"),
        ],
    ),
    (
        "logs",
        &[
            ("callmux logs -f", "What happens"),
            ("callmux logs github --since 1h", "With one server, and what it wrote"),
        ],
    ),
    (
        "top",
        &[("callmux top", "Until Ctrl-C"), ("callmux top --once --json", "For programs, once")],
    ),
    ("dashboard", &[("callmux dashboard --print", "The link alone, for a browser elsewhere")]),
    (
        "trace",
        &[
            ("callmux trace", "The newest session, until it is over"),
            ("callmux trace cursor", "That of a client, as it calls itself"),
            ("callmux trace --all --json | jq .tool", "What all clients call, for a program"),
        ],
    ),
    (
        "watch",
        &[
            ("callmux watch", "Until Ctrl-C"),
            (
                "callmux watch --json | jq -c 'select(.level == \"error\")'",
                "What fails, for a program",
            ),
        ],
    ),
    (
        "audit",
        &[
            ("callmux audit --since 2h --outcome denied", "What was wanted and not allowed"),
            (
                "callmux audit --principal token:ci --tool 'github__*' -f",
                "What one does, as it does it",
            ),
            ("callmux audit --since 2027-03-01 --ocsf > events.jsonl", "For a SIEM"),
        ],
    ),
    (
        "audit verify",
        &[
            ("callmux audit verify", "Whether anything was changed afterwards"),
            ("callmux audit verify --json | jq -r .last_hash", "What to keep elsewhere"),
        ],
    ),
    ("events", &[("callmux events --since 2h --server github", "What there was with it")]),
    (
        "server",
        &[
            ("callmux server add notes -- npx -y notes-server", "A server of its own in conf.d"),
            ("callmux server list", "What the config has, and where"),
        ],
    ),
    (
        "server add",
        &[
            ("callmux server add notes -- npx -y notes-server --root ~/notes", "A program"),
            (
                "callmux server add forge --url https://forge.example/mcp --auth oauth",
                "An address that wants a login",
            ),
            (
                "callmux server add wiki --url https://wiki.example/mcp --auth bearer --token '${cmd:pass show wiki}'",
                "With a token that stays out of the file",
            ),
        ],
    ),
    ("server remove", &[("callmux server remove notes --wait", "Return when it is gone")]),
    ("server list", &[("callmux server list --json", "For programs")]),
    (
        "server show",
        &[("callmux server show notes", "Every key that is written, and in which file")],
    ),
    ("server test", &[("callmux server test notes", "Start it once and say what it offers")]),
    (
        "server update",
        &[
            ("callmux server update --check", "What is newer, and what changes in the tools"),
            ("callmux server update notes", "The same of one; ask, and switch it"),
        ],
    ),
    (
        "server set",
        &[
            ("callmux server set notes call_timeout=2m", "One key; the rest of the file stays"),
            ("callmux server set notes --unset description", "The default again"),
        ],
    ),
    ("server enable", &[("callmux server enable notes", "Run it again")]),
    ("server disable", &[("callmux server disable notes", "Keep it, and do not run it")]),
    (
        "client",
        &[
            ("callmux client list", "The clients that callmux knows"),
            ("callmux client attach claude-code", "Show what changes, ask, write it"),
        ],
    ),
    ("client list", &[("callmux client list --json", "For programs")]),
    (
        "client attach",
        &[
            ("callmux client attach codex cursor --yes", "Two clients, without being asked"),
            ("callmux client attach zed --dry-run", "See what would change"),
            ("callmux client attach claude-code --project", "For all who work on this project"),
        ],
    ),
    ("client detach", &[("callmux client detach codex", "Take our entry out, and nothing else")]),
    ("client status", &[("callmux client status", "Of all clients that are here")]),
    ("client print", &[("callmux client print goose", "The entry to paste")]),
    ("client undo", &[("callmux client undo codex", "The file as it was before, byte for byte")]),
    ("token", &[("callmux token list", "Which there are, and until when each is good")]),
    (
        "token new",
        &[
            ("callmux token new ci", "For `Authorization: Bearer …`, printed once"),
            (
                "callmux token new ci --expires 90d --into ci.token",
                "In a file that only you can read, good for 90 days",
            ),
        ],
    ),
    ("token list", &[("callmux token list", "Which there are, and until when each is good")]),
    (
        "token rotate",
        &[
            ("callmux token rotate ci", "Another one; the one before is taken for a day more"),
            ("callmux token rotate ci --grace 0s", "The one before is taken no more"),
        ],
    ),
    ("token revoke", &[("callmux token revoke ci", "Nobody is let in with it any more")]),
    ("token hash", &[("callmux token hash ci.token", "Whose a token is that was found somewhere")]),
    ("access", &[("callmux access rules", "The rules in their order")]),
    ("access rules", &[("callmux access rules", "The rules in their order")]),
    (
        "access test",
        &[
            (
                "callmux access test --as token:ci github__create_issue",
                "Whether this token may call it, and which rule says so",
            ),
            (
                "callmux access test --client claude-code files__write files__read",
                "What you may yourself, with this client",
            ),
        ],
    ),
    (
        "approvals",
        &[
            ("callmux approvals", "What waits for an answer"),
            ("callmux approvals watch", "Be asked about each call as it comes"),
        ],
    ),
    ("approvals list", &[("callmux approvals list --json", "The same, for programs")]),
    ("approvals watch", &[("callmux approvals watch", "Be asked about each call as it comes")]),
    (
        "approvals approve",
        &[
            ("callmux approvals approve 1f0c6de5", "These calls, once each"),
            ("callmux approvals approve 1f0c6de5 --for hour", "All of the same for an hour"),
        ],
    ),
    ("approvals deny", &[("callmux approvals deny 1f0c6de5", "The agent is told so")]),
    (
        "pins",
        &[
            ("callmux pins diff", "What servers changed in what they offer"),
            ("callmux pins accept github", "From now on that is what github offers"),
        ],
    ),
    (
        "pins list",
        &[("callmux pins list github", "Everything of a server, and what of it changed")],
    ),
    (
        "pins diff",
        &[("callmux pins diff github search_code", "What changed in one tool, line by line")],
    ),
    (
        "pins accept",
        &[("callmux pins accept github search_code", "Accept one tool, and nothing else")],
    ),
    ("pins export", &[("callmux pins export > pins.lock", "For a repository that a team shares")]),
    (
        "pins check",
        &[("callmux pins check pins.lock", "Whether anything is not as the team has it")],
    ),
    (
        "setup",
        &[
            ("callmux setup", "Show what would be done, ask, do it"),
            (
                "callmux setup --yes --client cursor --from cursor",
                "One client, without being asked",
            ),
            ("callmux setup --undo", "Every file as it was"),
        ],
    ),
    (
        "init",
        &[
            ("callmux init", "A config.toml that explains itself"),
            ("callmux init --print | less", "To look at it"),
        ],
    ),
    (
        "import",
        &[
            ("callmux import ~/.cursor/mcp.json --dry-run", "See what it would become"),
            ("callmux import ~/.config/callmux/config.json", "What the npm callmux had"),
        ],
    ),
    ("daemon", &[("callmux daemon status", "Who starts the daemon, and whether somebody listens")]),
    ("daemon install", &[("callmux daemon install", "For a binary that no package brought")]),
    ("daemon uninstall", &[("callmux daemon uninstall", "Before you delete it")]),
    ("daemon status", &[("callmux daemon status --json | jq .listening", "For programs")]),
    ("retry", &[("callmux retry", "All that wait"), ("callmux retry github", "One of them")]),
    ("start", &[("callmux start github", "Return when it is ready, or say why it is not")]),
    ("stop", &[("callmux stop github", "Until it is started again")]),
    ("restart", &[("callmux restart github", "Another process for one server")]),
    (
        "login",
        &[
            ("callmux login forge", "Open the browser"),
            ("callmux login forge --no-browser", "Print the address, for a browser elsewhere"),
        ],
    ),
    ("logout", &[("callmux logout forge", "Have its tokens revoked")]),
    (
        "demo",
        &[
            ("callmux demo", "Half a minute, in a temporary home"),
            ("callmux demo --keep", "And leave its daemon running"),
        ],
    ),
    ("example-server", &[("callmux -- callmux example-server counter", "Speak with one by hand")]),
    (
        "instructions",
        &[("callmux instructions --client claude-code >> CLAUDE.md", "For an agent's rules file")],
    ),
    (
        "config",
        &[
            ("callmux config check", "Everything that is wrong"),
            ("callmux config show", "What is in force, and where it comes from"),
        ],
    ),
    ("config check", &[("callmux config check --json", "For programs")]),
    ("config show", &[("callmux config show --config ./conf", "Of another config")]),
    ("config plan", &[("callmux config plan", "What a reload would do")]),
    ("config undo", &[("callmux config undo --list", "The changes that can be taken back")]),
    ("config schema", &[("callmux config schema > callmux.schema.json", "For an editor")]),
    (
        "search-quality",
        &[(
            "callmux search-quality --tools tools.json --queries queries.json --verbose",
            "What your agents will find",
        )],
    ),
    (
        "completions",
        &[(
            "callmux completions bash > ~/.local/share/bash-completion/completions/callmux",
            "For one user",
        )],
    ),
];
