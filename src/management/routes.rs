//! The paths of the npm callmux, and what each answers.
//!
//! | path | answer |
//! | --- | --- |
//! | GET, or GET `/status` | the API, how the daemon is, its servers |
//! | GET `/config/effective` | servers and recipes |
//! | GET `/servers` | each server: what is written of it, how it is, what it offers |
//! | POST `/servers`, `{name, config, dryRun?}` | 201, it is added; 200, what would come of it |
//! | PATCH `/servers/NAME`, `{config}` or `{tools, addTools, removeTools, disabled}`, `dryRun?` | it is changed |
//! | DELETE `/servers/NAME?dryRun=true` | it is gone |
//! | POST `/servers/NAME/restart` | it runs again |
//! | POST `/cache/clear`, `{tool?, server?}` | cached results are forgotten |

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, delete, get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::asked::{Endpoints, ServerEdit};
use super::entry::{self, Adjustment};
use super::refusal::{Refusal, answered};
use crate::api::{Order, ProblemCode, SectionReport, ServerReport, ToolList, VersionReport, path};
use crate::base::ServerName;

/// Where it is, as there.
const BASE: &str = path::NPM_MANAGEMENT;
/// The largest body of a request, in bytes.
const BODY_MAX: usize = 1 << 20;

type RouteAnswer = Result<Response, Refusal>;

/// Its routes. `endpoints`: those of the management API, which are asked.
pub fn router(endpoints: Router) -> Router {
    Router::new()
        .route(BASE, get(status))
        .route(&format!("{BASE}/"), get(status))
        .route(&format!("{BASE}/status"), get(status))
        .route(&format!("{BASE}/config/effective"), get(effective))
        .route(&format!("{BASE}/servers"), get(servers).post(add))
        .route(&format!("{BASE}/servers/{{name}}"), delete(remove).patch(change))
        .route(&format!("{BASE}/servers/{{name}}/restart"), post(restart))
        .route(&format!("{BASE}/cache/clear"), post(clear))
        .route(&format!("{BASE}/{{*below}}"), any(async || Refusal::NotFound))
        .method_not_allowed_fallback(async || Refusal::Method)
        .with_state(endpoints)
}

/// What a request says, and the endpoints for whoever made it.
async fn taken<T: DeserializeOwned>(
    router: Router,
    request: Request,
) -> Result<(Endpoints, T), Refusal> {
    let (parts, body) = request.into_parts();
    let endpoints = Endpoints::new(router, &parts);
    let body = to_bytes(body, BODY_MAX).await.map_err(|_| Refusal::TooLarge)?;
    // An empty body says nothing.
    let body = if body.is_empty() { &b"{}"[..] } else { &body };
    let said = serde_json::from_slice(body).map_err(|error| {
        Refusal::bad(error.to_string(), "docs/api.md says what the body has in it")
    })?;
    Ok((endpoints, said))
}

fn asker(router: Router, request: Request<Body>) -> Endpoints {
    Endpoints::new(router, &request.into_parts().0)
}

/// The server in a path. What no server can be called, none is.
fn named(name: &str) -> Result<ServerName, Refusal> {
    ServerName::parse(name).map_err(|_| Refusal::NotFound)
}

async fn status(State(router): State<Router>, request: Request) -> RouteAnswer {
    let api = asker(router, request);
    let (place, sections) = (api.place().await?, api.sections("servers").await?);
    let versions: Vec<VersionReport> = api.get(path::VERSIONS).await?;
    let ours = sections.iter().filter(|section| is_managed(section));
    let ours: Vec<&str> = ours.map(|section| section.name.as_str()).collect();
    let body = json!({
        "management": {
            "enabled": true,
            "path": BASE,
            "statePath": place.main_file,
            "persistent": place.additions_refused.is_none(),
            "overlayUpdatedAt": versions.iter().map(|version| &version.at).max(),
            "overlayServers": ours,
        },
        "runtime": api.get::<Value>(path::STATUS).await?,
        "servers": listed(&api, sections).await?,
    });
    Ok(answered(StatusCode::OK, &body))
}

/// Whether something of it was changed by callmux.
fn is_managed(section: &SectionReport) -> bool {
    section.is_ours || section.patched_by.is_some()
}

async fn listed(api: &Endpoints, sections: Vec<SectionReport>) -> Result<Vec<Value>, Refusal> {
    let running: Vec<ServerReport> = api.get(path::SERVERS).await?;
    let mut tools: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for tool in api.get::<ToolList>(path::TOOLS).await?.tools {
        tools.entry(tool.server.unwrap_or_default()).or_default().push(tool.name);
    }
    let server = |section: SectionReport| {
        let managed = is_managed(&section);
        let SectionReport { name, keys, .. } = section;
        let mut server = json!({
            "config": keys.map(entry::entry),
            "managed": managed,
            "tools": tools.remove(&name).unwrap_or_default(),
        });
        if let Some(report) = running.iter().find(|report| report.name.as_str() == name) {
            server["runtime"] = serde_json::to_value(report).unwrap_or_default();
        }
        server["name"] = name.into();
        server
    };
    Ok(sections.into_iter().map(server).collect())
}

async fn servers(State(router): State<Router>, request: Request) -> RouteAnswer {
    let api = asker(router, request);
    let servers = listed(&api, api.sections("servers").await?).await?;
    Ok(answered(StatusCode::OK, &json!({ "servers": servers })))
}

async fn effective(State(router): State<Router>, request: Request) -> RouteAnswer {
    let api = asker(router, request);
    let mut config = Map::new();
    for kind in ["servers", "recipes"] {
        let sections = api.sections(kind).await?;
        let said = |section: SectionReport| (section.name, section.keys.map(entry::entry).into());
        config.insert(kind.to_owned(), Value::Object(sections.into_iter().map(said).collect()));
    }
    Ok(answered(StatusCode::OK, &config))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Added {
    name: String,
    config: Value,
    #[serde(default)]
    dry_run: bool,
}

async fn add(State(router): State<Router>, request: Request) -> RouteAnswer {
    let (api, Added { name, config, dry_run }) = taken(router, request).await?;
    let name = ServerName::parse(&name)
        .map_err(|error| Refusal::bad(format!("name: {error}"), "call it otherwise"))?;
    let (keys, notes) = entry::section(name.as_str(), &config)?;
    let is_there = || Refusal::Conflict {
        why: format!("server \"{name}\" exists already"),
        fix: "PATCH changes it",
    };
    if dry_run {
        if api.section(&name).await.is_ok() {
            return Err(is_there());
        }
        let plan = api.plan(&name, ServerEdit::Put(keys)).await?;
        let body = json!({ "dryRun": true, "action": "add_server", "server": name.as_str(), "plan": plan, "notes": notes });
        return Ok(answered(StatusCode::OK, &body));
    }
    match api.add(&name, &keys).await {
        Err(refusal) if refusal.is(&ProblemCode::Stale) => Err(is_there()),
        Err(refusal) => Err(refusal),
        Ok(()) => {
            let body = json!({ "action": "added", "server": name.as_str(), "notes": notes });
            Ok(answered(StatusCode::CREATED, &body))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changed {
    config: Option<Value>,
    tools: Option<Vec<String>>,
    add_tools: Option<Vec<String>>,
    remove_tools: Option<Vec<String>>,
    disabled: Option<bool>,
    #[serde(default)]
    dry_run: bool,
}

async fn change(
    State(router): State<Router>,
    Path(name): Path<String>,
    request: Request,
) -> RouteAnswer {
    let name = named(&name)?;
    let (api, changed) = taken::<Changed>(router, request).await?;
    let Changed { config, tools, add_tools, remove_tools, disabled, dry_run } = changed;
    let adjustment = Adjustment { tools, add_tools, remove_tools, disabled };
    let (whole, notes) = match config {
        None => (None, Vec::new()),
        Some(config) => {
            let (keys, notes) = entry::section(name.as_str(), &config)?;
            (Some(keys), notes)
        }
    };
    let change = |now| match &whole {
        Some(keys) => Ok(ServerEdit::Put(keys.clone())),
        None => adjustment.of(&now),
    };
    let body = if dry_run {
        let (now, _) = api.section(&name).await?;
        let plan = api.plan(&name, change(now)?).await?;
        json!({ "dryRun": true, "action": "patch_server", "server": name.as_str(), "plan": plan, "notes": notes })
    } else {
        api.change(&name, change).await?;
        json!({ "action": "updated", "server": name.as_str(), "notes": notes })
    };
    Ok(answered(StatusCode::OK, &body))
}

async fn remove(
    State(router): State<Router>,
    Path(name): Path<String>,
    request: Request,
) -> RouteAnswer {
    let name = named(&name)?;
    let dry_run = match request.uri().query() {
        None | Some("" | "dryRun=false") => false,
        Some("dryRun=true") => true,
        Some(_) => {
            let why = "the query of a DELETE is `dryRun=true` or nothing";
            return Err(Refusal::bad(why, "send it so; nothing was deleted"));
        }
    };
    let api = asker(router, request);
    let body = if dry_run {
        api.section(&name).await?;
        let plan = api.plan(&name, ServerEdit::Delete).await?;
        json!({ "dryRun": true, "action": "delete_server", "server": name.as_str(), "plan": plan })
    } else {
        api.change(&name, |_| Ok(ServerEdit::Delete)).await?;
        json!({ "action": "deleted", "server": name.as_str() })
    };
    Ok(answered(StatusCode::OK, &body))
}

async fn restart(
    State(router): State<Router>,
    Path(name): Path<String>,
    request: Request,
) -> RouteAnswer {
    let name = named(&name)?;
    let api = asker(router, request);
    let restarted = api.post(&path::order(&name, Order::Restart), None).await;
    if let Err(refusal) = restarted {
        let is_off = refusal.is(&ProblemCode::UnknownServer) && api.section(&name).await.is_ok();
        return Err(if is_off {
            let why = format!("server \"{name}\" is disabled");
            Refusal::Conflict { why, fix: "PATCH it with `disabled: false`" }
        } else {
            refusal
        });
    }
    Ok(answered(StatusCode::OK, &json!({ "action": "restarted", "server": name.as_str() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cleared {
    tool: Option<String>,
    server: Option<String>,
}

async fn clear(State(router): State<Router>, request: Request) -> RouteAnswer {
    let (api, Cleared { tool, server }) = taken(router, request).await?;
    let target = path::clear_cache(server.as_deref(), tool.as_deref());
    let cache = api.post(&target, None).await?;
    let mut body = json!({ "action": "cache_cleared", "cache": cache });
    for (key, value) in [("tool", tool), ("server", server)] {
        if let Some(value) = value {
            body[key] = value.into();
        }
    }
    Ok(answered(StatusCode::OK, &body))
}
