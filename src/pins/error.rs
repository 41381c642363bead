//! What goes wrong with the file of what was accepted.

use std::path::PathBuf;

use crate::base::ServerName;

#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    #[error("there is no state directory; set HOME or XDG_STATE_HOME")]
    NoPlace,
    #[error("what was accepted of server {server} cannot be read: {why}")]
    Unreadable { server: ServerName, why: String },
    #[error("{} cannot be written: {error}", .path.display())]
    Unwritten { path: PathBuf, error: std::io::Error },
    #[error("{} is held by another process; try again", .0.display())]
    Busy(PathBuf),
    #[error("nobody has seen yet what server {0} offers; start it once")]
    Unseen(ServerName),
    #[error("server {server} has nothing called {item}")]
    Unknown { server: ServerName, item: String },
}
