//! What an operator's `callmux` and the daemon say to each other.
//!
//! # Knows
//! The paths that are asked for, and what is answered, as types that both sides use. The words among
//! it, and that another version may have others.
//!
//! # Does not know
//! HTTP, who may ask, where the daemon has it from, how any of it is shown.
//!
//! # How to read it
//! [`path`] and [`order`] are what can be asked, the others what is answered: [`status`] with
//! [`server`], [`finding`] and [`traffic`], [`seen`] as it happens, [`approval`] what waits for a person, and in [`answer`] what is short. [`word`] is how a word is read.

pub mod answer;
mod approval;
pub mod finding;
pub mod order;
pub mod path;
pub mod seen;
pub mod server;
pub mod status;
pub mod traffic;
mod word;

#[cfg(test)]
mod tests;

pub use answer::{
    Asked, Consent, Failure, Farewell, Pasted, Refusal, ToolArgument, ToolArguments, ToolList,
    ToolReport,
};
pub use approval::{ApprovalCall, ApprovalDone, ApprovalList, ApprovalReport};
pub use finding::{Finding, Severity};
pub use order::Order;
pub use seen::{CallsSeen, ClientSeen, SessionSeen};
pub use server::{Definitions, Era, Load, Phase, ServerReport};
pub use status::{CallsReport, ConfigReport, InForce, Status};
pub use traffic::Traffic;
