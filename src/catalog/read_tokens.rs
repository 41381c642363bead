//! How much of a definition a model reads.

use crate::render::tokens::estimate_long;
use crate::wire::object;

/// The members of a tool that clients put into a prompt. What else there is, they keep for themselves.
const READ: [&str; 3] = ["name", "description", "inputSchema"];

/// What a prompt has around them: their names, quotes and braces, in tokens.
const AROUND: usize = 9;

/// About how many tokens a definition has for a model.
pub(super) fn of(definition: &[u8]) -> usize {
    let text = std::str::from_utf8(definition).unwrap_or_default();
    let members = object::members(text, READ).unwrap_or_default();
    AROUND + members.into_iter().flatten().map(estimate_long).sum::<usize>()
}
