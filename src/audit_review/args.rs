//! The arguments of `callmux audit`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};

use crate::completion::Names;
use crate::keys::ValueError;
use crate::keys::units;

/// What `callmux audit --help` says behind the arguments.
const SHOWN: &str = "\
A record is a line: when the call ended, how (done, tool_error, not_sent, outcome_unknown, cancelled, refused, \
denied, limited), how long it took, who made it with which client, and what it was about. There is nothing of results in it, and of arguments \
what `arguments` in `[audit]` says, which `--json` shows. The file is read, so no daemon is needed. In NAME, `*` stands for any characters.

The file is `audit/segment-*.jsonl` in the state directory: one JSON object per line, each with the hash of itself and \
of the line before it. It is written where the config has `file = true` in `[audit]`; `max_total` and `keep` there say how much is kept.

Exit codes: 0 shown, 64 wrong usage, 69 there is no audit file, 71 it cannot be read.";

/// What `callmux audit verify --help` says behind the arguments.
const VERIFIED: &str = "\
Each line is checked against its hash and the line before it, each segment against the one before. It shows what was \
changed, added or taken out afterwards, but not that lines at the very end are missing, and nobody is kept from writing \
all of it anew: who wants to know keeps the last hash that is printed elsewhere.

Entries of calls in the journal say if the file has a record of the same call: those whose record is gone are told, \
also at the end. That the journal lacks entries is no fault of the file: journald drops what comes too fast, and keeps \
what it has room for.

Exit codes: 0 whole, 1 broken, or records are gone of which the journal has entries, 69 there is no audit file, 71 it cannot be read, 75 whole but for a last line without an \
end: it is written now, or the daemon was cut off, and the next one sets it aside.";

#[derive(Debug, Args)]
#[command(after_help = SHOWN, args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub(super) verb: Option<AuditVerb>,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditVerb {
    /// Check that nothing in the file was changed, and name the first line that was.
    #[command(after_help = VERIFIED)]
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
    /// The unit whose journal is compared [default: callmux.service; with --dir none].
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<String>,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

#[derive(Debug, Clone, Args)]
pub(super) struct PlaceArgs {
    /// The directory with the segments, such as a copy of them [default: `audit` in the state directory].
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ShownArgs {
    /// Only what ended since then: `2h` ago, `2027-03-01`, `2027-03-01T12:00:00Z`.
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub(super) since: Option<SystemTime>,
    /// Only what ended until then.
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub(super) until: Option<SystemTime>,
    /// Only what this one did: `user:UID`, `token:NAME`.
    #[arg(long, value_name = "NAME")]
    pub(super) principal: Option<String>,
    /// Only what was about this server.
    #[arg(long, value_name = "NAME", add = Names::Servers)]
    pub(super) server: Option<String>,
    /// Only what was about this tool, prompt or resource, as clients name it.
    #[arg(long, value_name = "NAME", add = Names::Tools)]
    pub(super) tool: Option<String>,
    /// Only what ended so, such as denied.
    #[arg(long, value_name = "OUTCOME")]
    pub(super) outcome: Option<String>,
    /// How many records are shown at first, the newest [default: 50; all with --since, --until, --json
    /// or --ocsf].
    #[arg(short = 'n', long, value_name = "NUMBER")]
    pub(super) lines: Option<usize>,
    /// Go on with what comes.
    #[arg(short, long)]
    pub(super) follow: bool,
    /// For programs: the records as they are, one JSON object per line, without their hashes.
    #[arg(long)]
    pub(super) json: bool,
    /// For programs: events of the Open Cybersecurity Schema Framework, class 6003 (API Activity).
    #[arg(long, conflicts_with = "json")]
    pub(super) ocsf: bool,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

/// So long ago, or then.
fn moment(text: &str) -> Result<SystemTime, ValueError> {
    let ago = |ago: Duration| SystemTime::now().checked_sub(ago);
    match units::duration(text).ok().and_then(ago) {
        Some(moment) => Ok(moment),
        None => units::moment(text),
    }
}
