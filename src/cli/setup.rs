//! `callmux setup`.

use super::args_setup::SetupArgs;
use crate::config::Location;
use crate::setup::{SetupMode, SetupOptions, run, undo};
use crate::terminal::{Exit, print};

pub(super) fn setup(args: SetupArgs) -> Exit {
    #[expect(clippy::disallowed_methods, reason = "a project is where the person works")]
    let directory = std::env::current_dir().unwrap_or_default();
    if args.undo {
        return undo(directory, args.how.json);
    }
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error("there is no home directory; name the config with --config");
        return Exit::Unavailable;
    };
    let SetupArgs { clients, from, keep_broken, how, spawn, .. } = args;
    let mode = match (how.yes, how.dry_run) {
        (true, _) => SetupMode::Do,
        (false, true) => SetupMode::Show,
        (false, false) => SetupMode::Ask,
    };
    run(&SetupOptions {
        location,
        directory,
        clients,
        from,
        keep_broken,
        mode,
        spawn,
        json: how.json,
    })
}
