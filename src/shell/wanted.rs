//! What the daemon lists.

use super::mirror::Mirror;
use super::talk::{Answered, Talk};
use super::trouble::Trouble;
use crate::json::Json;
use crate::wire::{ListKind, object};

/// Pages that are read at the most.
const PAGES_MAX: usize = 1000;

/// Whether a list is read on.
pub(super) enum Further {
    On,
    Enough,
}

/// Shows each item of a list, as its JSON text, until that was enough.
pub(super) async fn each(
    talk: &mut Talk,
    kind: ListKind,
    mirror: &Mirror<'_>,
    mut look: impl FnMut(&str) -> Further,
) -> Result<(), Trouble> {
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let params = cursor.map_or_else(|| "{}".to_owned(), |it| format!(r#"{{"cursor":{it}}}"#));
        let page = match talk.ask(kind.method(), &params, mirror).await? {
            Answered::Result(page) => page,
            Answered::Error(error) => return Err(Trouble::refused(&error)),
        };
        let items = object::get(&page, kind.member()).and_then(object::items).unwrap_or_default();
        for item in items {
            if matches!(look(item), Further::Enough) {
                return Ok(());
            }
        }
        let next = object::get(&page, "nextCursor").filter(|cursor| *cursor != "null");
        match next {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(()),
        }
    }
    Ok(())
}

/// The definition of a tool, by its name or by the name that a single server gives it.
pub(super) async fn tool(
    talk: &mut Talk,
    name: &str,
    mirror: &Mirror<'_>,
) -> Result<Option<Json>, Trouble> {
    let (mut exact, mut by_server) = (None, Vec::new());
    each(talk, ListKind::Tools, mirror, |tool| {
        let shown = object::get(tool, "name").and_then(object::string).unwrap_or_default();
        if shown == name {
            exact = Some(tool.to_owned());
            return Further::Enough;
        }
        if shown.split_once("__").is_some_and(|(_, own)| own == name) {
            by_server.push(tool.to_owned());
        }
        Further::On
    })
    .await?;
    let only = if by_server.len() == 1 { by_server.pop() } else { None };
    Ok(exact.or(only).and_then(|tool| Json::parse(&tool).ok()))
}
