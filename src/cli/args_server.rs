//! The arguments of `callmux server`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::args_daemon::DaemonArgs;
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
}

/// What `callmux server add --help` says behind the arguments.
const ADDED: &str = "\
It goes into a file of its own, conf.d/NAME.toml in the config directory. No other file is touched. The
whole config is checked with it first, and what is refused leaves nothing behind. A daemon that runs
takes the server up by itself; where there is none, the server is started once to see whether it works.

A program that is named without a path is looked up now, in the PATH of this shell. Where the program or its
interpreter lies where services do not look, as with nvm, pyenv or ~/.local/bin, that PATH is written as the
server's own. Values may be references, which keeps secrets out of the file and of the shell's history:

  callmux server add notes -- npx -y notes-server --root ~/notes
  callmux server add forge --url https://forge.example/mcp --auth oauth
  callmux server add wiki --url https://wiki.example/mcp --auth bearer --token '${cmd:pass show wiki}'

Exit codes: 0 added, 1 added and not ready, or there is one of that name, 64 wrong usage, 65 the config is refused with it.";

#[derive(Debug, Args)]
#[command(after_help = ADDED)]
pub(super) struct AddArgs {
    /// The server's name: letters, digits and `-`.
    #[arg(value_name = "NAME")]
    pub(super) server: String,
    /// The address of a remote server that speaks streamable HTTP.
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// How callmux proves itself to the server at the URL.
    #[arg(long, value_enum, value_name = "TYPE", requires = "url")]
    pub(super) auth: Option<AuthType>,
    /// For `--auth bearer`: the token, best as '${cmd:…}', '${file:…}' or '${cred:…}'.
    #[arg(long, value_name = "TEXT", requires = "auth")]
    pub(super) token: Option<String>,
    /// For `--auth command`: the program that prints the token, with its arguments.
    #[arg(long, value_name = "WORDS", requires = "auth")]
    pub(super) token_command: Option<String>,
    /// A header for every request to the URL; may be repeated.
    #[arg(long, value_name = "NAME:VALUE", requires = "url")]
    pub(super) header: Vec<String>,
    /// An environment variable for the program; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "url")]
    pub(super) env: Vec<String>,
    /// What stands before the server's tool names [default: its name].
    #[arg(long)]
    pub(super) prefix: Option<String>,
    /// The only tools to show, by the server's own names; `*` stands for any characters.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) tools: Option<Vec<String>>,
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
