//! `callmux init`.

use std::path::PathBuf;

use clap::Args;

use crate::base::file;
use crate::config::{Location, fresh};
use crate::terminal::{Exit, print};

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 written, 1 there is a config already, which stays as it is, 71 it could not be written."
)]
pub struct InitArgs {
    /// Print it instead.
    #[arg(long)]
    print: bool,
    /// The config: a file, or a directory that gets a config.toml [default: ~/.config/callmux].
    #[arg(long, value_name = "PATH", env = "CALLMUX_CONFIG")]
    config: Option<PathBuf>,
}

/// Writes a config to begin with.
pub fn init(args: &InitArgs) -> Exit {
    if args.print {
        print::lines(fresh().trim_end());
        return Exit::Fine;
    }
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error("there is no home directory; name the config with --config");
        return Exit::Unavailable;
    };
    let path = location.main_file();
    if path.symlink_metadata().is_ok() {
        print::error(&format!(
            "{} is there already and stays as it is; `callmux init --print` shows a new one",
            path.display()
        ));
        return Exit::Failed;
    }
    if let Err(error) = file::replace(&path, fresh().as_bytes()) {
        print::error(&format!("{}: {error}", path.display()));
        return Exit::System;
    }
    print::line(&format!("{} is written; nothing is set in it yet", path.display()));
    print::line(
        "`callmux server add NAME -- COMMAND …` adds a server, `callmux setup` takes over yours",
    );
    Exit::Fine
}
