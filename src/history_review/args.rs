//! The arguments of `callmux events`.

use std::time::SystemTime;

use clap::Args;

use crate::completion::Names;
use crate::keys::units;

/// What `callmux events --help` says behind the arguments.
const EVENTS: &str = "\
An event is a line: when it was, what it was, and what there is to say of it. Of a call that is how it ended (done, tool_error, \
not_sent, outcome_unknown, cancelled, refused, denied, limited, unapproved), how long it took, who made it with which client, and what \
it was about; there is nothing of results in it, and of arguments what `arguments` in `[history]` says, which `--json` shows. Other \
events are about servers, sessions, the config, approvals, whoever was refused, and what is missing. In NAME, `*` stands for any \
characters.

The history is `history.db` in the state directory, a file of SQLite; it is read, so no daemon is needed. It is written where the \
config has `enabled = true` in `[history]`; `max_rows`, `keep` and `max_bytes` there say how much is kept. What happened is there \
within a second. What had no room or no disk is missing, and an event says how many: the record that must have everything is \
`callmux audit`.

Exit codes: 0 shown, 64 wrong usage, 69 there is no history, 71 it cannot be read.";

#[derive(Debug, Args)]
#[command(after_help = EVENTS)]
pub struct EventsArgs {
    /// Only what happened since then: `2h` ago, `2027-03-01`, `2027-03-01T12:00:00Z`.
    #[arg(long, value_name = "WHEN", value_parser = units::past)]
    pub(super) since: Option<SystemTime>,
    /// Only what happened until then.
    #[arg(long, value_name = "WHEN", value_parser = units::past)]
    pub(super) until: Option<SystemTime>,
    /// Only what was about this server.
    #[arg(long, value_name = "NAME", add = Names::Servers)]
    pub(super) server: Option<String>,
    /// Only calls of this tool, prompt or resource, as clients name it.
    #[arg(long, value_name = "NAME", add = Names::Tools)]
    pub(super) tool: Option<String>,
    /// Only calls of this client, as it calls itself: its name, with or without its version.
    #[arg(long, value_name = "NAME", add = Names::Known)]
    pub(super) client: Option<String>,
    /// Only calls of this one: `user:UID`, `token:NAME`.
    #[arg(long, value_name = "NAME")]
    pub(super) principal: Option<String>,
    /// Only calls that ended so, such as denied.
    #[arg(long, value_name = "OUTCOME")]
    pub(super) outcome: Option<String>,
    /// Only events of this kind, such as call.end or `server.*`.
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<String>,
    /// How many are shown at first, the newest [default: 50; with --since, --until or --json 100000].
    #[arg(short = 'n', long, value_name = "NUMBER")]
    pub(super) limit: Option<usize>,
    /// Go on with what comes.
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Show the sums of each hour instead: how many calls, and how long they took.
    #[arg(
        long,
        conflicts_with_all = ["follow", "client", "principal", "kind", "limit"]
    )]
    pub(super) hours: bool,
    /// For programs: one JSON object per line.
    #[arg(long)]
    pub(super) json: bool,
}
