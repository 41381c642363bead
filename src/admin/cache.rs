//! Cached results, forgotten for everybody.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{gone, json, no_server, no_tool};
use super::desk::Question;
use super::sources::AnswerSources;
use crate::api::{CacheCleared, path};
use crate::base::ServerName;

pub(super) async fn clear(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    let [server, tool] = path::asked_results(query.as_deref().unwrap_or_default());
    let world = match sources.desk.ask(Question::World).await {
        Ok(world) => world,
        Err(closed) => return gone(closed),
    };
    let named = match server.as_deref() {
        None => None,
        Some(name) => match ServerName::parse(name) {
            Ok(parsed) if world.config.servers.contains_key(&parsed) => Some(parsed),
            _ => return no_server(name),
        },
    };
    let cache = &sources.hub.cache;
    let cleared = match tool.as_deref() {
        None => cache.clear(None, named.as_ref(), None),
        Some(tool) => {
            let is_meant = |name: &ServerName| named.as_ref().is_none_or(|named| named == name);
            let entries = world.catalog.tools.entries().iter();
            let named = entries.filter(|entry| *entry.shown == *tool || *entry.item.name == *tool);
            let all = named.map(|entry| (entry.server.name.configured(), &*entry.item.name));
            let meant: Vec<_> = all.filter(|(server, _)| is_meant(server)).collect();
            if meant.is_empty() {
                return no_tool(tool);
            }
            meant.iter().map(|(of, own)| cache.clear(None, Some(of), Some(own))).sum()
        }
    };
    json(StatusCode::OK, &CacheCleared { cleared })
}
