//! `callmux_get_result`: the rest of a result that was too large.

use super::inner::Context;
use super::input::Fields;
use super::refusal::{invalid, wrong};
use crate::base::{large, quoted};
use crate::json::{Json, Path};
use crate::mux::{Outlet, prepare};
use crate::render::filter::Filter;
use crate::render::select::{SelectError, Selection, select};
use crate::replies::ToolError;

const LIMIT: u64 = 50;
const LIMIT_MAX: u64 = 100;
/// How large a reply is at the most, in bytes, and at the least whatever the client's limit.
const BUDGET: usize = 16 * 1024;
const BUDGET_MIN: usize = 2048;
/// How long a path may be, in bytes.
const PATH_MAX: usize = 4096;
/// What of a reply is about it, in bytes.
const ENVELOPE: usize = 256;

const KNOWN: &[&str] = &[
    "ref",
    "path",
    "offset",
    "limit",
    "fields",
    "search",
    "filter",
    "sort",
    "descending",
    "count",
    "outputFormat",
];

pub(super) async fn get_result<O: Outlet>(
    context: &Context<'_, O>,
    fields: &mut Fields,
) -> Result<Json, ToolError> {
    let reference = fields.needed_name("ref")?;
    let selection = selection(fields)?;
    let path = selection.path.to_string();
    fields.finish(KNOWN)?;
    let max = context.view().max_result;
    let budget = if max == 0 { BUDGET } else { max.clamp(BUDGET_MIN, BUDGET) } - ENVELOPE;
    let (results, owner) =
        (context.hub.results.clone(), prepare::owner(&context.call.caller.principal));
    let (wanted, bytes) = (reference.clone(), results.length(&owner, &reference));
    // Large data is read and walked through beside the loop that serves everybody.
    let work = move || {
        let stored = results.get(&owner, &wanted).map_err(|_| unknown(&wanted))?;
        let data = prepare::read(stored.data).map_err(|_| unknown(&wanted))?;
        let found = select(data.root(), &selection, budget);
        let found = found.map_err(|error| told(&error, &wanted, &path))?;
        Ok((stored.tool, found.into_json()))
    };
    let done = large::beside(bytes, work).await;
    let (tool, found) = done.unwrap_or_else(|| {
        Err(ToolError::new("tool_call_failed", "the daemon is being stopped"))
    })?;
    if !context.may_read_of(&tool) {
        return Err(unknown(&reference));
    }
    let mut members =
        vec![("ref".to_owned(), Json::from(reference)), ("tool".to_owned(), tool.into())];
    if let Json::Object(found) = found {
        members.extend(found);
    }
    Ok(Json::Object(members))
}

fn selection(fields: &mut Fields) -> Result<Selection, ToolError> {
    let count = |number: Option<u64>| number.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let path = path(fields, "path")?.unwrap_or_default();
    let offset = count(fields.count("offset", 0..=u64::MAX)?).unwrap_or(0);
    let limit = count(fields.count("limit", 0..=LIMIT_MAX)?);
    let filter = match fields.text("filter")? {
        None => None,
        Some(text) => Some(Filter::parse(&text).map_err(|error| {
            let expected = "a filter such as status == \"open\" and n > 3";
            let message = format!("`filter`: {error}");
            wrong("filter", expected, message)
        })?),
    };
    let sort = path_of_sort(fields)?;
    Ok(Selection {
        path,
        offset,
        limit: limit.unwrap_or(usize::try_from(LIMIT).unwrap_or(usize::MAX)),
        fields: fields.texts("fields")?,
        search: fields.text("search")?,
        filter,
        sort,
        count: fields.flag("count")?.unwrap_or(false),
    })
}

/// What to sort by; a minus before it turns the order round.
fn path_of_sort(fields: &mut Fields) -> Result<Option<(Path, bool)>, ToolError> {
    let is_descending = fields.flag("descending")?.unwrap_or(false);
    let Some(text) = fields.text("sort")? else { return Ok(None) };
    let (text, is_turned) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text.as_str(), false),
    };
    let path = Path::parse(text).map_err(|error| wrong_path("sort", &error))?;
    Ok(Some((path, is_descending || is_turned)))
}

fn path(fields: &mut Fields, name: &str) -> Result<Option<Path>, ToolError> {
    match fields.take(name) {
        None => Ok(None),
        Some(Json::String(text)) if text.len() <= PATH_MAX => {
            Path::parse(&text).map(Some).map_err(|error| wrong_path(name, &error))
        }
        Some(Json::String(_)) => {
            let expected = format!("a path of at most {PATH_MAX} bytes");
            Err(wrong(name, &expected, format!("`{name}` must be {expected}")))
        }
        Some(other) => Err(invalid(name, "a path such as \"items[0].name\"", Some(&other))),
    }
}

fn wrong_path(name: &str, error: &crate::json::PathError) -> ToolError {
    wrong(name, "a path such as \"items[0].name\"", format!("`{name}`: {error}"))
}

/// Somebody else's reference looks the same as one that never was.
fn unknown(reference: &str) -> ToolError {
    let shown = quoted(reference);
    let message = format!("there is no stored result `{shown}`; call the tool again");
    ToolError::new("result_not_found", message).with(Json::object([("ref", reference.into())]))
}

fn told(error: &SelectError, reference: &str, path: &str) -> ToolError {
    match error {
        SelectError::PathNotFound(_) => {
            let details = Json::object([("ref", reference.into()), ("path", path.into())]);
            ToolError::new("result_path_not_found", error.to_string()).with(details)
        }
        SelectError::Field { field, .. } => {
            let expected = "the name of a member, or a path to one";
            wrong("fields", expected, format!("`fields`, {field}: {error}"))
        }
        SelectError::NotApplicable { what, works_on, .. } => {
            wrong(what, &format!("data of type {works_on}"), error.to_string())
        }
    }
}
