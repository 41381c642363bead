//! What the verbs of a shell take.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::activation::SpawnArgs;
use crate::completion::Names;
use crate::keys::ValueError;

/// Where the daemon is, and how long things may take.
#[derive(Debug, Clone, Args)]
pub struct ReachArgs {
    /// The daemon's unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock].
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "CALLMUX_SOCKET",
        conflicts_with = "url"
    )]
    pub(super) socket: Option<PathBuf>,
    /// The daemon's address, such as http://127.0.0.1:4860 or, over TLS, https://192.0.2.7:4861,
    /// instead of a unix socket.
    #[arg(long, global = true, value_name = "URL")]
    pub(super) url: Option<String>,
    /// With --url: the file with the token to present, which only you can read
    /// [default: what CALLMUX_TOKEN holds].
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(super) token_file: Option<PathBuf>,
    /// The directory to work in, for servers and for files in arguments [default: the current one].
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) cwd: Option<PathBuf>,
    /// How long to wait for a daemon that is away [default: not at all before the call, 30s for one
    /// that systemd starts, 60s during the call].
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub(super) wait: Option<Duration>,
    /// How long all of it may take; then the call is taken back [default: as long as it takes].
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    #[command(flatten)]
    pub(super) spawn: SpawnArgs,
}

/// How an answer is printed.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// The whole result as it came, as JSON in one line.
    #[arg(long, conflicts_with_all = ["output_format", "out"])]
    pub(super) json: bool,
    /// What of a result is printed, and how.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(super) output_format: OutputFormat,
    /// Where to write the image, sound or other data of the result, and if it has none, its text; `-` is stdout
    /// [default for data: a new file in the current directory, which is named on stderr].
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Tell the server's progress on stderr, also where that is no terminal.
    #[arg(long)]
    pub(super) progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// The texts, as they are.
    Text,
    /// The structured content, or else what the text says, as JSON in one line.
    Json,
    /// The same as TOON, where that says the same.
    Toon,
    /// As TOON where that is clearly shorter.
    Auto,
}

/// What `callmux call --help` says behind the arguments.
const CALL_FORMS: &str = "\
Arguments are one JSON object, or a word for each of them:

  callmux call files__read '{\"path\": \"notes.md\"}'
  callmux call files__read path=notes.md
  callmux call issues__list state=open labels=bug labels=ui limit:=20
  callmux call files__write @arguments.json
  jq -n '{path: \"x\"}' | callmux call files__read -

The value of NAME=VALUE is what the tool's schema wants there: a text stays one, `20` becomes a
number where a number is wanted, and several for one name a list. NAME:=JSON is taken as written.
`@FILE` and `-` (stdin) hold the JSON object; words beside it add to it.

A question of the server is asked on the terminal; where there is none, it is declined. Ctrl-C
takes the call back. The call outlives a restart of the daemon.

Exit codes: 0 done, 1 the tool says that it failed, 64 wrong usage (no such tool, arguments that do
not fit), 69 no daemon, 74 outcome unknown (the call may have had its effect), 75 not sent (it is
safe to try again), 124 timeout, 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_help = CALL_FORMS)]
pub struct CallArgs {
    /// The tool, as `callmux tools` lists it.
    #[arg(value_name = "TOOL", add = Names::Tools)]
    pub(super) tool: String,
    /// `{…}`, `NAME=VALUE`, `NAME:=JSON`, `@FILE`, `-`.
    #[arg(value_name = "ARGUMENT", add = Names::Arguments)]
    pub(super) words: Vec<String>,
    /// The tool's server, where TOOL is the name that the server itself gives it.
    #[arg(long, value_name = "NAME", add = Names::Servers)]
    pub(super) server: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
}

fn duration(text: &str) -> Result<Duration, ValueError> {
    crate::keys::units::duration(text)
}
