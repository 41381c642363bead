//! How what a meta-tool found out is written for its client.

use super::inner::{Context, Ended, is_error};
use crate::config::View;
use crate::json::Json;
use crate::mux::shield::{self, Reader};
use crate::mux::{Outlet, ToolError, prepare};
use crate::render::format;
use crate::wire::Era;

/// The least of each result that stays where all together are too large, in bytes.
const SHARE_MIN: usize = 512;

impl<O: Outlet> Context<'_, O> {
    pub(super) fn view(&self) -> &View {
        self.call.view(&self.world.config)
    }

    /// Who reads what comes back.
    pub(super) fn reader(&self, tool: &str) -> Reader {
        let view = self.view();
        Reader {
            owner: prepare::owner(&self.call.principal),
            format: self.format.unwrap_or(view.output_format),
            max_result: view.max_result,
            tool: tool.into(),
            server: None,
            results: self.hub.results.clone(),
        }
    }

    /// The result of `tools/call` with this payload.
    pub(super) fn payload(&self, payload: Json) -> Json {
        let view = self.view();
        let text = format::text(&payload, self.format.unwrap_or(view.output_format));
        let text = Json::object([("type", "text".into()), ("text", text.into())]);
        let mut members = Vec::new();
        if self.call.era == Era::Modern {
            members.push(("resultType", "complete".into()));
        }
        members.push(("content", Json::Array(vec![text])));
        if view.structured_content {
            members.push(("structuredContent", payload));
        }
        Json::object(members)
    }

    /// The result of `tools/call` for an error. Errors are JSON, whatever the format.
    pub(super) fn error(&self, error: &ToolError) -> Json {
        error.result(self.call.era, self.view().structured_content)
    }

    /// The payload with its largest results kept and shortened, if it is larger than the client
    /// wants. `list`: the member that holds the entries.
    pub(super) async fn fitting(&self, payload: Json, list: &'static str, tool: &str) -> Json {
        let reader = self.reader(tool);
        if reader.max_result == 0 || payload.len() <= reader.max_result {
            return payload;
        }
        // The calls were made: whatever becomes of the work, what they brought is told.
        let whole = payload.clone();
        let work = move || fitted(&reader, payload, list);
        shield::beside(work).await.unwrap_or(whole)
    }
}

/// The members `result` or `error` (and `details`) of an entry that stands for a call.
pub(super) fn described(ended: &Ended) -> Vec<(&'static str, Json)> {
    let mut members = match &ended.result {
        Ok(result) => vec![("result", embedded(result))],
        Err(error) => {
            let mut members = vec![("error", Json::from(error.message.as_str()))];
            let code = [("code".to_owned(), Json::from(error.code))];
            let details = match error.details.clone() {
                Some(Json::Object(details)) => details,
                _ => Vec::new(),
            };
            let details = code.into_iter().chain(details).collect();
            members.push(("details", Json::Object(details)));
            members
        }
    };
    members.extend(ended.misfit.clone().map(|misfit| ("misfit", misfit)));
    members
}

fn fitted(reader: &Reader, mut payload: Json, list: &str) -> Json {
    if let Json::Object(members) = &mut payload
        && let Some((_, Json::Array(entries))) = members.iter_mut().find(|(name, _)| name == list)
    {
        let share = (reader.max_result / 2 / entries.len().max(1)).max(SHARE_MIN);
        for entry in entries {
            shorten(reader, entry, "result", share);
        }
    }
    shorten(reader, &mut payload, "finalResult", reader.max_result / 2);
    payload
}

/// Replaces a member by its beginning and the way to the rest, if it is larger than its share.
fn shorten(reader: &Reader, entry: &mut Json, name: &str, share: usize) {
    let Json::Object(members) = entry else { return };
    let Some((_, value)) = members.iter_mut().find(|(member, _)| member == name) else { return };
    let len = value.len();
    if len <= share || is_error(value) || has_binary(value) {
        return;
    }
    let data = if value.get("content").is_some() { shield::data(value) } else { value.clone() };
    let reference = shield::store(reader, &data);
    let short = shield::envelope(reader, &data, reference.as_deref(), len, share / 2);
    if short.len() < len {
        *value = short;
    }
}

/// Whether a result holds images or sound.
fn has_binary(result: &Json) -> bool {
    let content = result.get("content").and_then(Json::as_array).unwrap_or_default();
    content.iter().any(|item| {
        matches!(item.get("type").and_then(Json::as_str), Some("image" | "audio" | "resource"))
    })
}

/// A result inside of a payload: what it says, without the wrapping where that says nothing.
pub(super) fn embedded(result: &Json) -> Json {
    let content = result.get("content").and_then(Json::as_array).unwrap_or_default();
    let only_text = match content {
        [item] if item.get("annotations").is_none() && item.get("_meta").is_none() => {
            item.get("text").and_then(Json::as_str)
        }
        _ => None,
    };
    let (Some(text), None) = (only_text, result.get("_meta")) else { return result.clone() };
    let parsed = Json::parse(text).ok();
    match result.get("structuredContent") {
        Some(structured) if parsed.as_ref().is_some_and(|text| text.is_equivalent(structured)) => {
            let mut members = vec![("structuredContent", structured.clone())];
            if is_error(result) {
                members.push(("isError", true.into()));
            }
            Json::object(members)
        }
        Some(_) => result.clone(),
        None if is_error(result) => {
            Json::object([("error", text.into()), ("isError", true.into())])
        }
        None => parsed.unwrap_or_else(|| text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, embedded};

    #[test]
    fn results_lose_their_wrapping_where_it_says_nothing() {
        let check = |result: &str, expected: &str| {
            let result = Json::parse(result).unwrap();
            assert_eq!(embedded(&result).to_string(), expected);
        };
        let text = |text: &str, more: &str| {
            format!(r#"{{"content":[{{"type":"text","text":{}}}]{more}}}"#, Json::from(text))
        };
        check(&text(r#"{"a":12345678901234567890}"#, ""), r#"{"a":12345678901234567890}"#);
        check(&text("plain", ""), "\"plain\"");
        check(&text("no", r#","isError":true"#), r#"{"error":"no","isError":true}"#);
        let both = text(r#"{"a":1}"#, r#","structuredContent":{"a":1}"#);
        check(&both, r#"{"structuredContent":{"a":1}}"#);
        let other = text("one a", r#","structuredContent":{"a":1}"#);
        check(&other, &other);
        let image = r#"{"content":[{"type":"image","data":"AA==","mimeType":"image/png"}]}"#;
        check(image, image);
        let with_meta = text("x", r#","_meta":{"k":1}"#);
        check(&with_meta, &with_meta);
    }
}
