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
    "/admin/{endpoint}",
    "/admin/approvals/{id}/{decision}",
    "/admin/servers/{server}/{verb}",
    "/admin/servers/{server}/{verb}/{step}",
    UNMATCHED,
];

/// Of a path that leads nowhere, as the npm callmux names it.
const UNMATCHED: &str = "/__unmatched__";

/// The place of a path's template.
pub(super) fn of(path: &str) -> usize {
    let path = path.strip_suffix('/').unwrap_or(path);
    let place = |route: &str| ROUTES.iter().position(|known| *known == route);
    let nested = |below: &str| below.split('/').count();
    let template = if let Some(below) = path.strip_prefix("/admin/servers/") {
        match nested(below) {
            2 => "/admin/servers/{server}/{verb}",
            3 => "/admin/servers/{server}/{verb}/{step}",
            _ => UNMATCHED,
        }
    } else if path.starts_with("/admin/approvals/") {
        "/admin/approvals/{id}/{decision}"
    } else if path.strip_prefix("/admin/").is_some_and(|below| nested(below) == 1) {
        "/admin/{endpoint}"
    } else if path.starts_with("/.well-known/") {
        "/.well-known/{document}"
    } else {
        path
    };
    place(template).unwrap_or(ROUTES.len() - 1)
}
