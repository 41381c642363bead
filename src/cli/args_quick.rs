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
mod tests {
    use super::read;
    use crate::cli::args::Cli;
    use clap::Parser;

    #[test]
    fn a_line_means_the_same_as_among_all_verbs() {
        for line in [
            "callmux call a__b",
            "callmux call a__b x=1 y:=2 --json --socket /x --log-level debug",
            "callmux call --timeout 2s --server a b -- -x",
            "callmux bridge --url http://127.0.0.1:1 --wait 3s",
            "callmux bridge",
            "callmux call",
            "callmux call --help",
            "callmux call a --no-such-option",
            "callmux --log-level debug call a",
            "callmux status",
        ] {
            let words: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
            let all = Cli::try_parse_from(&words).ok();
            if let Some((command, log)) = read(&words) {
                let all = all.unwrap();
                let whole = (all.command.unwrap(), all.log);
                assert_eq!(format!("{:?}", (command, log)), format!("{whole:?}"), "{line}");
            } else {
                let is_left_out =
                    all.is_none() || !["call", "bridge"].contains(&line.split(' ').nth(1).unwrap());
                assert!(is_left_out, "{line}");
            }
        }
    }
}
