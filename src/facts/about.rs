//! What there is to say of every fact of a kind. All of it but the texts is public: people have scripts
//! that read it.

use super::level::Level;

/// What there is to say of every fact of a kind.
#[derive(Debug)]
pub struct About {
    /// `CALLMUX_FACT=`
    pub name: &'static str,
    /// `MESSAGE_ID=` (128 bits in hex): one per kind of fact, never changed and never reused.
    pub message_id: &'static str,
    pub level: Level,
    /// Whether the journal gets it whatever the level: the audit is complete or it is none.
    pub is_audit: bool,
    /// Of its entry in the message catalogue (systemd.io/CATALOG), as the next two. `@CALLMUX_X@` stands
    /// for a field.
    pub subject: &'static str,
    /// Where to read more, by URL: `man:callmux(1)`.
    pub documentation: &'static str,
    /// What it means and what is to be done, in lines that a terminal has room for.
    pub text: &'static str,
}

/// A field that facts of a kind have, by its name in the journal without the prefix `CALLMUX_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldNames {
    /// More than one: it has one of these.
    pub any_of: &'static [&'static str],
    /// Whether each fact of the kind has it.
    pub is_always: bool,
}
