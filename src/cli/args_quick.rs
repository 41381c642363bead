//! Lines that shells and clients run again and again: the other verbs are not even put together for them, which is most
//! of what reading a line takes.

use clap::{Parser, Subcommand};

use super::args::{BridgeArgs, Command, LogArgs};
use crate::shell::CallArgs;

/// The words that such a line begins with.
const VERBS: [&str; 2] = ["call", "bridge"];

/// A line that begins with one of these verbs.
#[derive(Debug, Parser)]
#[command(name = "callmux", disable_help_subcommand = true)]
struct QuickCli {
    #[command(flatten)]
    log: LogArgs,
    #[command(subcommand)]
    command: QuickCommand,
}

#[derive(Debug, Subcommand)]
enum QuickCommand {
    Call(CallArgs),
    Bridge(BridgeArgs),
}

/// Reads a line with the program's name before it. `None`: all verbs have to be known, or it is wrong, which is for
/// them to say.
pub(super) fn read(line: &[std::ffi::OsString]) -> Option<(Command, LogArgs)> {
    let verb = line.get(1).and_then(|word| word.to_str())?;
    if !VERBS.contains(&verb) {
        return None;
    }
    let cli = QuickCli::try_parse_from(line).ok()?;
    let command = match cli.command {
        QuickCommand::Call(args) => Command::Call(args),
        QuickCommand::Bridge(args) => Command::Bridge(args),
    };
    Some((command, cli.log))
}

#[cfg(test)]
#[path = "args_quick/tests.rs"]
mod tests;
