//! JSON Schemas of strangers: whether everybody who is given one can make use of it.
//!
//! # Knows
//! JSON Schema (2020-12, 2019-09, drafts 6 and 7), and where its compilers give up.
//!
//! # Does not know
//! MCP, tools, values that a schema is about.
//!
//! # How to read it
//! [`check`] goes through a schema: [`keywords`] says what each keyword holds, [`references`] what can be
//! referred to, [`pattern`] what a regular expression is. [`flaw`] is what was found.
//!
//! A client compiles schemas that it is given by libraries of its own, and loses the whole list if one of
//! them cannot be. What is refused here is what any of the known libraries may refuse: rather too much than
//! too little.

mod dialect;
mod flaw;
mod keywords;
mod pattern;
mod references;
mod sound;

pub use flaw::Flaw;
pub use sound::check;

#[cfg(test)]
mod tests;
