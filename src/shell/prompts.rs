//! `callmux prompts`.

use std::path::Path;

use super::args_lists::{PromptsArgs, PromptsVerb};
use super::given::Given;
use super::mirror::Mirror;
use super::show::{self, Pieces};
use super::talk::Answered;
use super::tools::{described, put, text};
use super::trouble::Trouble;
use super::wanted::{self, Further};
use super::{desk, typed};
use crate::json::Json;
use crate::terminal::{Exit, print};
use crate::wire::{ListKind, Method, object};

/// Lists prompts, or gets one.
pub fn prompts(args: &PromptsArgs) -> Exit {
    let done = match &args.verb {
        None | Some(PromptsVerb::List) => list(args),
        Some(PromptsVerb::Get { name, words, out }) => get(args, name, words, out.as_deref()),
    };
    done.unwrap_or_else(|trouble| trouble.tell())
}

fn list(args: &PromptsArgs) -> Result<Exit, Trouble> {
    let mirror = Mirror::new("callmux prompts", false);
    let start = args.listing.server.as_ref().map(|server| format!("{server}__"));
    let listed = desk::run(&args.reach, async |talk| {
        let mut found = Vec::new();
        wanted::each(talk, ListKind::Prompts, &mirror, |prompt| {
            if start.as_ref().is_none_or(|start| text(prompt, "name").starts_with(start)) {
                found.push(prompt.to_owned());
            }
            Further::On
        })
        .await?;
        Ok(found)
    })?;
    put(&listed, &args.listing, ["PROMPT", "ARGUMENTS", "WHAT IT IS"], |prompt| {
        [text(prompt, "name"), arguments(prompt), described(prompt)]
    });
    Ok(Exit::Fine)
}

/// The names of a prompt's arguments; those that may be left out in brackets.
fn arguments(prompt: &str) -> String {
    let arguments = object::get(prompt, "arguments").and_then(object::items).unwrap_or_default();
    let shown = arguments.iter().map(|argument| {
        let name = text(argument, "name");
        let is_required = object::get(argument, "required") == Some("true");
        if is_required { name } else { format!("[{name}]") }
    });
    let shown = shown.collect::<Vec<_>>().join(" ");
    if shown.is_empty() { "-".to_owned() } else { shown }
}

fn get(
    args: &PromptsArgs,
    name: &str,
    words: &[String],
    out: Option<&Path>,
) -> Result<Exit, Trouble> {
    let arguments = typed::arguments(Given::read(words)?, None)?;
    let name = match &args.listing.server {
        Some(server) => format!("{server}__{name}"),
        None => name.to_owned(),
    };
    let mirror = Mirror::new(&name, false);
    let params = Json::object([("name", name.as_str().into()), ("arguments", arguments)]);
    let answered = desk::run(&args.reach, async |talk| {
        talk.ask(Method::PromptsGet.as_str(), &params.to_string(), &mirror).await
    })?;
    let result = match &answered {
        Answered::Error(error) => return Ok(show::error(error, args.listing.json)),
        Answered::Result(result) if args.listing.json => {
            print::json(result);
            return Ok(Exit::Fine);
        }
        Answered::Result(result) => result,
    };
    let mut pieces = Pieces::default();
    for message in object::get(result, "messages").and_then(object::items).unwrap_or_default() {
        let content = object::get(message, "content").unwrap_or_default();
        // Of one block, or a list of them.
        for block in object::items(content).unwrap_or_else(|| vec![content]) {
            pieces.take(block);
        }
    }
    show::put(show::joined(&pieces.texts), &pieces.data, out, &name)?;
    Ok(Exit::Fine)
}
