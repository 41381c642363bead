//! How verbs speak: lines on a terminal, and how they end.
//!
//! # Knows
//! How wide a terminal is, whether it takes colours, tables and paragraphs that fit; what may be written there; exit
//! codes; which program opens the user's browser.
//!
//! # Does not know
//! What is shown.
//!
//! # How to read it
//! [`width`] is how wide lines may be, [`style`] how a part of a line looks and whether it may;
//! [`table`] lays out columns whose last is a text, [`wrap`] breaks texts into lines. [`mod@print`] writes, and nothing
//! else does; [`ask`] reads an answer; [`browser`] is for what is better seen there. [`Diagnostics`] is where it goes what the code says to whoever debugs it.

pub mod ask;
pub mod browser;
mod diagnostics;
mod exit;
pub mod print;
pub mod style;
pub mod table;
pub mod width;
pub mod wrap;

pub use diagnostics::Diagnostics;
pub use exit::Exit;
