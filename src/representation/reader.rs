//! Who reads a result.

use std::sync::Arc;

use crate::base::ServerName;
use crate::render::TextFormat;
use crate::results::Results;

/// Whose result it is, and how much of it they want.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Under which name their results are kept.
    pub owner: String,
    pub format: TextFormat,
    /// In bytes; 0: any.
    pub max_result: usize,
    /// As clients name it.
    pub tool: Arc<str>,
    pub server: Option<ServerName>,
    pub results: Results,
}
