//! The table of arguments.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::approvals::AnswerArgs;
use super::args_daemon::DaemonArgs;
use super::args_import::ImportArgs;
use super::args_server::ServersArgs;
use super::args_setup::SetupArgs;
use super::daemon::DaemonVerbs;
use super::dashboard::OpenArgs;
use super::pins::ReviewArgs;
use super::top::{FollowArgs, LiveEventsArgs, WatchArgs};
use crate::activation::SpawnArgs;
use crate::attachments::ClientsArgs;
use crate::audit_review::AuditArgs;
use crate::changes::verb::UndoArgs;
use crate::completion::{Names, Script};
use crate::example::Example;
use crate::grants::{AccessArgs, TokensArgs};
use crate::history_review::EventsArgs;
use crate::keys::ValueError;
use crate::search_quality::SearchQualityArgs;
use crate::setup::InitArgs;
use crate::shell::{
    CallArgs, LogsArgs, PromptsArgs, RecipeArgs, ResourcesArgs, ToolsArgs, WorkArgs,
};
use crate::standalone::{InlineArgs, StdioArgs};

/// What `--help` says before the arguments.
const ABOUT: &str = "\
The local control plane between AI agents and MCP servers.

One daemon runs your MCP servers; every agent talks to it through a small bridge. For the clients that you
have and their servers:

  callmux setup

or step by step, once:

  systemctl --user enable --now callmux.socket

(where there is no systemd, the first bridge starts the daemon) and for each client (`callmux client list` has them):

  callmux client attach NAME

or by hand, as its only MCP server:

  {\"mcpServers\": {\"callmux\": {\"command\": \"callmux\", \"args\": [\"bridge\"]}}}

`callmux demo` shows what that does.";

#[derive(Debug, Parser)]
#[command(name = "callmux", version, max_term_width = 100)]
#[command(about = "The local control plane between AI agents and MCP servers", long_about = ABOUT)]
#[command(disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 fine, 1 failed (status, doctor: something is not well), 64 wrong usage, 65 wrong config or data, 69 not available (no daemon), 71 system error, 75 start the daemon anew."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) log: LogArgs,
    #[command(flatten)]
    pub(super) options: InlineArgs,
    /// Run one server and speak MCP on stdin and stdout, without a daemon.
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) inline: Vec<String>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct LogArgs {
    /// What is written to stderr, at the least. Where none is asked for, `serve` also writes each call;
    /// the journal always gets every call.
    #[arg(long, global = true, value_enum, value_name = "LEVEL", env = "CALLMUX_LOG_LEVEL")]
    pub(super) log_level: Option<LogLevel>,
    /// The form of a line on stderr.
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Error,
    Warning,
    Info,
    Debug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the daemon. systemd does this for you; in a plain shell it binds its sockets itself.
    Serve(ServeArgs),
    /// Speak MCP on stdin and stdout for one client, and pass everything to the daemon.
    Bridge(BridgeArgs),
    /// Serve all of the config on stdin and stdout, without a daemon. So does `callmux` alone where a
    /// client starts it.
    Stdio(StdioArgs),
    /// Show how the daemon, its config and its servers are.
    Status(StatusArgs),
    /// Say what is not as it should be, each with what can be done about it.
    Doctor(StatusArgs),
    /// Have the daemon read its config. It also does so by itself when a file changes.
    Reload(ReloadArgs),
    /// List the tools of all servers, as clients call them.
    List(ListArgs),
    /// Call a tool, and print its result.
    Call(CallArgs),
    /// List, find and show the tools of all servers.
    Tools(ToolsArgs),
    /// List and get prompts.
    Prompts(PromptsArgs),
    /// List and read resources.
    Resources(ResourcesArgs),
    /// Call several tools at the same time.
    Parallel(WorkArgs),
    /// Call one tool once for each item, at the same time.
    Batch(WorkArgs),
    /// Call tools in turn, each with what came before.
    Pipeline(WorkArgs),
    /// Run a recipe of the config.
    Recipe(RecipeArgs),
    /// Show what happened, in all or with one server.
    Logs(LogsArgs),
    /// Show what servers and calls are doing, now and again.
    Top(WatchArgs),
    /// Open the dashboard in your browser, by a link that can be used once, within a minute.
    Dashboard(OpenArgs),
    /// Show the calls of one session as they end: what, for how long, how it went.
    Trace(FollowArgs),
    /// Show everything that happens, as it happens.
    Watch(LiveEventsArgs),
    /// Show what was done by whom, from the audit file; check that nothing in it was changed.
    Audit(AuditArgs),
    /// Show what happened, from the history: calls, servers, sessions, the config.
    Events(EventsArgs),
    /// Add a server to the config, or take one away.
    Server(ServersArgs),
    /// Have a client use callmux: find its file, and put an entry in it or take it out.
    Client(ClientsArgs),
    /// Make, list, replace and revoke the tokens that clients can send.
    Token(TokensArgs),
    /// Say who may call what, by the rules of the config.
    Access(AccessArgs),
    /// Show the calls that wait for a person, and answer them.
    Approvals(AnswerArgs),
    /// Show what servers changed in what they offer since it was accepted, and accept it.
    Pins(ReviewArgs),
    /// Find your clients, run their servers behind callmux, and have them use it. --undo takes it back.
    Setup(SetupArgs),
    /// Write a config to begin with, in which everything is explained and nothing is set.
    Init(InitArgs),
    /// Take over servers that stand in files of clients, of the npm callmux or of mcpmux.
    Import(ImportArgs),
    /// Have systemd start the daemon, where no package saw to that.
    Daemon(DaemonVerbs),
    /// Have servers that wait for their next try make it now. Those that run are not touched.
    ///
    /// SIGUSR1 to the daemon does the same for all of them.
    Retry(RetryArgs),
    /// Start a server that was stopped, or that waits for its next try.
    Start(ServerArgs),
    /// Stop a server until it is started again. Its tools stay listed; calls say why they fail.
    Stop(ServerArgs),
    /// Give a server another process.
    Restart(ServerArgs),
    /// Give your consent to what a server with `auth = "oauth"` may know and do as you.
    Login(LoginArgs),
    /// Have the tokens of such a server revoked, and forget them.
    Logout(ServerArgs),
    /// Show what callmux does: a daemon, two servers, a bridge, in a temporary home.
    Demo(DemoArgs),
    /// Run a small MCP server on stdin and stdout, to try things with.
    ExampleServer {
        #[arg(value_enum)]
        server: Example,
    },
    /// Print what an agent should know about callmux, in Markdown, for its rules file.
    Instructions(InstructionsArgs),
    /// Look at the config.
    Config(ConfigArgs),
    /// Measure how well tools are found by queries in words.
    ///
    /// Each query is searched for among the tools, and the ranking compared with the tools that
    /// people named for it. Point it at tools and queries of your own to see what your agents will
    /// find. It reads two files and needs no daemon.
    SearchQuality(SearchQualityArgs),
    /// Print completions for a shell.
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Say to a shell what can stand at the end of a line.
    #[command(hide = true)]
    Complete {
        #[arg(value_enum)]
        shell: Script,
        /// The line up to the cursor.
        #[arg(allow_hyphen_values = true)]
        line: String,
    },
    /// Write the manual pages into a directory.
    #[command(hide = true)]
    Man { dir: PathBuf },
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The config: a file, or a directory with config.toml and conf.d/*.toml
    /// [default: ~/.config/callmux].
    #[arg(long, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// The unix socket to bind when systemd passes none
    /// [default: $XDG_RUNTIME_DIR/callmux/mcp.sock].
    #[arg(long, value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,
    /// An address to bind as well when systemd passes no sockets, as those of `http.listen`; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Vec<SocketAddr>,
    /// Somebody needs it and started it: it says on stdout when it listens, and ends when nobody needs it.
    #[arg(long, hide = true)]
    pub(super) on_demand: bool,
}

#[derive(Debug, Args)]
pub(super) struct BridgeArgs {
    /// The daemon's unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock].
    #[arg(long, value_name = "PATH", env = "CALLMUX_SOCKET", conflicts_with = "url")]
    pub(super) socket: Option<PathBuf>,
    /// The daemon's address, such as http://127.0.0.1:4860 or, over TLS, https://192.0.2.7:4861,
    /// instead of a unix socket.
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// With --url: the file with the token to present, which only you can read
    /// [default: what CALLMUX_TOKEN holds].
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(super) token_file: Option<PathBuf>,
    /// The directory the client works in [default: the current one].
    #[arg(long, value_name = "DIR")]
    pub(super) cwd: Option<PathBuf>,
    /// How long a call may wait for a daemon that is away. A call that runs is never cut off.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(super) wait: Duration,
    #[command(flatten)]
    pub(super) spawn: SpawnArgs,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ReloadArgs {
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
    /// Return when the config is in force, or say what is wrong with it.
    #[arg(long)]
    pub(super) wait: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
    /// The server's name in the config.
    #[arg(value_name = "NAME", add = Names::Servers)]
    pub(super) server: String,
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
    /// The server's name in the config [default: every one that waits].
    #[arg(value_name = "NAME", add = Names::Servers)]
    pub(super) server: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 listed, 1 no server is usable, or what answers is no MCP server, 69 there is no daemon, or nothing at the URL."
)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) daemon: DaemonArgs,
    /// With the tools' descriptions.
    #[arg(short, long)]
    pub(super) descriptions: bool,
    /// For programs: an array of {name, server, description}.
    #[arg(long)]
    pub(super) json: bool,
    /// Ask the MCP server at this address of this machine instead, such as
    /// http://127.0.0.1:4860/mcp.
    #[arg(long, value_name = "URL", conflicts_with = "socket")]
    pub(super) endpoint: Option<String>,
    /// Ask every server of the config without a daemon: programs are started for that, and ended.
    #[arg(long, conflicts_with_all = ["socket", "endpoint"])]
    pub(super) no_daemon: bool,
    /// With --no-daemon: the config's directory or file.
    #[arg(long, value_name = "PATH", requires = "no_daemon")]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) spawn: SpawnArgs,
}

#[derive(Debug, Args)]
pub(super) struct LoginArgs {
    #[command(flatten)]
    pub(super) server: ServerArgs,
    /// Only print the address to open. If the browser runs on another machine, paste the address that
    /// it ends up at.
    #[arg(long)]
    pub(super) no_browser: bool,
    #[command(flatten)]
    pub(super) spawn: SpawnArgs,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Leave the daemon running at the end, and print the entry for your client.
    #[arg(long)]
    pub(super) keep: bool,
}

#[derive(Debug, Args)]
pub(super) struct InstructionsArgs {
    /// The client, as it names itself (`[clients.NAME]` in the config): claude-code, codex …
    #[arg(long, value_name = "NAME", add = Names::Known)]
    pub(super) client: Option<String>,
    /// Which tools it lists [default: as the config says].
    #[arg(long, value_enum, value_name = "MODE")]
    pub(super) mode: Option<Mode>,
    /// The config: a file, or a directory with config.toml and conf.d/*.toml
    /// [default: ~/.config/callmux].
    #[arg(long, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

/// The values of `exposure` in the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    Auto,
    Full,
    Hybrid,
    MetaOnly,
    NoMeta,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    pub(super) verb: ConfigVerb,
    /// The config: a file, or a directory with config.toml and conf.d/*.toml
    /// [default: ~/.config/callmux].
    #[arg(long, global = true, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum ConfigVerb {
    /// Say everything that is wrong, each with file, line and column.
    Check {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Print what is in force, and where each value comes from.
    Show,
    /// Ask the daemon what a reload would do to its servers, without doing it.
    Plan {
        #[command(flatten)]
        daemon: DaemonArgs,
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Take back the last change that callmux made for somebody.
    Undo(UndoArgs),
    /// Print the JSON Schema, for editors.
    Schema,
    /// Print the table of all keys, in Markdown.
    #[command(hide = true)]
    Keys,
}

fn duration(text: &str) -> Result<Duration, ValueError> {
    crate::keys::units::duration(text)
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_table_of_arguments_is_consistent() {
        Cli::command().debug_assert();
    }
}
