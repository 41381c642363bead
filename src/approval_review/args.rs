//! The arguments of `callmux approvals`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What `callmux approvals --help` says behind the arguments.
const ASKED: &str = "\
A rule of `[[access.rules]]` with `effect = \"ask\"` has a person asked before a call is made. A client that can show \
a form asks; all calls that wait are here, too. Answer in a terminal of your own: what runs below the client that \
asks may not answer for you. A question that nobody answers within `access.limits.approval_timeout` is refused.

Exit codes: 0 done, 1 there is no such question, or you may not answer it, 64 wrong usage, 65 the config is wrong, \
69 no daemon runs.";

#[derive(Debug, Args)]
#[command(after_help = ASKED)]
pub struct ApprovalsArgs {
    #[command(subcommand)]
    pub(super) verb: Option<ApprovalVerb>,
    /// The config that an answer for good is written beside: a directory with config.toml and conf.d/*.toml
    /// [default: ~/.config/callmux].
    #[arg(long, global = true, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// For programs.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ApprovalVerb {
    /// List the calls that wait for an answer.
    List,
    /// Show each call as it comes, and ask you about it if you are at a terminal. Ends with Ctrl-C.
    Watch,
    /// Allow the calls of a question.
    Approve {
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// How much is allowed.
        #[arg(long = "for", value_name = "HOW", value_enum, default_value = "once")]
        scope: ApprovalScope,
    },
    /// Refuse the calls of a question.
    Deny {
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ApprovalScope {
    /// These calls, once each.
    Once,
    /// The same tools, prompts or resources for an hour.
    Hour,
    /// The same for good: a file below conf.d says so.
    Always,
}
