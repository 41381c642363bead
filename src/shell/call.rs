//! `callmux call`.

use super::args::CallArgs;
use super::given::Given;
use super::mirror::Mirror;
use super::talk::{Answered, Talk};
use super::trouble::Trouble;
use super::{desk, show, typed, wanted};
use crate::json::Json;
use crate::terminal::Exit;
use crate::wire::Method;

/// What progress of our only call is told under.
const PROGRESS_TOKEN: &str = "call";

/// Calls a tool.
pub fn call(args: &CallArgs) -> Exit {
    made(args).unwrap_or_else(|trouble| trouble.tell())
}

fn made(args: &CallArgs) -> Result<Exit, Trouble> {
    let given = Given::read(&args.words)?;
    let name = match &args.server {
        Some(server) => format!("{server}__{}", args.tool),
        None => args.tool.clone(),
    };
    let mirror = Mirror::new(&name, args.output.progress);
    let answered = desk::run(&args.reach, async |talk| {
        let (name, arguments) = prepared(talk, &name, given, &mirror).await?;
        tool(talk, &name, &arguments, &mirror).await
    });
    mirror.end();
    show::answer(&answered?, &args.output, &name)
}

/// Makes the call.
pub(super) async fn tool(
    talk: &mut Talk,
    name: &str,
    arguments: &Json,
    mirror: &Mirror<'_>,
) -> Result<Answered, Trouble> {
    let mut params = vec![("name", name.into()), ("arguments", arguments.clone())];
    if mirror.shows_progress() {
        params.push(("_meta", Json::object([("progressToken", PROGRESS_TOKEN.into())])));
    }
    talk.ask(Method::ToolsCall.as_str(), &Json::object(params).to_string(), mirror).await
}

/// The tool as it is listed, and its arguments. It is looked up where words need its schema, and where its
/// name does not say whose it is: a daemon that has just come back does not know that yet.
async fn prepared(
    talk: &mut Talk,
    name: &str,
    given: Given,
    mirror: &Mirror<'_>,
) -> Result<(String, Json), Trouble> {
    if given.texts.is_empty() && name.contains("__") {
        return Ok((name.to_owned(), typed::arguments(given, None)?));
    }
    let definition = wanted::tool(talk, name, mirror).await?;
    let (listed, schema) = match &definition {
        Some(tool) => (tool.get("name").and_then(Json::as_str), tool.get("inputSchema")),
        None => (None, None),
    };
    Ok((listed.unwrap_or(name).to_owned(), typed::arguments(given, schema)?))
}
