//! `callmux_search_tools`: tools found by what they do.

use super::inner::Context;
use super::input::Fields;
use super::overview::cut;
use super::refusal::{invalid, wrong};
use crate::base::ServerName;
use crate::base::quote::beginning;
use crate::compression::signature::signature_within;
use crate::instructions::servers::rest;
use crate::json::Json;
use crate::mux::{Outlet, prepare};
use crate::render::tokens::estimate;
use crate::replies::ToolError;
use crate::servers::Server;
use crate::settings::Menu;
use crate::wire::object;
use crate::world::instructions;

const LIMIT: u64 = 5;
const LIMIT_MAX: u64 = 50;
const QUERIES_MAX: usize = 10;
/// Tools of all queries of a search together.
const RESULTS_MAX: usize = 100;
/// Bytes of a query at the most.
const QUERY_MAX: usize = 4096;
/// How much of each description is shown unless the call says otherwise, in characters.
const DESCRIPTION_MAX: u64 = 80;
/// And of each signature, in bytes: what a call of the tool finds wrong tells the rest.
const SIGNATURE_MAX: usize = 280;
/// How much of a query that no tool fits is told, in characters.
const QUERY_SHOWN_MAX: usize = 60;

/// What a search found, for a model and for a program.
pub(super) struct SearchAnswer {
    /// A line for each tool: `name(signature) — description`.
    pub(super) lines: String,
    pub(super) payload: Json,
}

pub(super) async fn search_tools<O: Outlet>(
    context: &Context<'_, O>,
    fields: &mut Fields,
) -> Result<SearchAnswer, ToolError> {
    let queries = queries(fields)?;
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
    // However many queries: an answer has no more tools than a model reads.
    let most = RESULTS_MAX / words.len().max(1);
    let limit_ = usize::try_from(limit).unwrap_or(usize::MAX).min(most);
    let index =
        world.catalog.index().await.ok_or_else(|| {
            ToolError::new("server_unavailable", "callmux is ending; search again")
        })?;
    let found = index.search(&words, limit_, may);
    let tools = found.hits.iter().map(|hit| {
        let entry = &entries[hit.document];
        let text = object::get(&entry.item.definition, "description").and_then(object::string);
        let schema = prepare::schema(&entry.item).unwrap_or_default();
        FoundTool::new(&entry.shown, &schema, &text.unwrap_or_default(), max)
    });
    let tools: Vec<FoundTool> = tools.collect();
    let unmatched: Vec<&str> = found.unmatched.iter().map(|place| words[*place]).collect();
    let first = found.hits.first().map(|hit| &entries[hit.document].server);
    let mut answer = SearchAnswer {
        lines: lines(&tools, found.count, context.tools_seen(), &unmatched),
        payload: payload(&tools, found.count, context.tools_seen(), &unmatched),
    };
    if let Some((server, said)) = first.and_then(|server| said_by(context, server)) {
        answer.lines += &format!("\n# {server}, what its tools are to be used like:\n{said}");
        if let Json::Object(members) = &mut answer.payload {
            let said = [(server.as_str(), said.as_str().into())];
            members.push(("instructions".to_owned(), Json::object(said)));
        }
    }
    Ok(answer)
}

/// What is looked for; nothing: everything, in the order of the names.
fn queries(fields: &mut Fields) -> Result<Vec<String>, ToolError> {
    let mut queries = fields.texts("queries")?;
    let query = match fields.take("query") {
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
    queries.splice(0..0, query.filter(|text| !text.trim().is_empty()));
    Ok(queries)
}

/// What a server wants agents to know beyond what they were told at the beginning, the first time that a session finds
/// a tool of it.
fn said_by<'a, O: Outlet>(
    context: &Context<'_, O>,
    server: &'a Server,
) -> Option<(&'a ServerName, String)> {
    let hides = context.menu().is_some_and(Menu::hides);
    let said = instructions(server).filter(|_| hides && context.sees_server(&server.name))?;
    let rest = rest(&said);
    let is_new = !rest.is_empty() && context.call.caller.told.is_new(&server.name);
    is_new.then(|| (&server.name, rest.to_owned()))
}

/// A tool that was found, as it is told.
struct FoundTool {
    name: String,
    signature: String,
    description: String,
}

impl FoundTool {
    /// `max`: characters of the description; 0: all.
    fn new(name: &str, schema: &Json, description: &str, max: u64) -> Self {
        Self {
            name: name.to_owned(),
            signature: signature_within("", schema, SIGNATURE_MAX),
            description: cut(&in_one_line(description), max),
        }
    }
}

fn lines(tools: &[FoundTool], count: usize, total: usize, unmatched: &[&str]) -> String {
    let mut out = String::new();
    for query in unmatched {
        let nearest = if tools.is_empty() { "." } else { "; what is nearest:" };
        let query = beginning(query, QUERY_SHOWN_MAX);
        out += &format!("No tool fits `{}`{nearest}\n", in_one_line(&query.to_string()));
    }
    for FoundTool { name, signature, description } in tools {
        let dash = if description.is_empty() { "" } else { " — " };
        out += &format!("{name}{signature}{dash}{description}\n");
    }
    let more = count.saturating_sub(tools.len());
    if more > 0 {
        out += &format!("{more} more match, of {total} tools.\n");
    }
    if out.is_empty() {
        out += &format!("No tool, of {total}.\n");
    }
    out.pop();
    out
}

/// `{totalTools, found, unmatched?, results: [{tool, signature, description?}]}`
fn payload(tools: &[FoundTool], count: usize, total: usize, unmatched: &[&str]) -> Json {
    let mut members = vec![("totalTools", total.into()), ("found", count.into())];
    if !unmatched.is_empty() {
        let told = unmatched.iter().map(|query| beginning(query, QUERY_SHOWN_MAX).to_string());
        members.push(("unmatched", told.map(Json::from).collect::<Vec<_>>().into()));
    }
    let results = tools.iter().map(|FoundTool { name, signature, description }| {
        let mut members =
            vec![("tool", name.as_str().into()), ("signature", signature.as_str().into())];
        if !description.is_empty() {
            members.push(("description", description.as_str().into()));
        }
        Json::object(members)
    });
    members.push(("results", Json::Array(results.collect())));
    Json::object(members)
}

/// About how many tokens the answer to a query has, for these tools: name, schema, description. `found`: how
/// many match, of `total`.
pub fn answer_tokens(found: usize, total: usize, tools: &[(&str, &Json, &str)]) -> usize {
    let tools = tools.iter().map(|(name, schema, description)| {
        FoundTool::new(name, schema, description, DESCRIPTION_MAX)
    });
    estimate(&lines(&tools.collect::<Vec<_>>(), found, total, &[]))
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
