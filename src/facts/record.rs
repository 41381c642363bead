//! A fact as it is written: one sentence, and its fields.

use std::borrow::Cow;
use std::sync::Arc;

use super::about::About;
use super::level::{Level, Priority};
use crate::base::ServerName;
use crate::base::clip::clipped;

/// Characters of a fact's sentence and of each of its fields: names, ids and reasons in them may be a
/// server's or a client's, and of any length.
const TEXT_MAX: usize = 8192;

/// A fact in the form sinks write it. It borrows what the fact has.
#[derive(Debug)]
pub struct Record<'a> {
    pub about: &'static About,
    /// As it is told now: what repeats matters less.
    pub level: Level,
    /// One sentence for people.
    pub message: Cow<'a, str>,
    /// Further fields, by their journal names without the prefix `CALLMUX_`.
    pub fields: Fields<'a>,
    /// Whose words these are, if not ours.
    pub speaker: Option<Speaker<'a>>,
}

pub type Fields<'a> = Vec<(&'static str, Value<'a>)>;

/// A server that speaks for itself.
#[derive(Debug, Clone, Copy)]
pub struct Speaker<'a> {
    pub server: &'a ServerName,
    /// The unit it runs in.
    pub unit: Option<&'a Arc<str>>,
    /// Of the line, as the server has it.
    pub priority: Priority,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    Text(Cow<'a, str>),
    Number(u64),
}

impl Record<'_> {
    /// Cuts what is too long.
    pub fn bound(&mut self) {
        bound(&mut self.message);
        for (_, value) in &mut self.fields {
            if let Value::Text(text) = value {
                bound(text);
            }
        }
    }
}

fn bound(text: &mut Cow<'_, str>) {
    if text.len() > TEXT_MAX {
        *text = clipped(text, TEXT_MAX).into();
    }
}

impl Value<'_> {
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => number.to_string().into(),
        }
    }
}

/// Writes a number in decimal.
pub fn write_number(out: &mut Vec<u8>, number: u64) {
    let (mut digits, mut at, mut rest) = ([0; 20], 20, number);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}
