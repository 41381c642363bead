//! The rules that hold no other.

use std::collections::BTreeSet;

use super::number::{compare, is_multiple, is_whole, write_key};
use super::pattern::Pattern;
use super::rule::{Count, Rule};
use super::walk::{FaultKind, Verdict, Walk};
use crate::json::Json;

impl<'a> Walk<'a> {
    /// Adds a fault if `value` breaks a rule that holds no other.
    pub(super) fn assertion(&mut self, rule: &'a Rule, value: &'a Json, out: &mut Verdict<'a>) {
        match self.obeys(rule, value) {
            Some(true) => {}
            Some(false) => self.fault(value, FaultKind::Rule(rule), out),
            None => out.is_open = true,
        }
    }

    fn obeys(&mut self, rule: &Rule, value: &Json) -> Option<bool> {
        Some(match (rule, value) {
            (Rule::False, _) => false,
            (Rule::Type { kinds, is_old }, _) => {
                return is_of(value, kinds, *is_old);
            }
            (Rule::Enum { keys, .. }, _) => keys.contains(&self.key(value)?),
            (Rule::Const { key, .. }, _) => *key == self.key(value)?,
            (Rule::Minimum { limit, is_exclusive }, Json::Number(number)) => {
                let order = compare(number, limit);
                order.is_gt() || !is_exclusive && order.is_eq()
            }
            (Rule::Maximum { limit, is_exclusive }, Json::Number(number)) => {
                let order = compare(number, limit);
                order.is_lt() || !is_exclusive && order.is_eq()
            }
            (Rule::MultipleOf(of), Json::Number(number)) => return is_multiple(number, of),
            (Rule::AtLeast(Count::Characters, limit), Json::String(text)) => {
                text.chars().count() as u64 >= *limit
            }
            (Rule::AtMost(Count::Characters, limit), Json::String(text)) => {
                text.chars().count() as u64 <= *limit
            }
            (Rule::AtLeast(Count::Items, limit), Json::Array(items)) => {
                items.len() as u64 >= *limit
            }
            (Rule::AtMost(Count::Items, limit), Json::Array(items)) => items.len() as u64 <= *limit,
            (Rule::Pattern(pattern), Json::String(text)) => return self.matches(pattern, text),
            (Rule::Unique, Json::Array(items)) => {
                let mut seen = BTreeSet::new();
                for item in items {
                    if !seen.insert(self.key(item)?) {
                        return Some(false);
                    }
                }
                true
            }
            _ => true,
        })
    }

    pub(super) fn matches(&mut self, pattern: &Pattern, text: &str) -> Option<bool> {
        let cost = pattern.cost(text);
        if cost >= self.left {
            return None;
        }
        self.left -= cost;
        pattern.matches(text)
    }

    /// See [`write_key`]; `None` if the value is too large for what is left.
    fn key(&mut self, value: &Json) -> Option<String> {
        let mut key = String::new();
        let is_whole = write_key(value, &mut key, self.left);
        (self.spend(1 + key.len() / 8) && is_whole).then_some(key)
    }
}

fn is_of(value: &Json, kinds: &[&str], is_old: bool) -> Option<bool> {
    let name = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
        Json::Number(_) => "number",
        Json::Written(_) => return None,
    };
    if kinds.contains(&name) {
        return Some(true);
    }
    match value {
        Json::Number(number) if kinds.contains(&"integer") && is_whole(number) => {
            (!is_old || number.is_integer()).then_some(true)
        }
        _ => Some(false),
    }
}
