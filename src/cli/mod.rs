//! The command line: every verb, all printing, exit codes.
//!
//! # Knows
//! Arguments, what each verb prints, when colour and progress are right, what an exit code means.
//!
//! # Does not know
//! How any of it is done.
//!
//! # How to read it
//! [`args`] is the one table that help, manual pages and completions come from. [`main`] leads to
//! the verbs, one file each.

mod args;
mod args_server;
mod ask;
mod bridge;
mod config;
mod demo;
mod doctor;
mod endpoint;
mod generate;
mod instructions;
mod list;
mod login;
mod operate;
mod print;
mod search_quality;
mod serve;
mod server;
mod server_text;

use std::process::ExitCode;

use clap::Parser;

use crate::base::core_dump;
use args::{Cli, Command};
use operate::Verb;

/// How a verb ended. The numbers are those of sysexits.h where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Fine = 0,
    /// What was asked for did not succeed.
    Failed = 1,
    /// The command line is wrong (`EX_USAGE`).
    Usage = 64,
    /// The config, or a file of data, is wrong (`EX_DATAERR`).
    BadConfig = 65,
    /// Something that has to be there is not (`EX_UNAVAILABLE`).
    Unavailable = 69,
    /// The machine does not let us (`EX_OSERR`).
    System = 71,
    /// The daemon is to be started anew (`EX_TEMPFAIL`).
    Again = 75,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    // Every verb that reads the config has secrets in its memory.
    if let Err(error) = core_dump::forbid() {
        print::note(&format!("warning: a crash may write secrets to a core file: {error}"));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // It repeats what it was given.
            print::notes(error.render().to_string().trim_end());
            return Exit::Usage.into();
        }
        // Help and version are no errors.
        Err(error) => {
            drop(error.print());
            return Exit::Fine.into();
        }
    };
    let exit = match cli.command {
        None if cli.inline.is_empty() => {
            print::error(
                "nothing to do: name a verb, or `-- command …`; `callmux --help` shows both",
            );
            Exit::Usage
        }
        None => serve::inline(&cli.inline, &cli.log),
        Some(Command::Serve(args)) => serve::serve(&args, &cli.log),
        Some(Command::Bridge(args)) => bridge::bridge(&args, &cli.log),
        Some(Command::Status(args)) => operate::status(&args),
        Some(Command::Doctor(args)) => doctor::doctor(&args),
        Some(Command::Reload(args)) => operate::reload(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Server(args)) => server::server(&args),
        Some(Command::Retry(args)) => operate::retry(&args),
        Some(Command::Start(args)) => operate::order(&args, Verb::Start),
        Some(Command::Stop(args)) => operate::order(&args, Verb::Stop),
        Some(Command::Restart(args)) => operate::order(&args, Verb::Restart),
        Some(Command::Login(args)) => login::login(&args),
        Some(Command::Logout(args)) => login::logout(&args),
        Some(Command::Demo(args)) => demo::demo(&args),
        Some(Command::ExampleServer { server }) => serve::example(server),
        Some(Command::Instructions(args)) => instructions::instructions(&args),
        Some(Command::Config(args)) => config::config(&args),
        Some(Command::SearchQuality(args)) => search_quality::search_quality(&args),
        Some(Command::Completions { shell }) => generate::completions(shell),
        Some(Command::Man { dir }) => generate::man(&dir),
    };
    exit.into()
}

/// A runtime on this thread. One thread serves everything: switching threads costs more than any
/// call, and a call's own work is microseconds.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::args::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_table_of_arguments_is_consistent() {
        Cli::command().debug_assert();
    }
}
