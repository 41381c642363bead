//! `callmux resources`.

use std::path::Path;

use super::args_lists::{ResourcesArgs, ResourcesVerb};
use super::desk;
use super::mirror::Mirror;
use super::show::{self, Pieces};
use super::talk::{Answered, Talk};
use super::tools::{array, described, look, text};
use super::trouble::Trouble;
use super::wanted::{self, Further};
use crate::json::Json;
use crate::terminal::{Exit, print};
use crate::wire::{ListKind, Method, object};

/// Lists resources, or reads one.
pub fn resources(args: &ResourcesArgs) -> Exit {
    let done = match &args.verb {
        None | Some(ResourcesVerb::List) => list(args),
        Some(ResourcesVerb::Read { uri, out }) => read(args, uri, out.as_deref()),
    };
    done.unwrap_or_else(|trouble| trouble.tell())
}

async fn all(talk: &mut Talk, kind: ListKind, mirror: &Mirror<'_>) -> Result<Vec<String>, Trouble> {
    let mut found = Vec::new();
    wanted::each(talk, kind, mirror, |item| {
        found.push(item.to_owned());
        Further::On
    })
    .await?;
    Ok(found)
}

fn list(args: &ResourcesArgs) -> Result<Exit, Trouble> {
    let mirror = Mirror::new("callmux resources", false);
    let (resources, templates) = desk::run(&args.reach, async |talk| {
        let resources = all(talk, ListKind::Resources, &mirror).await?;
        Ok((resources, all(talk, ListKind::Templates, &mirror).await?))
    })?;
    if args.json {
        let (resources, templates) = (array(&resources), array(&templates));
        print::json(&format!(r#"{{"resources":{resources},"resourceTemplates":{templates}}}"#));
        return Ok(Exit::Fine);
    }
    let row = |uri: &'static str| {
        move |item: &String| {
            let mime = Some(text(item, "mimeType")).filter(|mime| !mime.is_empty());
            let said = Some(described(item)).filter(|said| !said.is_empty());
            let said = said.unwrap_or_else(|| text(item, "name"));
            [text(item, uri), mime.unwrap_or_else(|| "-".to_owned()), said]
        }
    };
    let rows: Vec<[String; 3]> =
        resources.iter().map(row("uri")).chain(templates.iter().map(row("uriTemplate"))).collect();
    if !rows.is_empty() {
        print::table(["URI", "TYPE", "WHAT IT IS"], &rows, look, &[1]);
    }
    Ok(Exit::Fine)
}

fn read(args: &ResourcesArgs, uri: &str, out: Option<&Path>) -> Result<Exit, Trouble> {
    let mirror = Mirror::new(uri, false);
    let params = Json::object([("uri", uri.into())]);
    let answered = desk::run(&args.reach, async |talk| {
        talk.ask(Method::ResourcesRead.as_str(), &params.to_string(), &mirror).await
    })?;
    let result = match &answered {
        Answered::Error(error) => return Ok(show::error(error, args.json)),
        Answered::Result(result) if args.json => {
            print::json(result);
            return Ok(Exit::Fine);
        }
        Answered::Result(result) => result,
    };
    let mut pieces = Pieces::default();
    for content in object::get(result, "contents").and_then(object::items).unwrap_or_default() {
        pieces.take(content);
    }
    let name = uri.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(uri);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = if stem.is_empty() { "resource" } else { stem };
    show::put(show::joined(&pieces.texts), &pieces.data, out, stem)?;
    Ok(Exit::Fine)
}
