//! The arguments of `callmux client`.

use clap::{Args, Subcommand};

use crate::completion::Names;

#[derive(Debug, Args)]
pub struct ClientsArgs {
    #[command(subcommand)]
    pub(super) verb: ClientsVerb,
}

#[derive(Debug, Subcommand)]
pub(super) enum ClientsVerb {
    /// List the clients that callmux knows, whether they are here, and which file of theirs it is about.
    List {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Write callmux into a client's file, as one of its MCP servers.
    Attach(AttachArgs),
    /// Take callmux out of a client's file. Nothing else in it changes.
    Detach(ChangeArgs),
    /// Say of each client that is here, or named, whether callmux is attached to it.
    Status {
        /// The clients, as `callmux client list` names them [default: all that are here].
        #[arg(value_name = "NAME", add = Names::Clients)]
        names: Vec<String>,
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Print the entry for a client's file, to be pasted.
    Print {
        /// The client, as `callmux client list` names it.
        #[arg(add = Names::Clients)]
        name: String,
        /// With the address that the config has callmux listen on, in place of a program.
        #[arg(long)]
        http: bool,
    },
    /// Bring a client's file back, byte for byte, as it was before the last attach or detach.
    Undo(ChangeArgs),
}

/// What `callmux client attach --help` says behind the arguments.
const ATTACHED: &str = "\
What changes is shown first. Comments, order, indentation and line ends stay as they are; links are
followed; a file that cannot be edited without harm is left alone, and the entry to paste is printed.
What the file was is kept: `callmux client undo NAME`. Whether it worked says `callmux client status`: when the
daemon last saw that client.

Exit codes: 0 attached, or attached already, 1 something was refused, 64 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = ATTACHED)]
pub(super) struct AttachArgs {
    #[command(flatten)]
    pub(super) change: ChangeArgs,
    /// Have the client ask the address at which callmux listens, and start no program. It has to listen: by
    /// callmux-http.socket of systemd, or by a daemon with `listen` in `[http]` of its config.
    #[arg(long)]
    pub(super) http: bool,
    /// Take out the entries of servers that callmux runs itself, and write ours in place of another
    /// `callmux`. `undo` brings them back.
    #[arg(long)]
    pub(super) replace: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// The clients, as `callmux client list` names them.
    #[arg(value_name = "NAME", required_unless_present = "all", add = Names::Clients)]
    pub(super) names: Vec<String>,
    /// All clients that are here.
    #[arg(long, conflicts_with = "names")]
    pub(super) all: bool,
    /// The file of the project in this directory, in place of the user's.
    #[arg(long)]
    pub(super) project: bool,
    #[command(flatten)]
    pub(super) how: HowArgs,
}

#[derive(Debug, Args)]
pub struct HowArgs {
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
    /// Show what would change, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// For programs; asks nothing, so it wants --yes or --dry-run.
    #[arg(long)]
    pub json: bool,
}
