//! Calls that a person is asked about.
//!
//! # Knows
//! Which calls wait for a person's word, what was said of which, for how long that holds; the file in which both
//! outlive the process; which processes belong together.
//!
//! # Does not know
//! Which calls are asked about, how a person is asked, what a call is made of.
//!
//! # How to read it
//! [`call`] is what is asked about and [`question`] who asks; [`book`] is the machine, a value that is told the time.
//! [`desk`] is what everybody shares of it, [`mod@form`] a question as a client or a desktop shows it, [`process_tree`] tells who may not answer.

mod book;
mod call;
mod desk;
mod form;
mod process_tree;
mod question;

pub use book::{ApprovalState, TooManyQuestions};
pub use call::AskedCall;
pub use desk::Approvals;
pub use form::{QuestionText, decision, form, question_text};
pub use process_tree::{client_of, is_older_or_apart, may_answer};
pub use question::{Asking, Decision, Question, SaidByClient};
