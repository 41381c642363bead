//! The bus of the daemon's user, where the user manager and the desktop are (D-Bus Specification, "Session bus").

use crate::base::runtime_dir;

/// A connection of one's own to it.
///
/// # Errors
/// There is no bus, or it lets nobody in.
pub async fn connect() -> zbus::Result<zbus::Connection> {
    let builder = match std::env::var_os("DBUS_SESSION_BUS_ADDRESS") {
        Some(_) => zbus::connection::Builder::session(),
        // cron, su and some clients leave the variable unset.
        None => {
            let dir = runtime_dir::runtime().ok_or(zbus::Error::Unsupported)?;
            let address = format!("unix:path={}", dir.join("bus").display());
            zbus::connection::Builder::address(address.as_str())
        }
    };
    builder.build().await
}
