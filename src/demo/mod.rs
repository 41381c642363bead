//! `callmux demo`: a daemon, two servers and a client, in a temporary home.
//!
//! # Knows
//! What is worth showing, how the program is run as its users run it, that nothing is left behind.
//!
//! # Does not know
//! How anything works: it has the binary, as everybody has.
//!
//! # How to read it
//! [`tour`] is what is shown, step by step, in a [`home`] of its own; [`ends`] are the ways it can end.

mod client;
mod ends;
mod home;
mod next;
mod step;
mod table;
mod tour;

use home::Home;
use step::StepResult;

use crate::terminal::{Exit, print};

/// How wide the table is where nothing says how wide it may be: it is for people.
const WIDTH: usize = 80;

/// Shows it. `keep_running`: its daemon stays until a person ends it.
pub fn demo(keep_running: bool) -> Exit {
    let (ended, outcome) = match Home::make() {
        Ok(mut home) => {
            let outcome = show(&mut home, keep_running);
            (home.ends().is_ended(), outcome)
        }
        Err(error) => (false, Err(error)),
    };
    match outcome {
        Ok(()) => Exit::Fine,
        Err(_) if ended => {
            print::error("the demo was ended by a signal; it left nothing behind");
            Exit::Failed
        }
        Err(error) => {
            print::error(&format!("the demo failed: {error}"));
            Exit::Failed
        }
    }
}

fn show(home: &mut Home, keep_running: bool) -> StepResult<()> {
    let rows = tour::tour(home)?;
    for parts in table::render(&rows, print::width().unwrap_or(WIDTH)) {
        print::styled(&parts);
    }
    if keep_running {
        return keep(home);
    }
    next::tell();
    Ok(())
}

/// Leaves the daemon serving until the person ends it.
fn keep(home: &mut Home) -> StepResult<()> {
    print::lines("\nThe daemon keeps running until you press Ctrl-C. The entry for your client:\n");
    let entry = serde_json::json!({ "mcpServers": { "callmux": {
        "command": home.program(),
        "args": ["bridge", "--socket", home.socket()],
    }}});
    print::json(&serde_json::to_string_pretty(&entry).unwrap_or_default());
    home.wait_for_daemon()
}
