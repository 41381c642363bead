//! How a kind of fact is described, in one place.

use std::borrow::Cow;
use std::slice;

use super::about::{About, FieldNames};
use super::record::{Record, Speaker, Value};

/// A kind of fact.
pub trait FactKind: Sized + 'static {
    const ABOUT: &'static About;
    /// In the order in which they are written.
    const FIELDS: &'static [FactField<Self>];

    /// One sentence for people.
    fn message(&self) -> Cow<'_, str>;

    /// Whose words these are, if not ours.
    fn speaker(&self) -> Option<Speaker<'_>> {
        None
    }

    /// The written form.
    fn record(&self) -> Record<'_> {
        let mut fields = Vec::with_capacity(Self::FIELDS.len());
        fields.extend(Self::FIELDS.iter().filter_map(|field| field.of(self)));
        let (about, message, speaker) = (Self::ABOUT, self.message(), self.speaker());
        let mut record = Record { about, level: about.level, message, fields, speaker };
        record.bound();
        record
    }
}

/// A field of a fact: its name without the prefix `CALLMUX_`, and where its value is.
pub enum FactField<T: 'static> {
    Always(&'static str, for<'a> fn(&'a T) -> Value<'a>),
    /// Left out where there is none.
    Maybe(&'static str, for<'a> fn(&'a T) -> Option<Value<'a>>),
    /// Under one of these names.
    OneOf(&'static [&'static str], for<'a> fn(&'a T) -> (&'static str, Value<'a>)),
}

impl<T> FactField<T> {
    fn of<'a>(&self, fact: &'a T) -> Option<(&'static str, Value<'a>)> {
        match self {
            Self::Always(name, value) => Some((name, value(fact))),
            Self::Maybe(name, value) => value(fact).map(|value| (*name, value)),
            Self::OneOf(_, value) => Some(value(fact)),
        }
    }

    pub fn names(&'static self) -> FieldNames {
        let (any_of, is_always) = match self {
            Self::Always(name, _) => (slice::from_ref(name), true),
            Self::Maybe(name, _) => (slice::from_ref(name), false),
            Self::OneOf(names, _) => (*names, true),
        };
        FieldNames { any_of, is_always }
    }
}
