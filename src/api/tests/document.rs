//! The table of endpoints as documents: `openapi.json` (OpenAPI 3.1) for programs and `docs/api.md` for people. Both stand in the
//! repository, and the test fails when one is stale.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::api::endpoint::{BASE, Endpoint, Method, Operation, QueryKind};
use crate::api::endpoints::ENDPOINTS;
use crate::api::{
    AccessVerdict, ApprovalDone, ApprovalList, Asked, CacheCleared, CallsSeen, ChangeDone,
    ChangePlan, ClientSeen, ConfigPlace, Consent, DaemonIndex, Farewell, Finding, HistoryHours,
    HistoryPage, OpenCallReport, Pasted, PinReport, ProblemDetails, RuleReport, SectionKeys,
    SectionReport, ServerDetails, ServerReport, SessionDetails, Status, TokenReport, ToolArguments,
    ToolCallDone, ToolCallWanted, ToolDetails, ToolList, Traffic, VersionReport, WantedChanges,
};
use crate::base::{ServerName, SessionId};
use crate::settings::Plan;

/// What is written as a text.
macro_rules! texts {
    ($($one:ty),+) => {
        $(impl schemars::JsonSchema for $one {
            fn schema_name() -> Cow<'static, str> {
                stringify!($one).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                String::json_schema(generator)
            }
        })+
    };
}

texts!(ServerName, SessionId);

/// The schema of the type of this name.
fn schema(generator: &mut SchemaGenerator, name: &str) -> Schema {
    macro_rules! of {
        ($($one:ident),+ $(,)?) => {
            match name {
                $(stringify!($one) => generator.subschema_for::<$one>(),)+
                other => panic!("no type {other}"),
            }
        };
    }
    of!(
        AccessVerdict,
        ApprovalDone,
        ApprovalList,
        CacheCleared,
        CallsSeen,
        ClientSeen,
        Consent,
        Farewell,
        Finding,
        HistoryHours,
        HistoryPage,
        OpenCallReport,
        DaemonIndex,
        Pasted,
        PinReport,
        Plan,
        ProblemDetails,
        RuleReport,
        ServerDetails,
        ServerReport,
        SessionDetails,
        Status,
        TokenReport,
        ToolArguments,
        ToolCallDone,
        ToolCallWanted,
        ToolDetails,
        ToolList,
        Traffic,
        ChangeDone,
        ChangePlan,
        ConfigPlace,
        SectionKeys,
        SectionReport,
        VersionReport,
        WantedChanges,
    )
}

fn content(generator: &mut SchemaGenerator, endpoint: &Endpoint) -> Value {
    match endpoint.answer.1 {
        "" if endpoint.path == "/events" => {
            json!({ "text/event-stream": { "schema": { "type": "string" } } })
        }
        "" => json!({ "application/json": { "schema": { "type": "object" } } }),
        name => {
            let one = schema(generator, name.trim_end_matches("[]"));
            let schema = if name.ends_with("[]") {
                json!({ "type": "array", "items": one })
            } else {
                json!(one)
            };
            json!({ "application/json": { "schema": schema } })
        }
    }
}

/// What stands in its path and in its query.
fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let mut parameters = Vec::new();
    let places = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{'));
    for name in places.filter_map(|part| part.strip_suffix('}')) {
        let schema = match name {
            "kind" => json!({ "enum": ["servers", "clients", "recipes"] }),
            "name" if endpoint.path.starts_with("/config") => {
                json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" })
            }
            _ => json!({ "type": "string" }),
        };
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    for key in endpoint.query {
        let schema = match key.kind {
            QueryKind::Text => json!({ "type": "string", "minLength": 1 }),
            QueryKind::Number => json!({ "type": "integer", "minimum": 0 }),
            QueryKind::Flag => json!({ "type": "boolean" }),
            QueryKind::Principal => json!({
                "type": "string",
                "pattern": "^(user:[0-9]{1,9}|(token|oidc):[ -~]+)$",
            }),
        };
        let mut parameter = json!({
            "name": key.name, "in": "query", "description": key.about, "schema": schema,
        });
        if key.is_required {
            parameter["required"] = true.into();
        }
        parameters.push(parameter);
    }
    parameters
}

fn operation(generator: &mut SchemaGenerator, endpoint: &Endpoint) -> Value {
    let parameters = parameters(endpoint);
    let mut responses = Map::new();
    let (status, _) = endpoint.answer;
    responses.insert(
        status.to_string(),
        json!({ "description": "It went well.", "content": content(generator, endpoint) }),
    );
    let problem = schema(generator, "ProblemDetails");
    responses.insert(
        "default".to_owned(),
        json!({
            "description": "Nothing came of it.",
            "content": { "application/problem+json": { "schema": problem } },
        }),
    );
    if endpoint.operation == Operation::Reload {
        let asked = generator.subschema_for::<Asked>();
        responses.insert(
            "202".to_owned(),
            json!({
                "description": "It is asked for, with `wait=false`.",
                "content": { "application/json": { "schema": asked } },
            }),
        );
    }
    let mut operation = json!({
        "operationId": format!("{:?}", endpoint.operation),
        "summary": endpoint.about,
        "responses": responses,
    });
    if let Some(name) = endpoint.body {
        let schema = schema(generator, name);
        let media = match endpoint.method {
            Method::Patch => "application/merge-patch+json",
            _ => "application/json",
        };
        operation["requestBody"] = json!({
            "required": true, "content": { media: { "schema": schema } },
        });
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if endpoint.operation == Operation::LoginPaste {
        operation["requestBody"] = json!({
            "required": true, "content": { "text/plain": { "schema": { "type": "string" } } },
        });
    }
    operation
}

fn open_api() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let method = endpoint.method.as_str().to_lowercase();
        let operation = operation(&mut generator, endpoint);
        let path = paths.entry(endpoint.full_path()).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "callmux", "version": "1", "description": "What operators ask of the daemon." },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "A token that a rule allows this. Over the unix socket it takes none.",
            } },
        },
    });
    document.to_string() + "\n"
}

/// What `docs/api.md` has between its marks.
fn table() -> String {
    let mut text = String::from("| endpoint | answer | |\n| --- | --- | --- |\n");
    for endpoint in ENDPOINTS {
        let keys: Vec<String> =
            endpoint.query.iter().map(|key| format!("`{}`", key.name)).collect();
        let query =
            if keys.is_empty() { String::new() } else { format!(" (query: {})", keys.join(", ")) };
        let problems: Vec<String> =
            endpoint.problems.iter().map(|code| format!("`{code}`")).collect();
        let problems =
            if problems.is_empty() { String::new() } else { format!("; {}", problems.join(", ")) };
        let (status, name) = endpoint.answer;
        let answer = if name.is_empty() { String::new() } else { format!(" {name}") };
        let (method, path) = (endpoint.method.as_str(), endpoint.full_path());
        // Writing to a text cannot fail.
        _ = writeln!(
            text,
            "| {method} `{path}`{query} | {status}{answer}{problems} | {} |",
            endpoint.about
        );
    }
    text
}

fn is_fresh(path: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        crate::base::file::publish(&path, fresh.as_bytes()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == fresh, "{} is stale: UPDATE=1 cargo test --lib -- api", path.display());
}

/// Where the table stands in the page.
const BEGIN: &str = "<!-- generated: endpoints -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_documents_are_fresh() {
    is_fresh("src/api/openapi.json", &open_api());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    is_fresh("docs/api.md", &format!("{before}{BEGIN}{}{END}{after}", table()));
}

#[test]
fn each_endpoint_is_there_once_and_its_problems_have_codes() {
    for (at, endpoint) in ENDPOINTS.iter().enumerate() {
        let same = |other: &&Endpoint| {
            other.operation == endpoint.operation
                || other.path == endpoint.path && other.method == endpoint.method
        };
        assert_eq!(ENDPOINTS.iter().filter(same).count(), 1, "{at}: {}", endpoint.path);
        assert!(endpoint.path.is_empty() || endpoint.path.starts_with('/'));
        for code in endpoint.problems {
            let code = crate::api::ProblemCode::from((*code).to_owned());
            assert!(!matches!(code, crate::api::ProblemCode::Other(_)), "{code}");
        }
    }
    assert!(BASE.starts_with('/'));
}
