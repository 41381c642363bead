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
//! [`endpoints`] is the table of all that can be asked, with `entry` and `query_keys`, [`path`] and [`order`] are what our own verbs ask, the others what is
//! answered: [`status`] with [`server`], [`mod@health`], [`finding`] and [`traffic`], [`seen`] as it happens, `session` who is connected, `call` what runs, `tool_call` what is called from here, `history` what can be looked up, [`approval`] what
//! waits for a person, [`rule`] who may what, `pin` what servers changed, and in [`index`] and [`answer`] what is short; [`problem`] is why there is no
//! answer. [`word`] is how a word is read.

pub mod answer;
mod approval;
mod call;
pub mod endpoint;
pub mod endpoints;
mod entry;
pub mod finding;
mod health;
mod history;
mod index;
pub mod order;
pub mod path;
mod pin;
pub mod problem;
mod query_keys;
mod rule;
pub mod section;
pub mod seen;
pub mod server;
mod session;
pub mod status;
mod tool_call;
pub mod traffic;
mod word;

#[cfg(test)]
mod tests;

pub use answer::{
    Asked, CacheCleared, Consent, DashboardCode, DashboardRevoked, Farewell, Pasted, ToolArgument,
    ToolArguments, ToolDetails, ToolList, ToolReport,
};
pub use approval::{ApprovalCall, ApprovalDone, ApprovalList, ApprovalReport};
pub use call::OpenCallReport;
pub use endpoint::{Endpoint, Operation};
pub use finding::{Finding, Severity};
pub use health::{ServerDetails, ServerHealth, ServerRuns};
pub use history::{HistoryHours, HistoryPage, HourReport};
pub use index::{DaemonIndex, EndpointSummary};
pub use order::Order;
pub use pin::PinReport;
pub use problem::{ProblemCode, ProblemDetails};
pub use rule::{AccessVerdict, RuleReport, TokenReport};
pub use section::{
    ChangeDone, ChangePlan, ConfigPlace, FilePlan, ListTokens, SectionKeys, SectionReport,
    VersionReport, WantedChanges,
};
pub use seen::{CallsSeen, ClientSeen, SessionSeen};
pub use server::{Definitions, Era, Load, Phase, ServerReport};
pub use session::{SessionDetails, SessionProcess};
pub use status::{CallsReport, ConfigReport, InForce, Status};
pub use tool_call::{ToolCallDone, ToolCallWanted};
pub use traffic::Traffic;
