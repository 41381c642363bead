//! A shell as a client of the daemon: one request, its answer on stdout, an exit code.
//!
//! # Knows
//! How words of a command line become arguments, what of an answer is printed and what goes to a file, how a
//! server's question is put to whoever sits at the terminal, which exit code says what.
//!
//! # Does not know
//! How the request gets to the daemon and outlives it: that is the bridge's.
//!
//! # How to read it
//! [`args`] is what the verbs take. [`mod@call`], [`mod@tools`], [`mod@prompts`], [`mod@resources`] and [`mod@work`] go through [`desk`], which opens a
//! [`talk`], has it carry one request, and ends it. [`given`] reads the words, by what [`wanted`] knows of the tool;
//! [`outcome`] says what came of it, and [`show`]
//! prints that, or has it [`saved`]. [`mod@logs`], [`mod@top`], [`mod@trace`] and [`mod@watch`] show what happened and happens.

mod args;
mod args_lists;
mod args_work;
mod call;
mod desk;
mod given;
mod logs;
mod mirror;
mod outcome;
mod person;
mod prompts;
mod question;
mod resources;
mod saved;
mod show;
mod signals;
mod talk;
mod tools;
mod top;
mod trace;
mod trouble;
mod typed;
mod wanted;
mod watch;
mod work;

pub use args::CallArgs;
pub use args_lists::{PromptsArgs, ResourcesArgs, ToolsArgs};
pub use args_work::{RecipeArgs, WorkArgs};
pub use call::call;
pub use logs::{LogsArgs, logs};
pub use prompts::prompts;
pub use resources::resources;
pub use tools::tools;
pub use top::{TopArgs, top};
pub use trace::{TraceArgs, trace};
pub use watch::{EventArgs, watch};
pub use work::{Work, recipe, work};
