//! Where a browser finds the dashboard.

/// The address of the best of these sockets, with a slash at its end: one of loopback, or one that other machines
/// know by one of `hosts`. They are named as the daemon tells of them: `http://ADDRESS:PORT`, or a path.
pub fn address(listening: &[String], hosts: &[String]) -> Option<String> {
    let near = listening.iter().find(|socket| is_loopback(socket));
    if let Some(socket) = near {
        return Some(format!("{}/", socket.trim_end_matches('/')));
    }
    let socket = listening.iter().find(|socket| scheme_of(socket).is_some())?;
    let (scheme, rest) = scheme_of(socket)?;
    let port = rest.trim_end_matches('/').rsplit_once(':').map_or("", |(_, port)| port);
    let host = hosts.first().map_or("localhost", String::as_str);
    let has_port =
        host.rsplit_once(':').is_some_and(|(_, end)| end.bytes().all(|b| b.is_ascii_digit()));
    Some(if has_port { format!("{scheme}{host}/") } else { format!("{scheme}{host}:{port}/") })
}

fn scheme_of(socket: &str) -> Option<(&str, &str)> {
    let at = socket.find("://")? + "://".len();
    let (scheme, rest) = socket.split_at(at);
    ["http://", "https://"].contains(&scheme).then_some((scheme, rest))
}

fn is_loopback(socket: &str) -> bool {
    ["http://127.0.0.1:", "http://[::1]:"].iter().any(|start| socket.starts_with(start))
}
