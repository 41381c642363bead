//! Which of the endpoints a request is for, with a place for what a name of somebody's choice is in its path.

/// The templates.
pub(super) const ROUTES: [&str; 14] = [
    "/mcp",
    "/sse",
    "/messages",
    "/link",
    "/health",
    "/ready",
    "/metrics",
    "/.well-known/{document}",
    "/api/v1",
    "/api/v1/{endpoint}",
    "/api/v1/{endpoint}/{name}",
    "/api/v1/{endpoint}/{name}/{verb}",
    "/api/v1/{endpoint}/{name}/{verb}/{step}",
    UNMATCHED,
];

/// Of a path that leads nowhere, as the npm callmux names it.
const UNMATCHED: &str = "/__unmatched__";

/// The place of a path's template.
pub(super) fn of(path: &str) -> usize {
    let path = path.strip_suffix('/').unwrap_or(path);
    let place = |route: &str| ROUTES.iter().position(|known| *known == route);
    let template = if let Some(below) = path.strip_prefix("/api/v1/") {
        match below.split('/').count() {
            1 => "/api/v1/{endpoint}",
            2 => "/api/v1/{endpoint}/{name}",
            3 => "/api/v1/{endpoint}/{name}/{verb}",
            4 => "/api/v1/{endpoint}/{name}/{verb}/{step}",
            _ => UNMATCHED,
        }
    } else if path.starts_with("/.well-known/") {
        "/.well-known/{document}"
    } else {
        path
    };
    place(template).unwrap_or(ROUTES.len() - 1)
}
