//! Which calls wait, and what was said of which.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::call::AskedCall;
use super::question::{Asking, Decision, Question};
use crate::base::random;

/// Questions of one principal that may wait at once.
const OPEN_MAX: usize = 32;
/// And of all together.
const ALL_OPEN_MAX: usize = 256;
/// Calls of one question.
const CALLS_MAX: usize = 256;
/// Answers that are kept; before there are more, the oldest is forgotten.
const ANSWERS_MAX: usize = 1024;
/// How far a clock may be set back while a question waits.
const CLOCK: Duration = Duration::from_mins(5);

/// The questions that are open, and the answers that hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Book {
    /// What tells its questions from those of other books; text without a colon.
    pub(super) tag: Box<str>,
    open: Vec<Question>,
    answers: Vec<GivenAnswer>,
}

/// What was said of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GivenAnswer {
    /// Whom it was given.
    asking: Asking,
    call: AskedCall,
    until: SystemTime,
    is_denial: bool,
    /// It is about every call of the same.
    is_for_all: bool,
    /// The one call that it was for was made.
    is_used: bool,
}

/// What is known of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalState {
    Approved,
    Denied,
    Nothing,
}

/// There are as many questions as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("as many calls wait for a person's approval as may; `callmux approvals` lists them")]
pub struct TooManyQuestions;

/// There is no such question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no question waits under this id: it was answered, or nobody did in time")]
pub struct UnknownApproval;

impl Default for Book {
    fn default() -> Self {
        let tag = format!("{:016x}", u64::from_ne_bytes(random::bytes())).into();
        Self { tag, open: Vec::new(), answers: Vec::new() }
    }
}

impl Book {
    /// What was said of a call. `goes_on`: it was begun before, so that what was said once is said of it still.
    pub(super) fn find(
        &self,
        asking: &Asking,
        call: &AskedCall,
        goes_on: bool,
        now: SystemTime,
    ) -> ApprovalState {
        let mut holding = self.answers.iter().filter(|answer| {
            answer.until > now && answer.asking.is_of_the_same(asking) && answer.is_of(call)
        });
        // The last word counts.
        match holding.rfind(|answer| answer.is_denial || !answer.is_used || goes_on) {
            Some(answer) if answer.is_denial => ApprovalState::Denied,
            Some(_) => ApprovalState::Approved,
            None => ApprovalState::Nothing,
        }
    }

    /// The call is made now: what was said of one call is used up.
    pub(super) fn use_up(&mut self, asking: &Asking, call: &AskedCall) -> bool {
        let mut unused = self.answers.iter_mut().filter(|answer| {
            answer.asking.is_of_the_same(asking)
                && answer.call.is_same(call)
                && !(answer.is_denial || answer.is_for_all || answer.is_used)
        });
        unused.next_back().map(|answer| answer.is_used = true).is_some()
    }

    /// Asks, or joins whoever asks the same already. With whether it is new.
    pub(super) fn ask(
        &mut self,
        asking: &Asking,
        calls: &[AskedCall],
        now: SystemTime,
        within: Duration,
    ) -> Result<(Question, bool), TooManyQuestions> {
        self.expire(now);
        let is_same = |open: &&Question| {
            open.asking.is_of_the_same(asking)
                && calls.iter().all(|call| open.calls.iter().any(|other| other.is_same(call)))
        };
        if let Some(open) = self.open.iter().find(is_same) {
            return Ok((open.clone(), false));
        }
        let own = self.open.iter().filter(|open| open.asking.principal == asking.principal);
        let is_full = own.count() >= OPEN_MAX || self.open.len() >= ALL_OPEN_MAX;
        if is_full || calls.len() > CALLS_MAX {
            return Err(TooManyQuestions);
        }
        let id = loop {
            let id = format!("{:08x}", u32::from_ne_bytes(random::bytes()));
            if self.open.iter().all(|open| *open.id != *id) {
                break id.into();
            }
        };
        let (asking, calls) = (asking.clone(), calls.to_vec());
        let question = Question { id, asking, calls, asked: now, until: now + within };
        self.open.push(question.clone());
        Ok((question, true))
    }

    pub(super) fn answer(
        &mut self,
        id: &str,
        decision: Decision,
        now: SystemTime,
    ) -> Result<Question, UnknownApproval> {
        self.expire(now);
        let at = self.open.iter().position(|open| *open.id == *id).ok_or(UnknownApproval)?;
        let question = self.open.remove(at);
        self.answers.retain(|answer| answer.until > now);
        let surplus = (self.answers.len() + question.calls.len()).saturating_sub(ANSWERS_MAX);
        self.answers.drain(..surplus.min(self.answers.len()));
        self.answers.extend(question.calls.iter().map(|call| GivenAnswer {
            asking: question.asking.clone(),
            call: call.without_arguments(),
            until: now + decision.holds(),
            is_denial: decision == Decision::Deny,
            is_for_all: decision == Decision::Hour,
            is_used: false,
        }));
        Ok(question)
    }

    /// Those that nobody answered in time are over.
    pub(super) fn expire(&mut self, now: SystemTime) -> bool {
        let before = self.open.len();
        // A clock that was set back must not keep a question for longer than it was asked for.
        self.open.retain(|open| open.until > now && open.asked <= now + CLOCK);
        before != self.open.len()
    }

    pub(super) fn open(&self) -> &[Question] {
        &self.open
    }

    pub(super) fn is_open(&self, id: &str, now: SystemTime) -> bool {
        self.open.iter().any(|open| *open.id == *id && open.until > now)
    }
}

impl GivenAnswer {
    fn is_of(&self, call: &AskedCall) -> bool {
        if self.is_for_all { self.call.is_alike(call) } else { self.call.is_same(call) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{ApprovalState, Book, OPEN_MAX, TooManyQuestions, UnknownApproval};
    use crate::approvals::{AskedCall, Asking, Decision};
    use crate::base::{Principal, ServerName};

    const WITHIN: Duration = Duration::from_mins(2);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(24)
    }

    fn asking(uid: u32) -> Asking {
        let (principal, rule) = (Principal::user(uid), "r".into());
        Asking { principal, client: "c".into(), cwd: None, rule, processes: Vec::new() }
    }

    fn call(name: &str, arguments: &str) -> AskedCall {
        let server = ServerName::parse("s").unwrap();
        AskedCall::new(&server, "tool", (name, name), Some(arguments))
    }

    #[test]
    fn one_word_is_for_one_call_of_one_principal() {
        let (mut book, one) = (Book::default(), call("t", "{}"));
        let whose = asking(1);
        let (question, is_new) =
            book.ask(&asking(1), std::slice::from_ref(&one), now(), WITHIN).unwrap();
        assert!(is_new && book.is_open(&question.id, now()));
        let again = book.ask(&asking(1), std::slice::from_ref(&one), now(), WITHIN).unwrap();
        assert_eq!(again, (question.clone(), false), "whoever asks the same waits with it");
        assert_eq!(book.find(&whose, &one, false, now()), ApprovalState::Nothing);
        book.answer(&question.id, Decision::Once, now()).unwrap();
        assert_eq!(book.answer(&question.id, Decision::Deny, now()), Err(UnknownApproval));
        for (whose, call, expected) in [
            (1, call("t", "{}"), ApprovalState::Approved),
            (1, call("t", r#"{"a":1}"#), ApprovalState::Nothing),
            (1, call("u", "{}"), ApprovalState::Nothing),
            (2, call("t", "{}"), ApprovalState::Nothing),
        ] {
            assert_eq!(book.find(&asking(whose), &call, false, now()), expected);
        }
        let elsewhere = Asking { cwd: Some("/d".into()), ..asking(1) };
        let other = Asking { client: "d".into(), ..asking(1) };
        for another in [elsewhere, other] {
            assert_eq!(book.find(&another, &one, false, now()), ApprovalState::Nothing);
        }
        assert!(book.use_up(&whose, &one) && !book.use_up(&whose, &one));
        assert_eq!(book.find(&whose, &one, false, now()), ApprovalState::Nothing);
        assert_eq!(
            book.find(&whose, &one, true, now()),
            ApprovalState::Approved,
            "a further round of it"
        );
        let later = now() + Duration::from_hours(1);
        assert_eq!(book.find(&whose, &one, true, later), ApprovalState::Nothing);
    }

    #[test]
    fn an_hour_is_for_the_tool_and_a_denial_ends_it() {
        let mut book = Book::default();
        let ask = |book: &mut Book, arguments: &str, decision| {
            let calls = [call("t", arguments)];
            let (question, _) = book.ask(&asking(1), &calls, now(), WITHIN).unwrap();
            book.answer(&question.id, decision, now()).unwrap();
        };
        let find = |book: &Book, arguments: &str, at| {
            book.find(&asking(1), &call("t", arguments), false, at)
        };
        ask(&mut book, "{}", Decision::Hour);
        assert!(!book.use_up(&asking(1), &call("t", "{}")));
        let almost = now() + Duration::from_mins(59);
        assert_eq!(find(&book, r#"{"a":2}"#, almost), ApprovalState::Approved);
        assert_eq!(
            find(&book, r#"{"a":2}"#, almost + Duration::from_mins(1)),
            ApprovalState::Nothing
        );
        ask(&mut book, r#"{"a":2}"#, Decision::Deny);
        assert_eq!(find(&book, r#"{"a":2}"#, now()), ApprovalState::Denied);
        assert_eq!(find(&book, r#"{"a":3}"#, now()), ApprovalState::Approved);
    }

    #[test]
    fn what_nobody_answers_is_over_and_nobody_can_fill_the_book() {
        let mut book = Book::default();
        let calls = |number: usize| [call("t", &format!(r#"{{"a":{number}}}"#))];
        for number in 0..OPEN_MAX {
            book.ask(&asking(1), &calls(number), now(), WITHIN).unwrap();
        }
        assert_eq!(book.ask(&asking(1), &calls(OPEN_MAX), now(), WITHIN), Err(TooManyQuestions));
        assert!(book.ask(&asking(2), &calls(0), now(), WITHIN).is_ok(), "another has room");
        let first = book.open()[0].id.clone();
        assert!(book.expire(now() + WITHIN));
        assert!(book.open().is_empty());
        assert_eq!(book.answer(&first, Decision::Once, now()), Err(UnknownApproval));
        let (question, _) = book.ask(&asking(1), &calls(0), now(), WITHIN).unwrap();
        assert!(book.expire(now() - Duration::from_hours(1)), "the clock was set back");
        assert!(!book.is_open(&question.id, now()));
    }

    #[test]
    fn several_calls_are_one_question() {
        let mut book = Book::default();
        let calls = [call("t", r#"{"a":1}"#), call("t", r#"{"a":2}"#), call("u", "{}")];
        let (question, _) = book.ask(&asking(1), &calls, now(), WITHIN).unwrap();
        let part = book.ask(&asking(1), &calls[1..2], now(), WITHIN).unwrap();
        assert_eq!(part, (question.clone(), false), "a part of it is asked about already");
        book.answer(&question.id, Decision::Once, now()).unwrap();
        for call in &calls {
            assert_eq!(book.find(&asking(1), call, false, now()), ApprovalState::Approved);
        }
    }
}
