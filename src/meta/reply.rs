//! How what a meta-tool found out is written for its client.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::inner::{Context, InnerEnd, is_error};
use crate::base::large;
use crate::json::{Doc, Json, Slice};
use crate::mux::{Outlet, prepare};
use crate::render::preview::shortened;
use crate::render::{TextFormat, format};
use crate::replies::ToolError;
use crate::representation::{Reader, envelope};
use crate::settings::{Exposure, Menu, View};
use crate::wire::Era;

/// The least of each result that stays where all together are too large, in bytes.
const SHARE_MIN: usize = 512;
/// Errors up to this length are told whole, in bytes.
const ERROR_MAX: usize = 16 << 10;
/// How many bytes of results one request keeps; what comes then is kept by its ref only.
const HELD_MAX: usize = 8 << 20;
/// How large a payload may be whatever the client wants, in bytes, and what it may have in any case.
const PAYLOAD_MAX: usize = 12 << 20;
const PAYLOAD_MIN: usize = 16 << 10;
/// What may be told of each call beside its result, in bytes.
const ENTRY_ROOM: usize = 1 << 10;
/// What is larger is written as JSON, in bytes: for any other format it has to be a tree.
const FORMATTED_MAX: usize = 1 << 20;
/// What may be told with an error, in bytes.
const DETAILS_MAX: usize = 32 << 10;

impl<O: Outlet> Context<'_, O> {
    /// What the client lists, in a word.
    pub(super) fn exposure(&self) -> Exposure {
        self.menu().map_or(Exposure::Full, |menu| menu.exposure)
    }

    pub(super) fn menu(&self) -> Option<&Menu> {
        self.world.catalog.menu(self.world.config.client(&self.call.client_name()))
    }

    pub(super) fn view(&self) -> &View {
        self.call.view(&self.world.config)
    }

    /// Who reads what comes back.
    pub(super) fn reader(&self, tool: &str) -> Reader {
        let view = self.view();
        Reader {
            owner: prepare::owner(&self.call.caller.principal),
            format: self.format.unwrap_or(view.output_format),
            max_result: view.max_result,
            tool: tool.into(),
            server: None,
            results: self.hub.results.clone(),
        }
    }

    /// The result of `tools/call` with this payload, which is kept and shortened as a server's
    /// result would be if it is larger than the client wants. `room`: what is in it beside that, in
    /// bytes; see [`room`].
    pub(super) async fn payload(&self, payload: Json, room: usize, tool: &str) -> Json {
        let reader = self.reader(tool);
        let most = match reader.max_result {
            0 => PAYLOAD_MAX,
            max => max.max(PAYLOAD_MIN).saturating_add(room).min(PAYLOAD_MAX),
        };
        let len = payload.len();
        if len <= most {
            return self.written(payload);
        }
        let work = move || {
            let data = Doc::of(&payload);
            let reference = envelope::store(&reader, &data);
            let budget = (most / 4).min(envelope::PREVIEW_MAX);
            envelope::envelope(&reader, data.root(), reference.as_deref(), budget)
        };
        match large::beside(len, work).await {
            Some(short) => self.written(short),
            None => self.error(&ToolError::new("tool_call_failed", "the daemon is being stopped")),
        }
    }

    /// The result of `tools/call` with this text for a model, and the payload for a program where the
    /// client gets one. A call that names a format wants the payload, and so does a text that is
    /// larger than the client wants.
    pub(super) async fn lines(&self, lines: String, payload: Json, tool: &str) -> Json {
        let max = self.view().max_result;
        if self.format.is_some() || max > 0 && lines.len() > max {
            return self.payload(payload, 0, tool).await;
        }
        self.result(lines, payload)
    }

    fn written(&self, payload: Json) -> Json {
        let view = self.view();
        let is_small = payload.len() <= FORMATTED_MAX;
        let format = self.format.unwrap_or(view.output_format);
        let format = if is_small { format } else { TextFormat::Json };
        let payload = if format.is_json() { payload } else { opened(payload) };
        self.result(format::text(&payload, format), payload)
    }

    fn result(&self, text: String, payload: Json) -> Json {
        let text = Json::object([("type", "text".into()), ("text", text.into())]);
        let mut members = Vec::new();
        if self.call.era == Era::Modern {
            members.push(("resultType", "complete".into()));
        }
        members.push(("content", Json::Array(vec![text])));
        if self.is_structured() {
            members.push(("structuredContent", payload));
        }
        Json::object(members)
    }

    /// Whether what our own tools answer has `structuredContent` beside its text.
    pub(super) fn is_structured(&self) -> bool {
        self.view().is_structured_for(&self.call.client_name())
    }

    /// The result of `tools/call` for an error. Errors are JSON, whatever the format.
    pub(super) fn error(&self, error: &ToolError) -> Json {
        let is_structured = self.is_structured();
        match &error.details {
            Some(details) if details.len() > DETAILS_MAX => {
                let details = Some(shortened(details, DETAILS_MAX));
                ToolError { details, ..error.clone() }.result(self.call.era, is_structured)
            }
            _ => error.result(self.call.era, is_structured),
        }
    }

    /// What is told of a call that ended. What is larger than all may be together is kept and
    /// shortened at once, and so is everything that comes when much is `held` already.
    pub(super) async fn told(
        &self,
        ended: &InnerEnd,
        share: usize,
        held: &HeldBytes,
        tool: &str,
    ) -> Told {
        let mut members = Vec::new();
        match &ended.result {
            Ok(result) => members.push(("result", self.held(result, share, held, tool).await)),
            Err(error) => members.extend(refused(error)),
        }
        members.extend(ended.misfit.clone().map(|misfit| ("misfit", misfit)));
        Told { is_well: ended.is_well(), took_ms: ended.took_ms(), members }
    }

    async fn held(&self, result: &Doc, share: usize, held: &HeldBytes, tool: &str) -> Json {
        let len = result.text().len();
        let reader = self.reader(tool);
        let max = if reader.max_result == 0 { HELD_MAX } else { reader.max_result };
        let has_room = held.take(len);
        if len <= max && has_room && len < large::LARGE {
            return embedded(result);
        }
        let (whole, result) = (result.clone(), result.clone());
        let work = move || {
            let told = embedded(&result);
            if has_room && (told.len() <= max || is_exempt(&Doc::of(&told))) {
                return told;
            }
            short(&reader, &told, share).unwrap_or(told)
        };
        // The call was made: whatever becomes of the work, what it brought is told.
        let told = large::beside(len, work).await.unwrap_or(Json::Written(whole));
        held.give(len.saturating_sub(told.len()), has_room);
        told
    }

    /// How much of each result stays where `count` are told of.
    pub(super) fn share(&self, count: usize) -> usize {
        (self.view().max_result / 2 / count.max(1)).max(SHARE_MIN)
    }

    /// The payload with its largest results kept and shortened, if it is larger than the client
    /// wants. `list`: the member that holds the entries.
    pub(super) async fn fitting(&self, payload: Json, list: &'static str, tool: &str) -> Json {
        let reader = self.reader(tool);
        let len = payload.len();
        if reader.max_result == 0 || len <= reader.max_result {
            return payload;
        }
        // The calls were made: whatever becomes of the work, what they brought is told.
        let whole = payload.clone();
        let work = move || fitted(&reader, payload, list);
        large::beside(len, work).await.unwrap_or(whole)
    }
}

/// What is told of a call.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) is_well: bool,
    pub(super) took_ms: Json,
    /// `result`, or `error` and `details`; `misfit`.
    pub(super) members: Vec<(&'static str, Json)>,
}

/// How many bytes of results one request of a client keeps in memory.
#[derive(Debug, Default)]
pub(super) struct HeldBytes(AtomicUsize);

impl HeldBytes {
    /// Whether there is room for so many bytes more, which are taken if there is.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= HELD_MAX);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give(&self, bytes: usize, was_taken: bool) {
        if was_taken {
            self.0.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// The members `error` and `details` of an entry that stands for a call without a result.
pub(super) fn refused(error: &ToolError) -> [(&'static str, Json); 2] {
    let code = [("code".to_owned(), Json::from(error.code))];
    let details = match error.details.clone() {
        Some(Json::Object(details)) => details,
        _ => Vec::new(),
    };
    let details = Json::Object(code.into_iter().chain(details).collect());
    [("error", Json::from(error.message.as_str())), ("details", details)]
}

/// What a payload has room for whatever the client wants, in bytes: its results, which were shortened
/// each for itself where they may be, and something for each of its `calls`.
pub(super) fn room(payload: &Json, list: &str, calls: usize) -> usize {
    let entries = payload.get(list).and_then(Json::as_array).unwrap_or_default();
    let results = entries.iter().filter_map(|entry| entry.get("result"));
    let results = results.chain(payload.get("finalResult"));
    results.map(Json::len).sum::<usize>() + calls * ENTRY_ROOM
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
    // What stands for a result is shortened already.
    if value.len() <= share || value.get("_callmux").is_some() || is_exempt(&Doc::of(value)) {
        return;
    }
    if let Some(short) = short(reader, value, share) {
        *value = short;
    }
}

/// The beginning of a value and the way to the rest; `None` if that is no shorter.
fn short(reader: &Reader, value: &Json, share: usize) -> Option<Json> {
    let len = value.len();
    let value = Doc::of(value);
    let root = value.root();
    let data = if root.get("content").is_some() { envelope::data(root) } else { value.clone() };
    let reference = envelope::store(reader, &data);
    let budget = (share / 2).min(envelope::PREVIEW_MAX);
    let short = envelope::envelope(reader, data.root(), reference.as_deref(), budget);
    (short.len() < len).then_some(short)
}

/// Errors are left alone, and so is what holds images or sound.
fn is_exempt(value: &Doc) -> bool {
    is_error(value.root()) && value.text().len() <= ERROR_MAX || has_binary(value.root())
}

fn has_binary(result: Slice<'_>) -> bool {
    let mut content = result.get("content").into_iter().flat_map(Slice::items);
    content.any(|item| {
        let kind = item.get("type").and_then(Slice::text);
        let is_blob = || item.get("resource").is_some_and(|it| it.get("blob").is_some());
        matches!(kind.as_deref(), Some("image" | "audio")) || is_blob()
    })
}

/// A result inside of a payload: what it says, without the wrapping where that says nothing.
pub(super) fn embedded(result: &Doc) -> Json {
    let root = result.root();
    let whole = || Json::Written(result.clone());
    let only = root.get("content").filter(|content| content.is_array()).and_then(|content| {
        let mut items = content.items();
        items.next().filter(|_| items.next().is_none())
    });
    let is_plain =
        |item: &Slice<'_>| item.get("annotations").is_none() && item.get("_meta").is_none();
    let text = only.filter(is_plain).and_then(|item| item.get("text"));
    let said = text.and_then(Slice::shared_text).filter(|_| root.get("_meta").is_none());
    let (Some(text), Some(said)) = (text, said) else { return whole() };
    let parsed = Doc::read(said).ok();
    match root.get("structuredContent") {
        Some(structured) if parsed.as_ref().is_some_and(|text| is_same(text, structured)) => {
            let mut members = vec![("structuredContent", Json::Written(structured.to_doc()))];
            if is_error(root) {
                members.push(("isError", true.into()));
            }
            Json::object(members)
        }
        Some(_) => whole(),
        None if is_error(root) => {
            Json::object([("error", Json::Written(text.to_doc())), ("isError", true.into())])
        }
        None => Json::Written(parsed.unwrap_or_else(|| text.to_doc())),
    }
}

/// Whether two values say the same. Of large ones that is known only if they are written alike.
fn is_same(a: &Doc, b: Slice<'_>) -> bool {
    a.text() == b.as_str()
        || a.text().len() == b.len()
            && b.len() < large::LARGE
            && a.root().to_json().is_ok_and(|a| b.to_json().is_ok_and(|b| a.is_equivalent(&b)))
}

/// The value with what is passed on as it is written made a part of it, where a tree of that is
/// small enough: only a tree can be written in another format.
fn opened(value: Json) -> Json {
    match value {
        Json::Written(doc) if doc.text().len() < large::LARGE => doc.root().to_json_or_text(),
        Json::Array(items) => Json::Array(items.into_iter().map(opened).collect()),
        Json::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, opened(value)));
            Json::Object(members.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Doc, HELD_MAX, HeldBytes, embedded};
    use crate::json::Json;

    #[test]
    fn results_that_come_together_have_room_up_to_a_bound() {
        let held = HeldBytes::default();
        assert!(held.take(HELD_MAX - 10) && !held.take(11) && held.take(10));
        held.give(5, true);
        held.give(5, false);
        assert!(!held.take(6) && held.take(5) && !held.take(usize::MAX));
    }

    #[test]
    fn results_lose_their_wrapping_where_it_says_nothing() {
        let check = |result: &str, expected: &str| {
            let result = Doc::read(result.to_owned()).unwrap();
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
