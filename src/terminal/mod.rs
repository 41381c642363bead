//! How texts lie on a terminal.
//!
//! # Knows
//! How wide a terminal is, whether it takes colours, tables and paragraphs that fit.
//!
//! # Does not know
//! What is shown; how it is written.
//!
//! # How to read it
//! [`width`] is how wide lines may be, [`style`] how a part of a line looks and whether it may;
//! [`table`] lays out columns whose last is a text, [`wrap`] breaks texts into lines.

pub mod style;
pub mod table;
pub mod width;
pub mod wrap;
