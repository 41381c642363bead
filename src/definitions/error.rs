//! What is wrong with a definition, or with a part of it.

use crate::json::ParseError;
use crate::schema::Flaw;

/// Why a definition cannot be made right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hopeless {
    #[error("its `inputSchema` is no object")]
    NoInput,
    #[error("its `inputSchema` is of the type {0}; arguments are an object")]
    InputType(String),
}

/// What a member is, instead of what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    #[error("null")]
    Null,
    #[error("no text")]
    NoText,
    #[error("neither true nor false")]
    NoFlag,
    #[error("no object")]
    NoObject,
    #[error("no list")]
    NoList,
    #[error("no whole number of at most 18 digits")]
    NoWhole,
    #[error("no number from 0 to 1")]
    NoShare,
    #[error("no time as RFC 3339 has it")]
    NoMoment,
    #[error("no word that is known")]
    NoWord,
    #[error("a list with something that is no text")]
    NoTexts,
    #[error("a list with a word that is not known")]
    NoWords,
}

/// Why an output schema is left out.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadOutput {
    #[error("it is {0}")]
    Misfit(#[from] Misfit),
    #[error("{0}")]
    Json(#[from] ParseError),
    #[error("{0}")]
    Flaw(#[from] Flaw),
    #[error("another tool has its `$id`")]
    TakenId,
}
