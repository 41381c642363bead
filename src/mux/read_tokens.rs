//! How much of an answer a model reads.

use crate::base::large;
use crate::render::tokens::estimate_long;
use crate::wire::{Payload, object};

/// A longer text is looked at as it is written, since only its beginning counts, in bytes.
const WRITTEN_MIN: usize = 64 << 10;

/// About how many tokens the answer to a call of a tool has for a model. `is_structured`: its client shows the
/// model `structuredContent` in place of the text.
/// Large ones are looked at beside the loop.
pub async fn of(answer: &Payload, is_structured: bool) -> u64 {
    let (len, answer) = (answer.len(), answer.clone());
    if len < large::LARGE {
        return of_answer(answer, is_structured);
    }
    let work = move || of_answer(answer, is_structured);
    large::beside(len, work).await.unwrap_or_default()
}

fn of_answer(answer: Payload, is_structured: bool) -> u64 {
    let bytes = answer.into_bytes();
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let [result, error] = object::members(text, ["result", "error"]).unwrap_or_default();
    let tokens = match (result, error) {
        (Some(result), _) => of_result(result, is_structured),
        (None, error) => estimate_long(error.unwrap_or_default()),
    };
    tokens as u64
}

fn of_result(result: &str, is_structured: bool) -> usize {
    let [content, structured] =
        object::members(result, ["content", "structuredContent"]).unwrap_or_default();
    if let Some(structured) = structured.filter(|_| is_structured) {
        return estimate_long(structured);
    }
    object::items(content.unwrap_or("[]")).unwrap_or_default().into_iter().map(of_item).sum()
}

/// Of images and sound nothing is text.
fn of_item(item: &str) -> usize {
    let [text, resource] = object::members(item, ["text", "resource"]).unwrap_or_default();
    let text = text.or_else(|| object::get(resource?, "text"));
    match text {
        None => 0,
        Some(written) if written.len() > WRITTEN_MIN => estimate_long(written),
        Some(written) => object::string(written).map_or(0, |text| estimate_long(&text)),
    }
}
