//! The arguments of `callmux server`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::args_daemon::DaemonArgs;
use crate::attachments::HowArgs;
use crate::completion::Names;

#[derive(Debug, Args)]
pub(super) struct ServersArgs {
    #[command(subcommand)]
    pub(super) verb: ServersVerb,
    /// The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux].
    #[arg(long, global = true, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ServersVerb {
    /// Add a server: a program that speaks MCP on stdin and stdout, or an address.
    Add(Box<AddArgs>),
    /// Take away a server that `callmux server add` added.
    Remove(RemoveArgs),
    /// List the servers of the config, and where each is written. Asks no daemon.
    List {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Show what the config says of a server, without its secrets, and where. Asks no daemon.
    Show(OneArgs),
    /// Start or dial a server here, without a daemon, and say what it offers, or why nothing.
    #[command(after_help = "Exit codes: 0 ready, 1 not, and why.")]
    Test(OneArgs),
    /// Look up what is newer than what servers are pinned to, show what changes in their tools, and switch.
    Update(UpdateArgs),
    /// Change keys of a server in the file that it is written in. Nothing else of the file changes.
    Set(SetArgs),
    /// Have a server run that `disable` had not.
    Enable(SwitchArgs),
    /// Keep a server in the config, and do not run it.
    Disable(SwitchArgs),
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The server's name.
    #[arg(value_name = "NAME", add = Names::Configured)]
    pub(super) server: String,
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SwitchArgs {
    /// The server's name.
    #[arg(value_name = "NAME", add = Names::Configured)]
    pub(super) server: String,
    #[command(flatten)]
    pub(super) how: HowArgs,
}

/// What `callmux server set --help` says behind the arguments.
const SET: &str = "\
Texts need no quotes, lists have commas between or are written as TOML, members of tables are named with a dot:

  callmux server set notes call_timeout=2m tools=search_*,get_note
  callmux server set notes env.LEVEL=debug --unset description

Comments and order of the file stay. What changes is shown; in a file that callmux did not write itself, it is
asked for first. The whole config is checked with it. A daemon that runs takes it up by itself.

Exit codes: 0 changed, or nothing to change, 1 refused, 64 wrong usage, 65 the config is refused with it.";

#[derive(Debug, Args)]
#[command(after_help = SET)]
pub(super) struct SetArgs {
    #[command(flatten)]
    pub(super) switch: SwitchArgs,
    /// A key, and what it is to be.
    #[arg(value_name = "KEY=VALUE", required_unless_present = "unset")]
    pub(super) changes: Vec<String>,
    /// A key that is to be as if nobody had written it; may be repeated.
    #[arg(long, value_name = "KEY")]
    pub(super) unset: Vec<String>,
}

/// What `callmux server update --help` says behind the arguments.
const UPDATED: &str = "\
A server that `callmux server add` made of npm:, pypi:, oci:, a name of the MCP registry, a server.json or a
bundle stays at one version. This asks where it came from what is newest: the registry of MCP servers if it was
there, else npm, PyPI, the image's registry by its tag, or the address of a bundle. Where the newest is older than
what is pinned, nothing is to be done.

Of a newer one both versions are started once here, the pinned one first, and their tools are compared: gained,
lost, and what differs in each that both have (+came -went ~other !needed now). The newer one's program is thus
fetched and run before you say yes. A description that changes is shown, for agents do what it says.

Then the version in the server's file is exchanged, and the line at its beginning that tells of it. Comments, order
and everything else stay. One that does not start is not switched to. A daemon that runs takes it up by itself.

Exit codes: 0 nothing to do, or all of it done, 100 there are newer versions that were not switched to, 1 one does
not start or is refused, 64 wrong usage, 65 the config is refused, 69 what is newest cannot be looked up.";

#[derive(Debug, Args)]
#[command(after_help = UPDATED)]
pub(super) struct UpdateArgs {
    /// The servers [default: all that are pinned and enabled].
    #[arg(value_name = "NAME", add = Names::Configured)]
    pub(super) servers: Vec<String>,
    /// Look and tell; change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub(super) check: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub(super) yes: bool,
    /// For programs; asks nothing, so it wants --check or --yes.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
}

/// How `callmux server add` is called.
const ADD_USAGE: &str = "\
callmux server add [OPTIONS] [NAME] WHAT
       callmux server add [OPTIONS] NAME -- COMMAND…
       callmux server add [OPTIONS] NAME --url URL";

/// What `callmux server add --help` says behind the arguments.
const ADDED: &str = "\
WHAT is what you have in hand:

  https://host/mcp                     the address of a remote server
  '{\"mcpServers\": …}'                what a README has for a client's config; `-` reads it from stdin
  'claude mcp add notes -- npx …'      what a README has for a shell; also codex, gemini, code --add-mcp
  io.github.user/name[@VERSION]        a name of the MCP registry
  npm:NAME  pypi:NAME  oci:IMAGE       a package, run by npx, uvx or docker (or podman)
  ./server.json                        a description of the registry's kind, or its address
  ./notes.mcpb                         a bundle, or its address: unpacked, nothing of it is run for that

Versions are looked up once and written down, so a server changes when you want it to. What a server
asks for is given by --set NAME=VALUE, or asked on a terminal; its secrets go into files of mode 0600,
which the config names.

Each server goes into a file of its own, conf.d/NAME.toml in the config directory. No other file is touched.
The whole config is checked with it first, and what is refused leaves nothing behind. A daemon that runs
takes the server up by itself; where there is none, the server is started once to see whether it works.

A program that is named without a path is looked up now, in the PATH of this shell. Where the program or its
interpreter lies where services do not look, as with nvm, pyenv or ~/.local/bin, that PATH is written as the
server's own. Values may be references, which keeps secrets out of the file and of the shell's history:

  callmux server add notes -- npx -y notes-server --root ~/notes
  callmux server add npm:@modelcontextprotocol/server-memory
  callmux server add forge --url https://forge.example/mcp --auth oauth
  callmux server add wiki --url https://wiki.example/mcp --auth bearer --token '${cmd:pass show wiki}'
  callmux server add ./weather.mcpb --set units=metric

Exit codes: 0 added, 1 refused, or added and not ready, 64 wrong usage, 65 the config is refused with it,
69 what has to be looked up cannot be.";

#[derive(Debug, Args)]
#[command(after_help = ADDED, override_usage = ADD_USAGE)]
pub(super) struct AddArgs {
    /// The server's name (letters, digits and `-`), if it is to have one of yours, and what it is.
    #[arg(value_name = "NAME] [WHAT")]
    pub(super) words: Vec<String>,
    /// The address of a remote server that speaks streamable HTTP.
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    #[command(flatten)]
    pub(super) how: TransportArgs,
    /// A value that the server asks for; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
    /// Replace the server of this name, if callmux wrote its file.
    #[arg(long)]
    pub(super) force: bool,
    /// Check it and print the file, without writing it.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) ready: ReadyArgs,
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
    /// The program and its arguments.
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "url")]
    pub(super) command: Vec<String>,
}

/// How the server is to be run or reached.
#[derive(Debug, Args)]
pub(super) struct TransportArgs {
    /// What is spoken with it; of what comes in several forms, the one to take.
    #[arg(long, short = 't', value_enum, value_name = "TYPE")]
    pub(super) transport: Option<TransportType>,
    /// How callmux proves itself to the server at an address.
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(super) auth: Option<AuthType>,
    /// For `--auth bearer`: the token, best as '${cmd:…}', '${file:…}' or '${cred:…}'.
    #[arg(long, value_name = "TEXT", requires = "auth")]
    pub(super) token: Option<String>,
    /// For `--auth command`: the program that prints the token, with its arguments.
    #[arg(long, value_name = "WORDS", requires = "auth")]
    pub(super) token_command: Option<String>,
    /// A header for every request to the address; may be repeated.
    #[arg(long, short = 'H', value_name = "NAME:VALUE")]
    pub(super) header: Vec<String>,
    /// An environment variable for the program; may be repeated.
    #[arg(long, short = 'e', value_name = "NAME=VALUE")]
    pub(super) env: Vec<String>,
    /// Who shares the server's process: `shared`, all; `cwd`, those who work in one directory.
    #[arg(long, short = 's', value_enum, value_name = "SCOPE")]
    pub(super) scope: Option<ScopeType>,
    /// What stands before the server's tool names [default: its name].
    #[arg(long)]
    pub(super) prefix: Option<String>,
    /// The only tools to show, by the server's own names; `*` stands for any characters.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) tools: Option<Vec<String>>,
}

/// Where names are looked up.
#[derive(Debug, Args)]
pub(super) struct RegistryArgs {
    /// The registry of MCP servers [default: the official one].
    #[arg(long, value_name = "URL", env = "CALLMUX_REGISTRY")]
    pub(super) registry: Option<String>,
    /// That of npm.
    #[arg(long, value_name = "URL", env = "npm_config_registry", hide = true)]
    pub(super) npm_registry: Option<String>,
    /// Where `PyPI` is.
    #[arg(long, value_name = "URL", env = "CALLMUX_PYPI", hide = true)]
    pub(super) pypi: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TransportType {
    /// A program here.
    Stdio,
    /// An address that speaks streamable HTTP.
    #[value(alias = "streamable-http")]
    Http,
    /// An address that speaks the older HTTP with SSE.
    Sse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ScopeType {
    Shared,
    Cwd,
    /// Where a client would write it, in a line that is pasted.
    #[value(hide = true)]
    User,
    #[value(hide = true)]
    Project,
    #[value(hide = true)]
    Local,
}

/// Whether the server that was added is ready.
#[derive(Debug, Args)]
pub(super) struct ReadyArgs {
    /// Return when the daemon has the server ready or it is known why not; also if the daemon is still
    /// to be started. Without this, that is so where it runs, and else the server is started once to see what
    /// it offers.
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) wait: bool,
    /// Only write it down: do not look whether the server works.
    #[arg(long, conflicts_with_all = ["dry_run", "wait"])]
    pub(super) no_probe: bool,
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AuthType {
    /// A token that does not change.
    Bearer,
    /// A token that a program prints.
    Command,
    /// A person's consent, with `callmux login NAME`.
    Oauth,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// The server's name.
    #[arg(value_name = "NAME", add = Names::Configured)]
    pub(super) server: String,
    /// Check it and name the file, without removing it.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Return when the server is gone.
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) wait: bool,
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
}
