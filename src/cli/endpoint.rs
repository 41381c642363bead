//! Asking any MCP server on this machine for its tools, as the daemon asks its servers.

use serde::Deserialize;
use url::{Host, Url};

use crate::api::ToolReport;
use crate::base::runtime::runtime;
use crate::config::load;
use crate::servers::error::{StartFailure, Step};
use crate::servers::{Item, Offer, Probe, probe};
use crate::terminal::{Exit, print};
use crate::wire::{Era, ListKind};

/// The name that the server gets to know.
const NAME: &str = "callmux-list";

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
enum NoList {
    #[error(
        "`{0}` is no address of this machine that begins with http://, such as http://127.0.0.1:4860/mcp"
    )]
    NotHere(String),
    #[error("nothing answers at {0}: {1}")]
    Nothing(Url, StartFailure),
    #[error("{0} is no MCP server: {1}")]
    NoServer(Url, StartFailure),
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
}

/// The tools of the server at `url`. What goes wrong is printed.
pub(super) fn tools(url: &str) -> Result<Vec<ToolReport>, Exit> {
    let offered = address(url).and_then(look).map_err(|error| {
        print::error(&error.to_string());
        match error {
            NoList::NotHere(_) => Exit::Usage,
            NoList::Nothing(..) => Exit::Unavailable,
            NoList::NoServer(..) => Exit::Failed,
            NoList::Runtime(_) => Exit::System,
        }
    })?;
    let tools = offered.list(ListKind::Tools);
    if let Some(wrong) = tools.complaint(ListKind::Tools) {
        print::note(&wrong);
    }
    Ok(tools.items.iter().map(report).collect())
}

fn look(url: Url) -> Result<Offer, NoList> {
    let config = load::inline(&[url.to_string()], None);
    let server = config.and_then(|mut config| config.servers.pop_first());
    let (server, config) = server.ok_or_else(|| NoList::NotHere(url.to_string()))?;
    let runtime = runtime().map_err(NoList::Runtime)?;
    // A session is something that a server on this machine, such as our daemon, can tell of.
    let look = Probe { server, config, name: NAME, first: Some(Era::Legacy) };
    match runtime.block_on(probe(look)) {
        Ok((_, offer)) => Ok(offer),
        Err(failure) => Err(match failure.step {
            Step::Reach | Step::Time => NoList::Nothing(url, failure),
            Step::Config | Step::Process | Step::Handshake | Step::Login => {
                NoList::NoServer(url, failure)
            }
        }),
    }
}

fn address(text: &str) -> Result<Url, NoList> {
    let is_here = |url: &Url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let url = Url::parse(text).ok();
    let url = url.filter(|url| url.scheme() == "http" && url.username().is_empty() && is_here(url));
    url.ok_or_else(|| NoList::NotHere(text.to_owned()))
}

/// What of a definition is reported.
#[derive(Debug, Deserialize)]
struct Described {
    description: Option<String>,
}

fn report(tool: &Item) -> ToolReport {
    let described = serde_json::from_str(&tool.definition).ok();
    ToolReport {
        server: tool.name.split_once("__").map(|(server, _)| server.to_owned()),
        description: described.and_then(|Described { description }| description),
        name: tool.name.to_string(),
    }
}

#[cfg(test)]
#[path = "endpoint/tests.rs"]
mod tests;
