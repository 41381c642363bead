//! The tools that callmux itself gives to agents: many calls in one, results that fit, tools found
//! by words.
//!
//! # Knows
//! What each meta-tool takes and gives, recipes, the mapping of results to arguments.
//!
//! # Does not know
//! How a call is carried out: every inner call passes [`crate::mux::serve`], the one door, with the
//! principal and the session of the outer one.
//!
//! # How to read it
//! [`table`] is the list of them: name, description, schema. [`run`] is where a call comes in.
//! [`input`] decodes what agents send, strictly and with errors that say what was expected
//! ([`refusal`]); [`inner`] makes the calls that are [`wanted`]; [`reply`] writes what comes back. Then one file for each family.

mod dry_run;
mod fan_out;
mod find;
mod inner;
mod input;
mod mapping;
mod overview;
mod pipeline;
mod recipe;
mod refusal;
mod reply;
mod run;
mod single;
mod status;
mod stored;
mod table;
mod wanted;

pub use find::answer_tokens;
pub use run::serve;
pub use table::{is_own_name, own_tools};
