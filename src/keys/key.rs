//! What there is to say about a key: its type, its default, its description.

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    Text,
    /// A list of texts.
    Texts,
    /// A table from names to texts.
    TextTable,
    /// Any value, as JSON has it.
    Values,
    Bool,
    /// A text such as `"30s"`, `"1m 30s"`, `"250ms"`.
    Duration,
    /// A text such as `"64KiB"`, `"4MB"`.
    Size,
    /// A whole number in this range.
    Number(u64, u64),
    /// One of these texts.
    Choice(&'static [&'static str]),
}

impl ValueKind {
    /// The type as a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts => "list of texts",
            Self::TextTable => "table of texts",
            Self::Values => "values",
            Self::Bool => "true or false",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Number(..) => "number",
            Self::Choice(_) => "one of a few texts",
        }
    }
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub kind: ValueKind,
    /// The default as it would be written, or what stands in for one.
    pub default: DefaultValue,
    pub doc: &'static str,
    pub goes_with: GoesWith,
}

/// Where a key may stand, among the kinds of thing that its section can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesWith {
    Everything,
    /// A server that is a program of ours.
    Process,
    /// A server with a `url`.
    Url,
    /// A server of this `scope`.
    Scope(&'static str),
    /// An `auth` of this `type`.
    AuthType(&'static str),
}

/// What holds when a key is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// A TOML value.
    Value(&'static str),
    /// No value; the description says what that means.
    Unset,
}

/// A key, in one line of a table.
pub(super) const fn key(
    name: &'static str,
    kind: ValueKind,
    default: DefaultValue,
    doc: &'static str,
) -> Key {
    Key { name, kind, default, doc, goes_with: GoesWith::Everything }
}

impl Key {
    pub(super) const fn with_process(self) -> Self {
        Self { goes_with: GoesWith::Process, ..self }
    }

    pub(super) const fn with_url(self) -> Self {
        Self { goes_with: GoesWith::Url, ..self }
    }

    pub(super) const fn with_scope(self, scope: &'static str) -> Self {
        Self { goes_with: GoesWith::Scope(scope), ..self }
    }

    pub(super) const fn with_type(self, name: &'static str) -> Self {
        Self { goes_with: GoesWith::AuthType(name), ..self }
    }
}

/// The kind of `name` in `keys`.
pub fn kind_of(keys: &[Key], name: &str) -> Option<ValueKind> {
    keys.iter().find(|key| key.name == name).map(|key| key.kind)
}

/// The default of `name` in `keys`, as it would be written.
pub fn default_of(keys: &[Key], name: &str) -> Option<&'static str> {
    match keys.iter().find(|key| key.name == name)?.default {
        DefaultValue::Value(text) => Some(text),
        DefaultValue::Unset => None,
    }
}
