//! Which value of a section a type is.

use std::time::Duration;

use super::key::{DefaultValue, Key, ValueKind};
use super::section::Section;
use crate::compression::Compression;
use crate::render::TextFormat;
use crate::settings::access::ArgumentsKept;
use crate::settings::name_patterns::NamePatterns;
use crate::settings::remote::Transport;
use crate::settings::{Exposure, PinPolicy, Sandbox, Scope};

/// What a value of a key can be read as.
pub trait FromSection {
    /// The key's value, or its default. What is wrong with it the section notes.
    fn read(section: &mut Section<'_>, key: &Key) -> Self;
}

/// One of the texts of a key whose kind is a choice.
trait Chosen: Sized + Copy + 'static {
    /// In the order of the key's texts.
    const ALL: &'static [Self];
}

impl Chosen for Sandbox {
    const ALL: &'static [Self] = &Self::ALL;
}

impl Chosen for Scope {
    const ALL: &'static [Self] = &Self::ALL;
}

impl Chosen for PinPolicy {
    const ALL: &'static [Self] = &Self::ALL;
}

impl Chosen for ArgumentsKept {
    const ALL: &'static [Self] = &Self::ALL;
}

impl Chosen for Exposure {
    const ALL: &'static [Self] = &Self::ALL;
}

impl Chosen for Transport {
    const ALL: &'static [Self] = &Self::ALL;
}

impl Chosen for Compression {
    const ALL: &'static [Self] = &[Self::Off, Self::Balanced, Self::Aggressive];
}

impl Chosen for TextFormat {
    const ALL: &'static [Self] = &[Self::Json, Self::Verbatim, Self::Toon, Self::Auto];
}

impl<T: Chosen> FromSection for T {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        Self::ALL[section.choice(key.name)]
    }
}

impl<T: Chosen> FromSection for Option<T> {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        section.has(key.name).then(|| T::read(section, key))
    }
}

impl FromSection for bool {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        section.bool(key.name)
    }
}

impl FromSection for Option<bool> {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        section.has(key.name).then(|| section.bool(key.name))
    }
}

impl FromSection for Duration {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        section.duration(key.name).expect("a key with a default")
    }
}

impl FromSection for Option<Duration> {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        section.duration(key.name)
    }
}

/// A size in bytes, or a number.
impl FromSection for usize {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        match key.kind {
            ValueKind::Size => section.size(key.name).expect("a key with a default"),
            _ => usize::try_from(section.number_or_default(key.name)).unwrap_or(usize::MAX),
        }
    }
}

impl FromSection for Option<usize> {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        let number: Option<u64> = FromSection::read(section, key);
        number.map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    }
}

/// A size in bytes, or a number.
impl FromSection for Option<u64> {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        match key.kind {
            ValueKind::Size => section.size(key.name).map(|bytes| bytes as u64),
            _ => section.number(key.name),
        }
    }
}

/// A text that needs no check.
impl FromSection for Option<String> {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        section.text(key.name).map(|(text, _)| text)
    }
}

/// Texts that need no check.
impl FromSection for Vec<String> {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        match section.plain_texts(key.name) {
            Some(texts) => texts.into_iter().map(|(text, _)| text).collect(),
            None => default_texts(key),
        }
    }
}

impl FromSection for NamePatterns {
    fn read(section: &mut Section<'_>, key: &Key) -> Self {
        Self::new(FromSection::read(section, key))
    }
}

fn default_texts(key: &Key) -> Vec<String> {
    let DefaultValue::Value(text) = key.default else { return Vec::new() };
    let default: toml::Table = format!("d = {text}").parse().expect("defaults are TOML");
    let texts = default["d"].as_array().expect("the default of a list is one");
    texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
