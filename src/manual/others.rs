//! Words of other programs, and what does the same here.

/// Verbs of other programs, and what does the same here.
pub const OTHERS: &[(&[&str], &str)] = &[
    (
        &["add", "install"],
        "`callmux setup` takes over what your clients have, `callmux server add NAME -- COMMAND …` adds a server; `callmux demo` shows how it all works",
    ),
    (&["run"], "`callmux call TOOL NAME=VALUE …` calls a tool; `callmux list` lists them"),
    (
        &["ls", "search"],
        "`callmux tools` lists the tools of all servers, `callmux tools search WORDS` finds some",
    ),
    (&["servers", "mcp"], "`callmux server list` lists the servers, `callmux status` how they are"),
    (&["remove", "rm", "delete"], "`callmux server remove NAME` takes a server away"),
    (
        &["clients", "attach", "detach"],
        "`callmux client attach NAME` has a client use callmux; `callmux client list` lists those it knows",
    ),
    (
        &["up", "enable"],
        "`callmux daemon install` has systemd start the daemon when it is needed, `callmux serve` runs one here",
    ),
    (&["log", "journal"], "`callmux logs` shows what happened"),
    (&["help"], "`callmux --help` shows all verbs, `callmux VERB --help` one of them"),
];

/// Options of the npm callmux before its `--` or in place of a verb, and what does the same here.
pub const NPM_OPTIONS: &[(&[&str], &str)] = &[
    (
        &["--listen", "--host"],
        "`callmux serve --listen 127.0.0.1:4860` runs a daemon that is asked over HTTP, too; for good, `listen` in `[http]` of the config",
    ),
    (
        &["--config"],
        "`callmux stdio --config PATH` serves a config on stdin and stdout; `callmux import PATH` takes over one of the npm callmux",
    ),
    (
        &["--url", "--transport"],
        "`callmux -- URL` serves a remote server on stdin and stdout; `callmux server add NAME --url URL` adds one",
    ),
    (
        &["--env"],
        "a program behind `--` has callmux's own environment: `NAME=VALUE callmux -- COMMAND …`",
    ),
    (
        &["--meta-only"],
        "`callmux --exposure meta-only -- COMMAND …` lists callmux's own tools alone",
    ),
    (&["-v"], "`callmux --version` says which it is"),
    (
        &[
            "--cache-allow",
            "--cache-deny",
            "--cache-max-entries",
            "--call-timeout",
            "--concurrency",
            "--connect-timeout",
            "--description-max-length",
            "--header",
            "--output-format",
            "--request-body-max-bytes",
        ],
        "there is a key for it in the config, which `callmux stdio` serves: callmux.toml(5)",
    ),
];
