//! The arguments of `callmux token` and `callmux access`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::settings::access::ToolHint;

/// What `callmux token --help` says behind the arguments.
const TOKENS: &str = "\
Who sends a token as `Authorization: Bearer …` is `token:NAME` to the rules of `[[access.rules]]` \
and in the journal, whoever runs the process. The config has the token's hash alone, in a file of \
its own below conf.d; a running daemon takes it in by itself.

Exit codes: 0 done, 1 refused, 64 wrong usage, 65 the config is wrong.";

#[derive(Debug, Args)]
#[command(after_help = TOKENS)]
pub struct TokensArgs {
    #[command(subcommand)]
    pub(super) verb: TokenVerb,
    /// The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux].
    #[arg(long, global = true, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// For programs.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenVerb {
    /// Make a token and print it. It is shown this once.
    New {
        /// What it is called: 1 to 40 letters, digits, `_`, `-` and `.`.
        name: String,
        #[command(flatten)]
        made: MadeArgs,
    },
    /// List the tokens of the config, and until when each is good.
    List,
    /// Make another token in place of one, which is taken for a while longer.
    Rotate {
        name: String,
        /// How long the one before is still taken.
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = humantime::parse_duration)]
        grace: Duration,
        #[command(flatten)]
        made: MadeArgs,
    },
    /// Take a token away. From then on nobody is let in with it, and what it opened may do nothing more.
    Revoke { name: String },
    /// Print the hash of a token, as the config has it, and whose it is.
    Hash {
        /// The file that holds it [default: stdin].
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct MadeArgs {
    /// Until when it is good: `90d` from now, or a day such as 2027-03-01 [default: for ever].
    #[arg(long, value_name = "WHEN")]
    pub(super) expires: Option<String>,
    /// Write it to this new file, which only you can read, in place of stdout.
    #[arg(long, value_name = "FILE")]
    pub(super) into: Option<PathBuf>,
}

/// What `callmux access test --help` says behind the arguments.
const TESTED: &str = "\
The verdict is that of the config as it is written now, by the very function that a daemon asks for \
each call. Names are those that clients see, such as `github__create_issue`.

Exit codes: 0 everything is allowed, 1 something is denied, 64 wrong usage, 65 the config is wrong.";

#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(subcommand)]
    pub(super) verb: AccessVerb,
    /// The config: a file, or a directory with config.toml and conf.d/*.toml
    /// [default: ~/.config/callmux].
    #[arg(long, global = true, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// For programs.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum AccessVerb {
    /// List the rules in their order: what each is about, and where it is written.
    Rules,
    /// Say whether somebody may have something, and which rule says so.
    #[command(after_help = TESTED)]
    Test {
        #[command(flatten)]
        who: Box<WhoArgs>,
        /// Tools, by the names that clients see.
        #[arg(value_name = "TOOL", required_unless_present_any = ["prompt", "resource"])]
        tools: Vec<String>,
        /// A prompt, by the name that clients see.
        #[arg(long, value_name = "NAME")]
        prompt: Vec<String>,
        /// A resource, as `SERVER URI` in one argument.
        #[arg(long, value_name = "SERVER URI")]
        resource: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct WhoArgs {
    /// Who asks: `token:NAME`, `user:UID`, `oidc:SUB` [default: yourself].
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub(super) principal: Option<String>,
    /// A group that the issuer says they are in; of `oidc:SUB`.
    #[arg(long, value_name = "NAME")]
    pub(super) group: Vec<String>,
    /// What was granted to their client; of `oidc:SUB`.
    #[arg(long, value_name = "NAME")]
    pub(super) scope: Vec<String>,
    /// What the servers say of the tools, if they are trusted: `read_only`, `idempotent` [default: nothing].
    #[arg(long, value_name = "HINT", value_parser = ToolHint::NAMES)]
    pub(super) hint: Vec<String>,
    /// The program that asks, by its path [default: not known].
    #[arg(long, value_name = "PATH")]
    pub(super) exe: Option<String>,
    /// The unit of systemd that it is in [default: not known].
    #[arg(long, value_name = "NAME")]
    pub(super) unit: Option<String>,
    /// The directory that it works in [default: not known].
    #[arg(long, value_name = "DIR")]
    pub(super) cwd: Option<PathBuf>,
    /// What the client calls itself.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(super) client: String,
}
