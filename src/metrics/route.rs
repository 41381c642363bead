//! Which of the endpoints a request is for, with a place for what a name of somebody's choice is in its path.

/// The templates.
pub(super) const ROUTES: [&str; 13] = [
    "/mcp",
    "/sse",
    "/messages",
    "/link",
    "/health",
    "/ready",
    "/metrics",
    "/.well-known/{document}",
    "/api/v1/{endpoint}",
    "/api/v1/approvals/{id}/{decision}",
    "/api/v1/servers/{server}/{verb}",
    "/api/v1/servers/{server}/{verb}/{step}",
    UNMATCHED,
];

/// Of a path that leads nowhere, as the npm callmux names it.
const UNMATCHED: &str = "/__unmatched__";

/// The place of a path's template.
pub(super) fn of(path: &str) -> usize {
    let path = path.strip_suffix('/').unwrap_or(path);
    let place = |route: &str| ROUTES.iter().position(|known| *known == route);
    let nested = |below: &str| below.split('/').count();
    let template = if let Some(below) = path.strip_prefix("/api/v1/servers/") {
        match nested(below) {
            2 => "/api/v1/servers/{server}/{verb}",
            3 => "/api/v1/servers/{server}/{verb}/{step}",
            _ => UNMATCHED,
        }
    } else if path.starts_with("/api/v1/approvals/") {
        "/api/v1/approvals/{id}/{decision}"
    } else if path.strip_prefix("/api/v1/").is_some_and(|below| nested(below) == 1) {
        "/api/v1/{endpoint}"
    } else if path.starts_with("/.well-known/") {
        "/.well-known/{document}"
    } else {
        path
    };
    place(template).unwrap_or(ROUTES.len() - 1)
}
