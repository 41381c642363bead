//! What a server offers, learned in the directory of the first client that has one.
//!
//! A server with an instance for each directory may not start in its own. As long as nobody knows what it
//! offers no client calls it, and so no instance would ever be begun.

use super::session::Session;
use crate::mux::Hub;
use crate::world::World;

/// Begins an instance of each such server where the client of this name works. What it offers is offered to everybody then
/// (`Control::lend`), and told of as any change is.
pub(super) async fn scout(hub: &Hub, session: &Session, world: &World, client: &str) {
    let Some(cwd) = session.cwd() else { return };
    let whose = (&session.principal, session.id);
    let unknown = world.servers.values().filter(|server| server.awaits_a_directory());
    for server in unknown.filter(|server| world.sees_server(session.subject(client), &server.name))
    {
        // What is wrong with the directory is told with a call.
        drop(hub.instances.lease(server, whose, Some(&cwd)).await);
    }
}
