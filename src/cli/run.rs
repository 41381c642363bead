//! From the command line to a verb.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use super::args::{Cli, Command, LogArgs};
use super::{
    approvals, args_quick, bridge, config, daemon, dashboard, doctor, generate, import,
    instructions, list, login, operate, pins, serve, server, setup, top, verbs,
};
use crate::api::Order;
use crate::attachments::client;
use crate::audit_review::audit;
use crate::base::core_dump;
use crate::demo::demo;
use crate::grants::{access, token};
use crate::history_review::events;
use crate::search_quality::search_quality;
use crate::setup::init;
use crate::shell::{self, Work};
use crate::standalone::{self, StdioArgs};
use crate::terminal::{Exit, print};

/// Runs the program.
pub fn main() -> ExitCode {
    // Every verb that reads the config has secrets in its memory.
    if let Err(error) = core_dump::forbid() {
        print::note(&format!("warning: a crash may write secrets to a core file: {error}"));
    }
    let line: Vec<OsString> = std::env::args_os().collect();
    if let Some((command, log)) = args_quick::read(&line) {
        return run(command, &log).into();
    }
    let cli = match Cli::try_parse_from(&line) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let words: Vec<String> =
                line.iter().map(|word| word.to_string_lossy().into_owned()).collect();
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
        // So clients start the npm callmux.
        None if cli.inline.is_empty() && standalone::is_there() => {
            serve::stdio(&StdioArgs::usual(), &cli.log)
        }
        None if cli.inline.is_empty() => {
            print::notes(Cli::command().render_help().to_string().trim_end());
            Exit::Usage
        }
        None => serve::inline(&cli.options, &cli.inline, &cli.log),
        Some(_) if !cli.inline.is_empty() => {
            print::error("behind `--` stands a command to run in place of a verb, not beside one");
            Exit::Usage
        }
        Some(command) => run(command, &cli.log),
    };
    exit.into()
}

/// Does what a verb says.
fn run(command: Command, log: &LogArgs) -> Exit {
    match command {
        Command::Serve(args) => serve::serve(&args, log),
        Command::Stdio(args) => serve::stdio(&args, log),
        Command::Bridge(args) => bridge::bridge(&args, log),
        Command::Status(args) => operate::status(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Reload(args) => operate::reload(&args),
        Command::List(args) => list::list(&args),
        Command::Call(args) => shell::call(&args),
        Command::Tools(args) => shell::tools(&args),
        Command::Prompts(args) => shell::prompts(&args),
        Command::Resources(args) => shell::resources(&args),
        Command::Parallel(args) => shell::work(&args, Work::Parallel),
        Command::Batch(args) => shell::work(&args, Work::Batch),
        Command::Pipeline(args) => shell::work(&args, Work::Pipeline),
        Command::Recipe(args) => shell::recipe(&args),
        Command::Logs(args) => shell::logs(&args),
        Command::Top(args) => top::top(&args),
        Command::Trace(args) => top::trace(&args),
        Command::Watch(args) => top::watch(&args),
        Command::Audit(args) => audit(&args),
        Command::Events(args) => events(&args),
        Command::Server(args) => server::server(&args),
        Command::Client(args) => client(&args),
        Command::Token(args) => token(&args),
        Command::Access(args) => access(&args),
        Command::Approvals(args) => approvals::approvals(&args),
        Command::Pins(args) => pins::pins(&args),
        Command::Setup(args) => setup::setup(args),
        Command::Init(args) => init(&args),
        Command::Import(args) => import::import(&args),
        Command::Daemon(args) => daemon::daemon(&args),
        Command::Retry(args) => operate::retry(&args),
        Command::Start(args) => operate::order(&args, Order::Start),
        Command::Stop(args) => operate::order(&args, Order::Stop),
        Command::Restart(args) => operate::order(&args, Order::Restart),
        Command::Dashboard(args) => dashboard::dashboard(&args).unwrap_or_else(|exit| exit),
        Command::Login(args) => login::login(&args),
        Command::Logout(args) => login::logout(&args),
        Command::Demo(args) => demo(args.keep),
        Command::ExampleServer { server } => serve::example(server),
        Command::Instructions(args) => instructions::instructions(&args),
        Command::Config(args) => config::config(&args),
        Command::SearchQuality(args) => search_quality(&args),
        Command::Completions { shell } => generate::completions(shell),
        Command::Complete { shell, line } => generate::complete(shell, &line),
        Command::Man { dir } => generate::man(&dir),
    }
}
