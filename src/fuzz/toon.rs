//! How a result reads: JSON, TOON, previews and pages.
//!
//! Input: the JSON of a value.

use crate::json::{Doc, Json, Path};
use crate::render::format::{self, TextFormat};
use crate::render::preview::{self, preview};
use crate::render::select::{self, Selection, select};
use crate::render::toon::{encode, reader::decode};

/// What is written reads back, and what is cut has the size that was asked for.
pub fn toon(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let Ok(value) = Json::parse(text) else { return };
    let json = value.to_string();
    assert_eq!(json.len(), value.len());
    assert_eq!(Json::parse(&json).as_ref(), Ok(&value));
    assert_eq!(value.clone().sorted().sorted(), value.clone().sorted());
    if let Some(written) = encode(&value) {
        assert_eq!(decode(&written), value, "{written}");
    }
    assert!(format::text(&value, TextFormat::Auto).len() <= json.len());
    let doc = Doc::of(&value);
    for budget in [preview::BUDGET_MIN, 1000] {
        let shown = preview(doc.root(), budget);
        assert!(shown.value.len() <= budget, "{} bytes: {}", shown.value.len(), shown.value);
        assert_eq!(shown.is_whole, value.len() <= budget);
    }
    pages(&doc);
}

/// Page by page one comes to the end.
fn pages(value: &Doc) {
    let mut offset = 0;
    for _ in 0..64 {
        let selection = Selection { path: Path::default(), offset, limit: 7, ..<_>::default() };
        let Ok(page) = select(value.root(), &selection, select::BUDGET_MIN) else { return };
        let next = page.next_offset;
        let envelope = page.into_json();
        assert!(envelope.len() <= select::BUDGET_MIN, "{} bytes", envelope.len());
        match next {
            Some(next) => assert!(next > offset, "a page moves on"),
            None => return,
        }
        offset = next.unwrap_or_default();
    }
}
