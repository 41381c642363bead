//! Small MCP servers inside the binary: for the tour, for trying a config, for tests.
//!
//! They are written with rmcp, not with our own wire, so that they are somebody else's idea of the
//! protocol. They speak both eras.
//!
//! # Knows
//! MCP as rmcp has it, and stdin and stdout.
//!
//! # Does not know
//! Anything of callmux.
//!
//! # How to read it
//! [`tools`] is how a server lists and runs its tools; each other file is one server.

mod counter;
mod failing;
mod notes;
mod slow;
mod time;
mod tools;

use rmcp::ServiceExt;

use tools::Tools;

/// The servers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Example {
    /// Tells the time and reckons with it.
    Time,
    /// Counts, and so has a state that its end destroys.
    Counter,
    /// Keeps notes and searches them.
    Notes,
    /// Takes its time and reports progress.
    Slow,
    /// Fails in every way a well-meaning server can.
    Failing,
}

/// Runs a server on stdin and stdout until stdin ends.
pub async fn run(example: Example) -> Result<(), Box<dyn std::error::Error>> {
    let tools = match example {
        Example::Time => time::tools(),
        Example::Counter => counter::tools(),
        Example::Notes => notes::tools(),
        Example::Slow => slow::tools(),
        Example::Failing => failing::tools(),
    };
    let server = Tools::new(tools).serve(crate::base::stdio::open()).await?;
    server.waiting().await?;
    Ok(())
}
