//! From the command line to a verb.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use super::args::{Cli, Command};
use super::{
    bridge, client, config, doctor, generate, import, instructions, list, login, operate,
    search_quality, serve, server, setup, verbs,
};
use crate::api::Order;
use crate::base::core_dump;
use crate::demo::demo;
use crate::shell;
use crate::terminal::{Exit, print};

/// Runs the program.
pub fn main() -> ExitCode {
    // Every verb that reads the config has secrets in its memory.
    if let Err(error) = core_dump::forbid() {
        print::note(&format!("warning: a crash may write secrets to a core file: {error}"));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let words: Vec<String> =
                std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
            if let Some(said) = verbs::explain(&words) {
                print::error(&said);
                return Exit::Usage.into();
            }
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
            // A client that was told to run us without a verb shows it in its log.
            print::notes(Cli::command().render_help().to_string().trim_end());
            Exit::Usage
        }
        None => serve::inline(&cli.inline, &cli.log),
        Some(_) if !cli.inline.is_empty() => {
            print::error("behind `--` stands a command to run in place of a verb, not beside one");
            Exit::Usage
        }
        Some(Command::Serve(args)) => serve::serve(&args, &cli.log),
        Some(Command::Bridge(args)) => bridge::bridge(&args, &cli.log),
        Some(Command::Status(args)) => operate::status(&args),
        Some(Command::Doctor(args)) => doctor::doctor(&args),
        Some(Command::Reload(args)) => operate::reload(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Call(args)) => shell::call(&args),
        Some(Command::Server(args)) => server::server(&args),
        Some(Command::Client(args)) => client::client(&args),
        Some(Command::Setup(args)) => setup::setup(args),
        Some(Command::Import(args)) => import::import(&args),
        Some(Command::Retry(args)) => operate::retry(&args),
        Some(Command::Start(args)) => operate::order(&args, Order::Start),
        Some(Command::Stop(args)) => operate::order(&args, Order::Stop),
        Some(Command::Restart(args)) => operate::order(&args, Order::Restart),
        Some(Command::Login(args)) => login::login(&args),
        Some(Command::Logout(args)) => login::logout(&args),
        Some(Command::Demo(args)) => demo(args.keep),
        Some(Command::ExampleServer { server }) => serve::example(server),
        Some(Command::Instructions(args)) => instructions::instructions(&args),
        Some(Command::Config(args)) => config::config(&args),
        Some(Command::SearchQuality(args)) => search_quality::search_quality(&args),
        Some(Command::Completions { shell }) => generate::completions(shell),
        Some(Command::Complete { shell, line }) => generate::complete(shell, &line),
        Some(Command::Man { dir }) => generate::man(&dir),
    };
    exit.into()
}
