//! A client is served until it is gone.

use std::io;
use std::path::PathBuf;

use super::args::{InlineArgs, StdioArgs};
use super::inline::config;
use crate::base::memory;
use crate::base::runtime::runtime;
use crate::config::Location;
use crate::daemon::{self, Ended, Options, Serve, Settings};
use crate::settings::Complaint;
use crate::telemetry::Recorder;

/// Why nothing was served, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum NotServed {
    #[error("`--` must be followed by a command")]
    NoCommand,
    #[error("the config is wrong")]
    Config(Vec<Complaint>),
    #[error("{0}")]
    System(#[from] io::Error),
}

/// One server, as the command line has it. `cwd`: where its client started us.
pub fn inline(
    args: &InlineArgs,
    command: &[String],
    cwd: Option<PathBuf>,
    recorder: &Recorder,
) -> Result<Ended, NotServed> {
    let config = config(args, command, cwd.clone()).ok_or(NotServed::NoCommand)?;
    // What stands in for one server reads no files.
    let cwd = cwd.filter(|_| !args.plain);
    serve(Settings::fixed(config), cwd, recorder)
}

/// All servers of a config.
pub fn stdio(
    args: &StdioArgs,
    cwd: Option<PathBuf>,
    recorder: &Recorder,
) -> Result<Ended, NotServed> {
    // What the daemon keeps of its config is the daemon's.
    let settings = Settings::read(Location::chosen(args.config.as_deref()), None);
    serve(settings.map_err(NotServed::Config)?, cwd, recorder)
}

fn serve(
    settings: Settings,
    cwd: Option<PathBuf>,
    recorder: &Recorder,
) -> Result<Ended, NotServed> {
    memory::settle();
    let serve = Serve::Stdio { cwd };
    let options = Options { settings, serve, recorder: recorder.clone(), cut_off: None };
    Ok(runtime()?.block_on(daemon::run(options))?)
}
