//! `callmux demo`: a daemon, two servers and a client, in a temporary home.

mod client;
mod home;
mod step;
mod table;
mod tour;

use super::args::DemoArgs;
use super::exit::Exit;
use super::print;

use home::Home;
use step::StepResult;

pub(super) fn demo(args: &DemoArgs) -> Exit {
    let outcome = Home::make().and_then(|mut home| {
        let rows = tour::tour(&mut home)?;
        for parts in table::render(&rows) {
            print::styled(&parts);
        }
        if args.keep { keep(&mut home) } else { Ok(()) }
    });
    match outcome {
        Ok(()) => Exit::Fine,
        Err(error) => {
            print::error(&format!("the demo failed: {error}"));
            Exit::Failed
        }
    }
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
