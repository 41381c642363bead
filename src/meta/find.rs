//! `callmux_search_tools`: tools found by what they do.

use super::inner::{Context, known_server};
use super::input::Fields;
use super::status::cut;
use crate::json::Json;
use crate::mux::{Outlet, ToolError, prepare};
use crate::render::signature::signature;
use crate::wire::object;

const LIMIT: u64 = 5;
const LIMIT_MAX: u64 = 50;
const QUERIES_MAX: usize = 10;
/// How much of each description is shown unless the call says otherwise, in characters.
const DESCRIPTION_MAX: u64 = 80;

pub(super) fn search_tools<O: Outlet>(
    context: &Context<'_, O>,
    fields: &mut Fields,
) -> Result<Json, ToolError> {
    let mut queries = fields.texts("queries")?;
    let query = match fields.take("query") {
        // Everything, in the order of the names.
        None => None,
        Some(Json::String(text)) => Some(text),
        Some(other) => return Err(super::input::invalid("query", "a string", Some(&other))),
    };
    queries.splice(0..0, query.clone().filter(|text| !text.trim().is_empty()));
    let server = fields.text("server")?;
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
        let details = Json::object([
            ("field", "queries".into()),
            ("expected", format!("an array of at most {QUERIES_MAX} strings").into()),
        ]);
        return Err(ToolError::new("invalid_arguments", message).with(details));
    }
    let world = &context.world;
    if let Some(server) = &server {
        known_server(world, server)?;
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
    let found = world.catalog.index().search(&words, limit_, may);
    let results = found.hits.iter().map(|hit| {
        let entry = &entries[hit.document];
        let text = object::get(&entry.item.definition, "description").and_then(object::string);
        let mut members = vec![("tool", (&*entry.shown).into())];
        let schema = prepare::schema(&entry.item).unwrap_or_default();
        members.push(("signature", signature("", &schema).into()));
        let text = text.map(|text| cut(&in_one_line(&text), max));
        members
            .extend(text.filter(|text| !text.is_empty()).map(|text| ("description", text.into())));
        Json::object(members)
    });
    let results: Vec<Json> = results.collect();
    let mut members = Vec::new();
    members.extend(query.map(|query| ("query", query.into())));
    members.extend(server.map(|server| ("server", server.into())));
    members.push(("totalTools", tools.len().into()));
    members.push(("found", found.count.into()));
    members.push(("results", Json::Array(results)));
    Ok(Json::object(members))
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
