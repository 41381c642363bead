//! `callmux_search_tools`: tools found by what they do.

use super::inner::Context;
use super::input::Fields;
use super::refusal::{invalid, wrong};
use super::status::cut;
use crate::json::Json;
use crate::mux::{Outlet, prepare};
use crate::render::signature::signature;
use crate::render::tokens::estimate;
use crate::replies::ToolError;
use crate::wire::object;

const LIMIT: u64 = 5;
const LIMIT_MAX: u64 = 50;
const QUERIES_MAX: usize = 10;
/// Bytes of a query at the most.
const QUERY_MAX: usize = 4096;
/// How much of each description is shown unless the call says otherwise, in characters.
const DESCRIPTION_MAX: u64 = 80;

pub(super) async fn search_tools<O: Outlet>(
    context: &Context<'_, O>,
    fields: &mut Fields,
) -> Result<Json, ToolError> {
    let mut queries = fields.texts("queries")?;
    let query = match fields.take("query") {
        // Everything, in the order of the names.
        None => None,
        Some(Json::String(text)) => Some(text)
            .filter(|text| text.len() <= QUERY_MAX)
            .ok_or_else(|| {
                let expected = format!("a string of at most {QUERY_MAX} bytes");
                wrong("query", &expected, format!("`query` must be {expected}"))
            })?
            .into(),
        Some(other) => return Err(invalid("query", "a string", Some(&other))),
    };
    queries.splice(0..0, query.clone().filter(|text| !text.trim().is_empty()));
    let server = fields.name("server")?;
    let limit = fields.count("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT);
    let max = fields.count("descriptionMaxLength", 0..=100_000)?.unwrap_or(DESCRIPTION_MAX);
    fields.finish(&[
        "query",
        "queries",
        "server",
        "limit",
        "descriptionMaxLength",
        "outputFormat",
    ])?;
    if queries.len() > QUERIES_MAX {
        let message = format!("`queries` must have at most {QUERIES_MAX} texts");
        let expected = format!("an array of at most {QUERIES_MAX} strings");
        return Err(wrong("queries", &expected, message));
    }
    let world = &context.world;
    if let Some(server) = &server {
        context.known_server(server)?;
    }
    let tools = &world.catalog.tools;
    let entries = tools.entries();
    let may = |index: usize| {
        let entry = &entries[index];
        server.as_deref().is_none_or(|name| entry.server.name.as_str() == name)
            && context.may_see(entry)
    };
    let words: Vec<&str> = queries.iter().map(String::as_str).collect();
    let limit_ = usize::try_from(limit).unwrap_or(usize::MAX);
    let index =
        world.catalog.index().await.ok_or_else(|| {
            ToolError::new("server_unavailable", "callmux is ending; search again")
        })?;
    let found = index.search(&words, limit_, may);
    let results = found.hits.iter().map(|hit| {
        let entry = &entries[hit.document];
        let text = object::get(&entry.item.definition, "description").and_then(object::string);
        let schema = prepare::schema(&entry.item).unwrap_or_default();
        result(&entry.shown, &schema, &text.unwrap_or_default(), max)
    });
    let results: Vec<Json> = results.collect();
    Ok(answer(query, server, context.tools_seen(), found.count, results))
}

/// One tool that was found. `max`: characters of the description; 0: all.
fn result(name: &str, schema: &Json, description: &str, max: u64) -> Json {
    let mut members = vec![("tool", name.into()), ("signature", signature("", schema).into())];
    let text = cut(&in_one_line(description), max);
    if !text.is_empty() {
        members.push(("description", text.into()));
    }
    Json::object(members)
}

fn answer(
    query: Option<String>,
    server: Option<String>,
    total: usize,
    found: usize,
    results: Vec<Json>,
) -> Json {
    let mut members = Vec::new();
    members.extend(query.map(|query| ("query", query.into())));
    members.extend(server.map(|server| ("server", server.into())));
    members.push(("totalTools", total.into()));
    members.push(("found", found.into()));
    members.push(("results", Json::Array(results)));
    Json::object(members)
}

/// About how many tokens the answer to a query has, for these tools: name, schema, description.
pub fn answer_tokens(query: &str, total: usize, tools: &[(&str, &Json, &str)]) -> usize {
    let results = tools
        .iter()
        .map(|(name, schema, description)| result(name, schema, description, DESCRIPTION_MAX));
    let results: Vec<Json> = results.collect();
    let answer = answer(Some(query.to_owned()), None, total, results.len(), results);
    estimate(&answer.to_string())
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
