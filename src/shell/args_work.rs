//! What the verbs for several calls at once take.

use clap::Args;

use super::args::{OutputArgs, ReachArgs};

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: those of `callmux call`; 1 too where one of the calls failed. The JSON printed says which."
)]
pub struct WorkArgs {
    /// What to do, as JSON: the arguments of the tool of the same name (`callmux tools show callmux_parallel`), or
    /// the list in it. `{…}`, `[…]`, `@FILE`, `-`.
    #[arg(value_name = "JSON")]
    pub(super) work: String,
    /// Check it against the tools' schemas, and make no call.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: those of `callmux call`; 1 too where one of the recipe's calls failed."
)]
pub struct RecipeArgs {
    /// The recipe, `[recipes.NAME]` in the config.
    #[arg(value_name = "RECIPE")]
    pub(super) name: String,
    /// Its parameters: `NAME=TEXT`, `NAME:=JSON`, `{…}`, `@FILE`, `-`.
    #[arg(value_name = "ARGUMENT")]
    pub(super) words: Vec<String>,
    /// Show the calls that it would make, and make none.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
}
