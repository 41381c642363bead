//! Why a file could not be imported.

use std::path::PathBuf;

use crate::settings::Complaint;

/// Why nothing could be made of a file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Read(String),
    #[error("{} is not UTF-8; save it as UTF-8", .0.display())]
    NotText(PathBuf),
    #[error("{}:{line}:{column}: {what}", .path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, what: String },
    #[error("{}: {what}", .path.display())]
    Whole { path: PathBuf, what: String },
    #[error(
        "{} has no MCP servers in it: neither `mcpServers`, `servers`, `mcp`, `context_servers`, `mcp_servers`, \
         `extensions` nor `backends`",
        .0.display()
    )]
    NoServers(PathBuf),
    #[error("{} has more than {max} servers; split it", .path.display())]
    Many { path: PathBuf, max: usize },
    /// The config is not in order, with what is imported or without it.
    #[error("the config is refused")]
    Config(Vec<Complaint>),
    #[error("the config {} is one file; name a file with --out, and what is in it can be pasted", .0.display())]
    OneFile(PathBuf),
}
