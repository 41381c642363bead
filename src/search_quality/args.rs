//! The arguments of `callmux search-quality`.

use std::path::PathBuf;

use clap::Args;

/// What `search-quality --help` says behind the arguments.
const SEARCH_FILES: &str = r#"The tools:

  {"tools": [{"server": "forge", "tool": "create_issue", "tool_id": "forge:create_issue",
              "description": "Open an issue.", "inputSchema": {…}}]}

and the queries, with the tools that answer each; a relevance of 2 is right, 1 is of use, 0 is wrong:

  {"queries": [{"id": "q1", "query": "file a bug",
                "labels": [{"tool_id": "forge:create_issue", "relevance": 2}]}]}

A tool may also have a title; its schema may be called schema. What is measured, as means over all queries:
recall@N, the share of the tools of relevance 1 and more that are among the first N;
MRR, one divided by the rank of the first such tool;
nDCG@10, the first ten weighed by relevance and rank, as a share of the best order."#;

#[derive(Debug, Args)]
#[command(after_long_help = SEARCH_FILES)]
pub struct SearchQualityArgs {
    /// The tools, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) tools: PathBuf,
    /// The queries and what they should find, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) queries: PathBuf,
    /// Let words mean what they are only: no "remove" for "delete".
    #[arg(long)]
    pub(super) no_thesaurus: bool,
    /// Name each query whose best tool is not among the first five.
    #[arg(long)]
    pub(super) verbose: bool,
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
}
