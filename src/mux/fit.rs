//! Phase 9 of a call: the result as its client is to read it.

use super::call::Call;
use super::hub::Hub;
use super::prepare::owner;
use crate::base::large;
use crate::json::Doc;
use crate::render::TextFormat;
use crate::representation::{FitLimits, Reader, result_for};
use crate::servers::Item;
use crate::settings::{ServerConfig, View};
use crate::targets::locate::Located;
use crate::wire::{Kind, Message, Payload, translate};

/// The limits of a client with this view. `None`: the result is not to be touched.
pub(super) fn limits<'a>(view: &View, located: &'a Located<'_>) -> Option<FitLimits<'a>> {
    limits_of(view, &located.server.config, located.item?)
}

/// The limits of a client with this view for a tool. `None`: its results are not to be touched.
pub fn limits_of<'a>(view: &View, config: &ServerConfig, item: &'a Item) -> Option<FitLimits<'a>> {
    if item.has_output_schema {
        return None;
    }
    let is_whole = config.policy.whole_results.allow(&item.name);
    let max_result = config.policy.max_result.unwrap_or(view.max_result);
    let format = match view.output_format {
        TextFormat::Json if is_whole => TextFormat::Verbatim,
        other => other,
    };
    let max_result = if is_whole || view.is_whole { 0 } else { max_result };
    Some(FitLimits { format, max_result, definition: &item.definition })
}

/// Who reads a call's result within these limits.
pub(super) fn reader(
    limits: FitLimits<'_>,
    hub: &Hub,
    call: &Call,
    located: &Located<'_>,
) -> Reader {
    Reader {
        owner: owner(&call.caller.principal),
        format: limits.format(),
        max_result: limits.max_result,
        tool: located.shown.clone(),
        server: Some(located.server.name.clone()),
        results: hub.results.clone(),
    }
}

/// The response with its result as the reader wants it.
pub(super) async fn response(reader: Reader, response: Payload) -> Payload {
    let bytes = response.into_bytes();
    let original = bytes.clone();
    let work = move || {
        let message = Message::parse(&bytes).ok()?;
        let Kind::Result { result: at, .. } = message.kind() else { return None };
        let result = Doc::read(message.shared(*at)).ok()?;
        let result = result_for(&reader, result.root(), message.at(*at).len())?;
        Some(translate::result(message.id().unwrap_or("null"), &result))
    };
    let done = large::beside(original.len(), work).await;
    done.flatten().unwrap_or_else(|| original.into())
}
