//! What people have in hand, as servers of ours: a snippet, a pasted line, a name, a file, an archive.
//!
//! # Knows
//! In which form a text is, what each form says, where its versions are looked up and how they are pinned, which
//! questions a package asks, how an archive is unpacked without harm.
//!
//! # Does not know
//! How the person is asked, what is shown to them, whether the server works.
//!
//! # How to read it
//! [`form`] tells what a text is, [`given`] finds the servers that are meant, as [`wishes`] say: [`snippet`] and [`mod@line`] read what was
//! written for other programs, [`mod@listing`] what a registry describes and [`described`] takes of it. [`registry`]
//! and [`image`] look up versions ([`fetch`]), [`launch`] runs a package of one, [`values`] is what it asks for.
//! [`bundle`] makes a server of what [`crate::bundles`] unpacks. [`pin`] is the version that a server is kept at, and
//! [`newer`] what could be in its place.
//! [`question`] is what only the person knows. [`addition`] is the way from there to files
//! of ours ([`owned`]), whose programs services find ([`program`]); [`error`] says why there is none. [`naming`] calls
//! what nobody named, [`placeholder`] knows examples, and [`drafting`] is what all of them write into.

pub mod addition;
pub mod bundle;
mod described;
mod drafting;
pub mod error;
mod fetch;
pub mod form;
pub mod given;
mod image;
mod launch;
mod line;
mod listing;
mod naming;
pub mod newer;
pub mod owned;
pub mod pin;
mod placeholder;
mod program;
pub mod question;
pub mod registry;
mod snippet;
mod values;
pub mod wishes;

#[cfg(test)]
mod tests;
