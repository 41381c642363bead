//! `callmux bridge`.

use super::args::{BridgeArgs, LogArgs};
use super::log::start_log;
use crate::base::runtime::runtime;
use crate::base::runtime_dir;
use crate::bridge::{self, Options, Target, TokenSource};
use crate::facts::Level;
use crate::terminal::{Exit, print};

pub(super) fn bridge(args: &BridgeArgs, log: &LogArgs) -> Exit {
    let target = match (&args.url, &args.socket) {
        (Some(url), _) => match Target::from_url(url, TokenSource::of(args.token_file.clone())) {
            Ok(target) => target,
            Err(error) => {
                print::error(&error.to_string());
                return Exit::Usage;
            }
        },
        (None, Some(path)) => Target::Unix(path.clone()),
        (None, None) => match runtime_dir::socket() {
            Ok(path) => Target::Unix(path),
            Err(error) => {
                print::error(&error.to_string());
                return Exit::Unavailable;
            }
        },
    };
    #[expect(clippy::disallowed_methods, reason = "the client starts a bridge where it works")]
    let cwd =
        args.cwd.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_else(|| "/".into());
    let (recorder, writer, _) = start_log(log, Level::Warning, None);
    drop((recorder, writer));
    let outcome = runtime().and_then(|runtime| {
        runtime.block_on(bridge::run(Options {
            target,
            cwd,
            patience: args.wait,
            spawn: args.spawn,
        }))
    });
    match outcome {
        Ok(()) => Exit::Fine,
        Err(error) => {
            print::error(&error.to_string());
            Exit::System
        }
    }
}
