//! Conditions on items, and paths into values.
//!
//! Input: a condition on the first line, and the JSON of an item below it.

use std::cmp::Ordering;

use crate::json::{Doc, Json, Path};
use crate::render::filter::Filter;

/// The longest literal that is put into a condition here.
const LITERAL_MAX: usize = 2000;

/// A condition is refused or answered; it and its negation never agree; a value is equal to itself.
pub fn filter(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let (condition, item) = super::first_line(text);
    let item = Json::parse(item).unwrap_or_default();
    path(condition, &item);
    match Filter::parse(condition) {
        Ok(filter) => {
            let doc = Doc::of(&item);
            let is_met = filter.is_met(doc.root());
            assert_ne!(is_met, Filter::Not(Box::new(filter.clone())).is_met(doc.root()));
            if let Ok(negated) = Filter::parse(&format!("not ({condition})")) {
                assert_ne!(is_met, negated.is_met(doc.root()), "with its negation");
            }
        }
        Err(error) => assert!(error.at <= condition.chars().count(), "{error}"),
    }
    is_itself(&item);
    if let Json::Array(items) = &item {
        for pair in items.windows(2).take(8) {
            has_one_order(&pair[0], &pair[1]);
        }
    }
}

fn path(text: &str, item: &Json) {
    let Ok(path) = Path::parse(text) else { return };
    assert_eq!(Path::parse(&path.to_string()), Ok(path.clone()), "{path}");
    _ = path.find(item);
}

fn is_met(condition: &str, item: &Json) -> Option<bool> {
    Filter::parse(condition).ok().map(|filter| filter.is_met(Doc::of(item).root()))
}

fn is_itself(item: &Json) {
    let literal = item.to_string();
    if literal.len() <= LITERAL_MAX {
        assert_eq!(is_met(&format!("$ == {literal}"), item), Some(true), "{literal} is itself");
        assert_eq!(is_met(&format!("$ != {literal}"), item), Some(false));
    }
}

/// Exactly one of less, equal and greater, and the other way round for the other.
fn has_one_order(a: &Json, b: &Json) {
    let order = |a: &Json, b: &Json| {
        let literal = b.to_string();
        let met = |sign: &str| is_met(&format!("$ {sign} {literal}"), a) == Some(true);
        let found = [(Ordering::Less, "<"), (Ordering::Equal, "=="), (Ordering::Greater, ">")]
            .into_iter()
            .filter(|(_, sign)| met(sign));
        let found: Vec<Ordering> = found.map(|(order, _)| order).collect();
        assert!(found.len() <= 1, "{a} and {b}: {found:?}");
        found.first().copied()
    };
    if a.to_string().len() + b.to_string().len() <= LITERAL_MAX {
        assert_eq!(order(a, b), order(b, a).map(Ordering::reverse), "{a} and {b}");
    }
}
