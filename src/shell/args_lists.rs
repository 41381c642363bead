//! What the verbs about tools, prompts and resources take.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::ReachArgs;
use crate::completion::Names;

/// How a list is printed.
#[derive(Debug, Clone, Args)]
pub struct ListingArgs {
    /// Only those of this server.
    #[arg(long, global = true, value_name = "NAME", add = Names::Servers)]
    pub(super) server: Option<String>,
    /// For programs, as the servers wrote it.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub struct ToolsArgs {
    #[command(subcommand)]
    pub(super) verb: Option<ToolsVerb>,
    #[command(flatten)]
    pub(super) listing: ListingArgs,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum ToolsVerb {
    /// List all tools, with what they do. So does `callmux tools` alone.
    List,
    /// Find tools by what they do, the best first.
    Search {
        /// What it is to do, in words.
        #[arg(value_name = "QUERY", required = true)]
        query: Vec<String>,
        /// How many are shown at the most.
        #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=50))]
        limit: u64,
    },
    /// Show what a tool takes.
    Show {
        /// The tool.
        #[arg(value_name = "TOOL", add = Names::Tools)]
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct PromptsArgs {
    #[command(subcommand)]
    pub(super) verb: Option<PromptsVerb>,
    #[command(flatten)]
    pub(super) listing: ListingArgs,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum PromptsVerb {
    /// List all prompts, with their arguments. So does `callmux prompts` alone.
    List,
    /// Print the texts of a prompt.
    Get {
        /// The prompt, as it is listed.
        #[arg(value_name = "PROMPT")]
        name: String,
        /// `NAME=VALUE`, `{…}`, `@FILE`, `-`; see `callmux call --help`.
        #[arg(value_name = "ARGUMENT")]
        words: Vec<String>,
        /// Where to write it, in place of stdout.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct ResourcesArgs {
    #[command(subcommand)]
    pub(super) verb: Option<ResourcesVerb>,
    /// For programs, as the servers wrote it.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum ResourcesVerb {
    /// List all resources and templates of their addresses. So does `callmux resources` alone.
    List,
    /// Print a resource, or write it to a file where it is no text.
    Read {
        /// Its address, as it is listed, or one that a template makes.
        #[arg(value_name = "URI")]
        uri: String,
        /// Where to write it; `-` is stdout [default for what is no text: a new file in the current directory].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}
