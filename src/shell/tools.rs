//! `callmux tools`.

use std::borrow::Cow;
use std::collections::HashSet;

use super::args_lists::{ListingArgs, ToolsArgs, ToolsVerb};
use super::mirror::Mirror;
use super::talk::{Answered, Talk};
use super::trouble::Trouble;
use super::wanted::{self, Further};
use super::{call, desk};
use crate::base::quoted;
use crate::compression::first_sentence;
use crate::compression::signature::signature;
use crate::json::Json;
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};
use crate::wire::{ListKind, object};

/// What the names of our own tools begin with: in a shell, verbs have their place.
const OWN: &str = "callmux_";

/// Lists tools, finds them, or shows one.
pub fn tools(args: &ToolsArgs) -> Exit {
    let done = match &args.verb {
        None | Some(ToolsVerb::List) => list(args),
        Some(ToolsVerb::Search { query, limit }) => search(args, &query.join(" "), *limit),
        Some(ToolsVerb::Show { name }) => show(args, name),
    };
    done.unwrap_or_else(|trouble| trouble.tell())
}

/// Of an item: the text of this member, in one line.
pub(super) fn text(item: &str, member: &'static str) -> String {
    let text = object::get(item, member).and_then(object::string).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What an item is, in a sentence.
pub(super) fn described(item: &str) -> String {
    let description = text(item, "description");
    let title = text(item, "title");
    if description.is_empty() { title } else { first_sentence(&description).to_owned() }
}

/// The look of a row: the name stands out.
pub(super) fn look(column: usize, _: &str) -> Style {
    if column == 0 { Style::Bold } else { Style::Plain }
}

/// A JSON array of JSON texts.
pub(super) fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

fn list(args: &ToolsArgs) -> Result<Exit, Trouble> {
    let mirror = Mirror::new("callmux tools", false);
    let listed = desk::run(&args.reach, async |talk| {
        let of_server = match &args.listing.server {
            Some(server) => Some(names(talk, server, &mirror).await?),
            None => None,
        };
        let mut found = Vec::new();
        wanted::each(talk, ListKind::Tools, &mirror, |tool| {
            let name = object::get(tool, "name").and_then(object::string).unwrap_or_default();
            let is_wanted = match &of_server {
                Some(names) => names.contains(&*name),
                None => !name.starts_with(OWN),
            };
            if is_wanted {
                found.push(tool.to_owned());
            }
            Further::On
        })
        .await?;
        Ok(found)
    })?;
    put(&listed, &args.listing, ["TOOL", "WHAT IT DOES"], |tool| {
        [text(tool, "name"), described(tool)]
    });
    Ok(Exit::Fine)
}

/// Prints a list.
pub(super) fn put<const N: usize>(
    items: &[String],
    listing: &ListingArgs,
    headings: [&str; N],
    row: impl Fn(&str) -> [String; N],
) {
    if listing.json {
        print::json(&array(items));
    } else if !items.is_empty() {
        let rows: Vec<[String; N]> = items.iter().map(|item| row(item)).collect();
        print::table(headings, &rows, look, &[]);
    }
}

/// The names of a server's tools, as they are listed.
async fn names(
    talk: &mut Talk,
    server: &str,
    mirror: &Mirror<'_>,
) -> Result<HashSet<String>, Trouble> {
    let asked = Json::object([("server", server.into()), ("recommendations", false.into())]);
    let status = structured(call::tool(talk, "callmux_status", &asked, mirror).await?)?;
    let servers = object::get(&status, "servers").and_then(object::items).unwrap_or_default();
    let tools = servers.iter().filter_map(|server| object::get(server, "tools"));
    let names = tools.filter_map(object::items).flatten().filter_map(object::string);
    Ok(names.map(Cow::into_owned).collect())
}

/// What one of our own tools answers, as JSON.
pub(super) fn structured(answered: Answered) -> Result<String, Trouble> {
    match answered {
        Answered::Error(error) => Err(Trouble::refused(&error)),
        Answered::Result(result) => {
            let payload = object::get(&result, "structuredContent").unwrap_or("{}");
            if object::get(&result, "isError") != Some("true") {
                return Ok(payload.to_owned());
            }
            let error = object::get(payload, "error").unwrap_or("{}");
            let message = object::get(error, "message").and_then(object::string);
            let message = message.unwrap_or_default().into_owned();
            Err(Trouble::Refused { message, exit: Exit::Usage })
        }
    }
}

fn search(args: &ToolsArgs, query: &str, limit: u64) -> Result<Exit, Trouble> {
    let mirror = Mirror::new("callmux tools", false);
    let mut asked = vec![("query", query.into()), ("limit", limit.into())];
    asked.extend(args.listing.server.as_deref().map(|server| ("server", server.into())));
    asked.push(("descriptionMaxLength", 0_u64.into()));
    let asked = Json::object(asked);
    let answered = desk::run(&args.reach, async |talk| {
        call::tool(talk, "callmux_search_tools", &asked, &mirror).await
    });
    let found = structured(answered?)?;
    let results = object::get(&found, "results").unwrap_or("[]");
    let items: Vec<String> =
        object::items(results).unwrap_or_default().into_iter().map(str::to_owned).collect();
    if items.is_empty() && !args.listing.json {
        print::note(&format!("no tool is about `{}`", quoted(query)));
    }
    put(&items, &args.listing, ["TOOL", "WHAT IT DOES"], |tool| {
        [text(tool, "tool"), first_sentence(&text(tool, "description")).to_owned()]
    });
    Ok(if items.is_empty() { Exit::Failed } else { Exit::Fine })
}

fn show(args: &ToolsArgs, name: &str) -> Result<Exit, Trouble> {
    let mirror = Mirror::new("callmux tools", false);
    let name = match &args.listing.server {
        Some(server) => format!("{server}__{name}"),
        None => name.to_owned(),
    };
    let found = desk::run(&args.reach, async |talk| wanted::tool(talk, &name, &mirror).await)?;
    let Some(tool) = found else {
        return Err(Trouble::Usage(format!(
            "unknown tool: {}; `callmux tools search WORDS` finds tools by what they do",
            quoted(&name)
        )));
    };
    if args.listing.json {
        print::json(&tool.to_string());
    } else {
        show_tool(&tool);
    }
    Ok(Exit::Fine)
}

fn show_tool(tool: &Json) {
    let text = |name: &str| tool.get(name).and_then(Json::as_str).unwrap_or_default();
    let schema = tool.get("inputSchema").cloned().unwrap_or_default();
    print::styled(&[(Style::Bold, signature(text("name"), &schema))]);
    for part in [text("title"), text("description")].into_iter().filter(|part| !part.is_empty()) {
        print::lines(part);
    }
    let hints = tool.get("annotations");
    let says = |hint: &str| hints.and_then(|hints| hints.get(hint)).and_then(Json::as_bool);
    if says("readOnlyHint") == Some(true) {
        print::line("It says that it changes nothing.");
    } else if says("destructiveHint") == Some(true) {
        print::line("It says that it may destroy something.");
    }
    let required = schema.get("required").and_then(Json::as_array).unwrap_or_default();
    let is_required = |name: &str| required.iter().any(|one| one.as_str() == Some(name));
    let properties = schema.get("properties").and_then(Json::as_object).unwrap_or_default();
    let row = |(name, property): &(String, Json)| {
        let kind = match property.get("type") {
            Some(Json::String(kind)) => kind.clone(),
            Some(Json::Array(kinds)) => {
                kinds.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" or ")
            }
            _ => "any".to_owned(),
        };
        let needed = if is_required(name) { "yes" } else { "no" };
        let description = property.get("description").and_then(Json::as_str).unwrap_or_default();
        let description = description.split_whitespace().collect::<Vec<_>>().join(" ");
        [name.clone(), kind, needed.to_owned(), description]
    };
    let rows: Vec<[String; 4]> = properties.iter().map(row).collect();
    if !rows.is_empty() {
        print::line("");
        print::table(["ARGUMENT", "TYPE", "NEEDED", "WHAT IT IS"], &rows, look, &[]);
    }
}
