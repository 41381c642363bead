//! Which tools a query in words is about, without a model and without a network.
//!
//! # Knows
//! How tools are ranked by their names, descriptions and parameters, and how good a ranking is.
//!
//! # Does not know
//! Servers, sessions, who may see what: the caller says so tool by tool.
//!
//! # How to read it
//! [`index`] makes an [`Index`] of documents ([`text`] takes each apart), [`ranking`] answers from it, [`meaning`] says
//! which words of the index a word of a query stands for. [`words`], [`stem`] and [`thesaurus`] are
//! what is known about the language, [`quality`] measures it all against judged queries.
//!
//! The score is BM25F (Robertson, Zaragoza, Taylor 2004): a word counts more the fewer tools have it,
//! less the longer the field is, and by the field it stands in.

mod index;
mod lexicon;
mod meaning;
pub mod quality;
pub mod ranking;
mod stem;
mod text;
mod thesaurus;
mod words;

pub use index::Index;

use crate::json::Json;

/// A tool as it is searched for.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// As clients see it, such as `github__create_issue`.
    pub name: &'a str,
    pub server: &'a str,
    pub title: Option<&'a str>,
    pub description: &'a str,
    pub input_schema: Option<&'a Json>,
}
