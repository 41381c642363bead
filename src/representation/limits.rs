//! How a tool's results are to be read, and whether that could change anything.

use super::verbatim::{gives_what_it_is_given, has_white_space};
use crate::render::TextFormat;

/// How the results of a tool are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitLimits<'a> {
    pub format: TextFormat,
    /// The largest result that goes through whole, in bytes; 0: any.
    pub max_result: usize,
    /// The tool's.
    pub definition: &'a str,
}

impl FitLimits<'_> {
    /// Whether anything of a result could be for them, which is written in these parts.
    pub fn touch(&self, parts: &[impl AsRef<[u8]>]) -> bool {
        let len: usize = parts.iter().map(|part| part.as_ref().len()).sum();
        let is_large = self.max_result > 0 && len > self.max_result;
        is_large
            || match self.format {
                TextFormat::Verbatim => false,
                TextFormat::Json => {
                    parts.iter().any(|part| has_white_space(part.as_ref()))
                        && !gives_what_it_is_given(self.definition)
                }
                TextFormat::Toon | TextFormat::Auto => true,
            }
    }

    /// The format of what is read: what an agent may have to find again to the letter is not written anew.
    pub fn format(&self) -> TextFormat {
        match self.format {
            TextFormat::Json if gives_what_it_is_given(self.definition) => TextFormat::Verbatim,
            other => other,
        }
    }
}
