//! A key with the field that it sets and what a change of it does. It is all that there is to say of a
//! key whose value is taken as it is.

use super::key::Key;
use super::section::Section;

/// What is done about a key that differs when the config is reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The server gets another process or connection: it got the value when that began.
    Restarts,
    /// Whatever runs goes on, and is treated differently from now on.
    AtOnce,
    /// Nothing until the daemon is started anew.
    AtNextStart,
    /// That is no matter of this key alone.
    Apart,
}

/// A key of a section that is read as an `S`.
#[derive(Debug, Clone, Copy)]
pub struct KeyRow<S: 'static> {
    pub key: Key,
    effect: Effect,
    field: KeyField<S>,
}

/// The field that a key sets: made by [`set`] or [`of`].
#[derive(Debug)]
pub struct KeyField<S: 'static> {
    pub differs: fn(&S, &S) -> bool,
    pub read: fn(&mut Section<'_>, &Key, &mut S),
}

/// A field that has the key's value, or its default.
macro_rules! set {
    ($($field:ident).+) => {
        $crate::keys::row::KeyField {
            differs: |old, new| old.$($field).+ != new.$($field).+,
            read: |section, key, to| {
                to.$($field).+ = $crate::keys::read::FromSection::read(section, key);
            },
        }
    };
}

/// A field that the key has a part in. [`crate::config::load`] reads it.
macro_rules! of {
    ($($field:ident).+) => {
        $crate::keys::row::KeyField {
            differs: |old, new| old.$($field).+ != new.$($field).+,
            read: |_, _, _| {},
        }
    };
}

pub(super) use {of, set};

impl<S> KeyRow<S> {
    /// Takes the key out of a section, if nothing else does.
    pub fn read(&self, section: &mut Section<'_>, to: &mut S) {
        (self.field.read)(section, &self.key, to);
    }

    /// Whether the key differs and that has this effect.
    pub fn has_effect(&self, effect: Effect, old: &S, new: &S) -> bool {
        self.effect == effect && (self.field.differs)(old, new)
    }
}

impl<S> Clone for KeyField<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for KeyField<S> {}

impl Key {
    pub(super) const fn restarts<S>(self, field: KeyField<S>) -> KeyRow<S> {
        KeyRow { key: self, effect: Effect::Restarts, field }
    }

    pub(super) const fn at_once<S>(self, field: KeyField<S>) -> KeyRow<S> {
        KeyRow { key: self, effect: Effect::AtOnce, field }
    }

    pub(super) const fn at_next_start<S>(self, field: KeyField<S>) -> KeyRow<S> {
        KeyRow { key: self, effect: Effect::AtNextStart, field }
    }

    pub(super) const fn apart<S>(self, field: KeyField<S>) -> KeyRow<S> {
        KeyRow { key: self, effect: Effect::Apart, field }
    }

    /// It has no field: it decides how others are read.
    pub(super) const fn for_others<S>(self) -> KeyRow<S> {
        self.apart(KeyField { differs: |_, _| false, read: |_, _, _| {} })
    }
}

/// The keys of rows, behind others.
pub(super) const fn keys<S, const N: usize>(others: &[Key], rows: &[KeyRow<S>]) -> [Key; N] {
    let mut keys = [rows[0].key; N];
    let mut at = 0;
    while at < N {
        keys[at] = if at < others.len() { others[at] } else { rows[at - others.len()].key };
        at += 1;
    }
    keys
}
