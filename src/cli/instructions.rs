//! `callmux instructions`.

use super::args::{InstructionsArgs, Mode};
use super::serve::refuse;
use crate::config::{Location, load};
use crate::instructions;
use crate::settings::{Config, Exposure};
use crate::terminal::{Exit, print};

/// Prints what an agent should know, for its rules file.
pub(super) fn instructions(args: &InstructionsArgs) -> Exit {
    let config = match config(args) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let client = args.client.as_deref().unwrap_or("any");
    let mut view = config.view(client).clone();
    if let Some(mode) = args.mode {
        view.exposure = match mode {
            Mode::Auto => Exposure::Auto,
            Mode::Full => Exposure::Full,
            Mode::Hybrid => Exposure::Hybrid,
            Mode::MetaOnly => Exposure::MetaOnly,
            Mode::NoMeta => Exposure::NoMeta,
        };
    }
    print::lines(instructions::markdown(client, &view).trim_end());
    Exit::Fine
}

fn config(args: &InstructionsArgs) -> Result<Config, Exit> {
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        return Ok(load::empty());
    };
    location.read().config.map_err(|complaints| refuse(&complaints))
}
