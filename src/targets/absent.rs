//! What is said of a name that leads to nothing while a server that may have it is down.
//!
//! A server that was seen once stays in the lists while it is down, and its calls say why they cannot be
//! made. Of one that has not been seen nobody knows the names: only what stands before them tells.

use crate::access::Subject;
use crate::base::names::SEPARATOR;
use crate::base::quote::beginning;
use crate::servers::Server;
use crate::servers::handle::Unavailable;
use crate::world::World;

/// Servers that an error names at the most.
const NAMED_MAX: usize = 3;
/// How much is told of each, in characters: its reason may quote it.
const TOLD_MAX: usize = 600;

/// Why the server that alone can have an item of this name cannot be asked, if nobody knows what it
/// offers.
pub fn owner(world: &World, name: &str, subject: Subject<'_>) -> Option<Unavailable> {
    let of = |server: &&Server| server.owns(name) && world.sees_server(subject, &server.name);
    world.servers.values().filter(of).find_map(Server::unseen)
}

/// What else there is to say of a name or a URI that leads to nothing: what is wrong with the config,
/// which servers are down that may have it. Empty, or in brackets. The same whether there is no such
/// thing or the subject may not know of it.
pub fn remark(world: &World, name: &str, subject: Subject<'_>) -> String {
    let mut parts = Vec::new();
    // Whoever misses something because the config is broken should read so.
    parts.extend(world.complaint.as_deref().map(|it| format!("the config is not in force: {it}")));
    let seen = || world.servers.values().filter(|server| world.sees_server(subject, &server.name));
    let mut owners = seen().filter(|server| server.owns(name)).peekable();
    let down: Vec<Unavailable> = if owners.peek().is_some() {
        owners.filter_map(Server::down).collect()
    } else {
        seen().filter_map(Server::unseen).collect()
    };
    parts.extend(down.iter().take(NAMED_MAX).map(told));
    let more = down.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        parts.push(format!("{more} more servers have not been ready yet"));
    }
    let space = name.split_once(SEPARATOR).map(|(space, _)| space);
    parts.extend(space.and_then(|space| disabled(world, space, subject)));
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}

/// That the config has a server of this name and does not enable it.
pub fn disabled(world: &World, name: &str, subject: Subject<'_>) -> Option<String> {
    let (server, _) = world.config.servers.iter().find(|(server, config)| {
        !config.enabled && server.as_str() == name && world.sees_server(subject, server)
    })?;
    Some(format!("server {server} is disabled: its section of the config has `enabled = false`"))
}

/// The same in words.
pub fn told(why: &Unavailable) -> String {
    beginning(&why.to_string(), TOLD_MAX).to_string()
}
