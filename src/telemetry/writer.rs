//! The thread that writes facts: to stderr, or to the journal and the record of calls; and calls to the
//! audit file.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use super::audit::{Audit, now};
use super::calls::{CallRecord, Tail};
use super::counting::Counting;
use super::counts::Counts;
use super::following::Following;
use super::journal::{self, Journal};
use super::keeping::{self, Keeping};
use super::lately::Lately;
use super::readback;
use super::repetition::{Repeated, Repetitions};
use super::sink::Sink;
use crate::audit::{AuditBook, Mishap};
use crate::facts::FactKind;
use crate::facts::Record;
use crate::facts::Threshold;
use crate::facts::{CallsMissing, Fact, FactsLost, Noted};

/// Facts that are written together.
const TOGETHER: usize = 1024;
/// The time from one round of writing to the next: each costs us a wake-up and a write, and journald
/// as much, for however many entries.
const APART: Duration = Duration::from_millis(2);
/// How soon a journal that did not take everything is tried again: when it has taken some, when it has
/// and many wait, and at last. Where its queue is short it has done all of it in a fraction of this.
const TRY_SOON: Duration = Duration::from_micros(250);
const TRY_AT_ONCE: Duration = Duration::from_micros(50);
const MANY: usize = 1024;
const TRY_AGAIN: Duration = Duration::from_millis(10);
/// So long after its entry is written it is still noted that a call ended: if we are killed by then, its
/// answer may not have reached the client's bridge, which asks again. And of so many calls.
const NOTED_FOR: Duration = Duration::from_millis(50);
const NOTED_MAX: usize = 2048;
/// While somebody looks into the journal.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a journal that takes nothing may keep us when we end.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);
/// How often it is told what the journal did not take.
const TELL_EVERY: Duration = Duration::from_mins(10);

/// What the thread has.
pub(super) struct Writer {
    sink: Sink,
    threshold: Threshold,
    counts: Arc<Counts>,
    repetitions: Repetitions,
    /// What of each fact is kept for a while, and since when.
    noted: VecDeque<(Instant, Noted)>,
    /// In the place of the sink.
    books: Option<Books>,
    keeping: Arc<Keeping>,
    counting: Arc<Counting>,
    lately: Arc<Lately>,
    following: Arc<Following>,
    file: Option<AuditBook>,
}

/// What the thread shares with those who record.
pub(super) struct Ends {
    pub(super) counts: Arc<Counts>,
    pub(super) keeping: Arc<Keeping>,
    pub(super) counting: Arc<Counting>,
    pub(super) lately: Arc<Lately>,
    pub(super) following: Arc<Following>,
}

/// The journal, and the record beside it.
struct Books {
    journal: Journal,
    record: Option<CallRecord>,
    audit: Audit,
    /// How soon it is tried again while entries wait.
    retry: Duration,
    /// The last number given.
    last: u64,
    /// The last one of which the record says what became of it.
    marked: u64,
    /// What is missing and was not told yet, and when some was told.
    untold: u64,
    told_at: Option<Instant>,
    /// Entries, not of calls, for which there was no room.
    left_out: u64,
}

impl Writer {
    pub(super) fn new(sink: Sink, threshold: Threshold, record: Option<&Path>, ends: Ends) -> Self {
        let Ends { counts, keeping, counting, lately, following } = ends;
        let books = sink.is_journal().then(|| Books::open(record));
        let (repetitions, noted) = (Repetitions::default(), VecDeque::new());
        Self {
            sink,
            threshold,
            counts,
            repetitions,
            noted,
            books,
            keeping,
            counting,
            lately,
            following,
            file: None,
        }
    }

    pub(super) fn audit(&self) -> Option<Audit> {
        self.books.as_ref().map(|books| books.audit.clone())
    }

    /// Writes until nobody can record any more.
    pub(super) fn run(mut self, facts: &Receiver<Option<Fact>>) {
        let mut round = None;
        loop {
            self.keep_apart(round);
            let patience = self.books.as_ref().and_then(Books::patience).into_iter();
            let patience = patience.chain(self.file.as_ref().and_then(AuditBook::due)).min();
            let first = match patience {
                Some(patience) => facts.recv_timeout(patience),
                None => facts.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            if matches!(first, Err(RecvTimeoutError::Disconnected)) {
                break;
            }
            let began = Instant::now();
            round = Some(began);
            for fact in first.into_iter().chain(facts.try_iter().take(TOGETHER)).flatten() {
                self.take(fact, began);
            }
            self.tell_loss();
            // The audit file first: what it has may be asked of the other record.
            self.follow_keeping();
            self.begin();
            if let Some(file) = &mut self.file {
                let mishaps = file.flush();
                self.tell(mishaps);
            }
            if let Some(books) = &mut self.books {
                books.flush();
            }
            self.let_go(began);
        }
        if let Some(file) = self.file.take() {
            self.tell(file.close());
        }
        if let Some(books) = self.books {
            books.close();
        }
    }

    /// Whoever records facts wakes nobody while we sleep here.
    fn keep_apart(&self, round: Option<Instant>) {
        let has_more = self.books.is_some()
            || self.file.is_some()
            || self.counting.is_on()
            || self.following.is_on();
        let Some(round) = round.filter(|_| has_more) else {
            return;
        };
        let waiting = self.books.as_ref().filter(|books| books.journal.waiting() > 0);
        let apart = waiting.map_or(APART, |books| books.retry);
        if let Some(left) = apart.checked_sub(round.elapsed()) {
            std::thread::sleep(left);
        }
    }

    fn take(&mut self, fact: Fact, now: Instant) {
        self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
        self.counting.note(&fact);
        let repeated = self.repetitions.note(&fact, now);
        let is_call = matches!(fact, Fact::CallFinished(_));
        if is_call {
            self.follow_keeping();
        }
        let is_in_file = match (&fact, &mut self.file) {
            (Fact::CallFinished(call), Some(file)) => {
                keeping::add(file, call, SystemTime::now(), &self.keeping.wanted())
            }
            _ => false,
        };
        let mut record = fact.record();
        repeated.mark(&mut record);
        self.lately.keep(&record);
        if is_in_file {
            record.fields.push((readback::IN_FILE, 1_u64.into()));
        }
        if self.threshold.takes(record.level, fact.about().is_audit) {
            write(&mut self.books, &mut self.sink, &record, is_call);
        }
        drop(record);
        let mut fact = fact;
        if let Fact::CallFinished(call) = &mut fact {
            self.noted.extend(call.noted.take().map(|noted| (now, noted)));
        }
        if repeated != Repeated::Quiet {
            self.following.hand_over(fact);
        }
    }

    /// What is wanted of the audit file may be something else.
    fn follow_keeping(&mut self) {
        if self.keeping.is_new() {
            let (file, mishaps) = self.keeping.follow(self.file.take());
            self.file = file;
            self.tell(mishaps);
        }
    }

    /// Has those go on that wait until they stand in the file.
    fn begin(&mut self) {
        let begun = self.keeping.begun();
        if begun.is_empty() {
            return;
        }
        let (mut is_there, mut mishaps) = (false, Vec::new());
        if let Some(file) = &mut self.file {
            let (before, wanted) = (file.waiting(), self.keeping.wanted());
            for act in &begun {
                keeping::add_begun(file, act, &wanted);
            }
            (is_there, mishaps) = file.flush_through(before);
        }
        for act in begun {
            _ = act.told.send(is_there);
        }
        self.tell(mishaps);
    }

    fn tell(&mut self, mishaps: Vec<Mishap>) {
        for fact in mishaps.into_iter().map(keeping::fact) {
            self.counting.note(&fact);
            if self.threshold.takes(fact.about().level, false) {
                write(&mut self.books, &mut self.sink, &fact.record(), false);
            }
            self.following.hand_over(fact);
        }
    }

    /// Lets go of what was noted of facts that are written.
    fn let_go(&mut self, round: Instant) {
        let is_over = |(since, _): &(Instant, Noted)| round.duration_since(*since) > NOTED_FOR;
        let over = self.noted.iter().take_while(|noted| is_over(noted)).count();
        let excess = self.noted.len().saturating_sub(NOTED_MAX);
        self.noted.drain(..over.max(excess));
    }

    fn tell_loss(&mut self) {
        let acts = self.counts.acts.swap(0, Ordering::Relaxed);
        if let Some(file) = &mut self.file {
            file.lose(acts);
        }
        let left_out = self.books.as_mut().map_or(0, |books| std::mem::take(&mut books.left_out));
        let lost = self.counts.dropped.swap(0, Ordering::Relaxed) + left_out;
        if lost > 0 {
            let fact = Fact::from(FactsLost { lost });
            self.counting.note(&fact);
            write(&mut self.books, &mut self.sink, &fact.record(), false);
            self.following.hand_over(fact);
        }
    }
}

fn write(books: &mut Option<Books>, sink: &mut Sink, record: &Record<'_>, is_call: bool) {
    match books {
        Some(books) => books.add(record, is_call),
        None => sink.write(record),
    }
}

impl Books {
    fn open(record: Option<&Path>) -> Self {
        let opened = match record {
            Some(dir) => {
                CallRecord::open(dir).map_err(|error| format!("{}: {error}", dir.display()))
            }
            None => Err("there is no directory for it".to_owned()),
        };
        let (record, tail, path) = match opened {
            Ok((file, tail)) => {
                let path = file.path();
                (Some(file), tail, Ok(path))
            }
            Err(trouble) => (None, Tail::default(), Err(trouble)),
        };
        Self {
            journal: Journal::new(Path::new(journal::SOCKET), tail.last),
            retry: TRY_SOON,
            record,
            audit: Audit::new(tail, path),
            last: tail.last,
            marked: tail.checked,
            untold: 0,
            told_at: None,
            left_out: 0,
        }
    }

    fn add(&mut self, record: &Record<'_>, is_call: bool) {
        let sequence = is_call.then_some(self.last + 1);
        if let Some(sequence) = sequence {
            self.last = sequence;
            if let Some(file) = &mut self.record {
                file.add(record, sequence, now());
            }
        }
        // That an entry of a call is missing will be seen by its number.
        if !self.journal.add(record, sequence) && !is_call {
            self.left_out += 1;
        }
    }

    /// The record first: nothing is in the journal alone.
    fn flush(&mut self) {
        self.note_news();
        if let Some(file) = &mut self.record
            && let Err(error) = file.flush()
        {
            self.audit.trouble(format!("{}: {error}", file.path().display()));
        }
        self.send();
        self.audit.sent(self.journal.sent(), self.journal.waiting());
        if self.audit.look_in().is_some_and(|wait| wait.is_zero()) {
            self.audit.look_soon();
        }
    }

    fn send(&mut self) {
        let before = self.journal.waiting();
        self.journal.send();
        let after = self.journal.waiting();
        let is_going = after == 0 || after < before;
        self.retry = match is_going {
            true if after >= MANY => TRY_AT_ONCE,
            true => TRY_SOON,
            false => (self.retry * 2).min(TRY_AGAIN),
        };
    }

    /// What somebody who looked into the journal found.
    fn note_news(&mut self) {
        let missing = self.audit.news().map_or(0, |(_, missing)| missing);
        let checked = self.audit.checked();
        if let Some(file) = self.record.as_mut().filter(|_| checked > self.marked) {
            file.mark(checked, missing);
            self.marked = checked;
        }
        self.untold += missing;
        let is_due = self.told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY);
        if self.untold > 0 && is_due {
            let missing = std::mem::take(&mut self.untold);
            self.told_at = Some(Instant::now());
            let fact = CallsMissing { missing, record: self.audit.report().record };
            self.journal.add(&fact.record(), None);
        }
    }

    /// How long the next fact is waited for; `None`: for ever.
    fn patience(&self) -> Option<Duration> {
        if self.journal.waiting() > 0 {
            // Between the rounds there was time enough.
            Some(Duration::ZERO)
        } else if self.audit.is_being_looked() {
            Some(LOOK_AGAIN)
        } else if self.untold > 0 {
            Some(TELL_EVERY)
        } else {
            self.audit.look_in().map(|wait| wait.max(TRY_AGAIN))
        }
    }

    fn close(mut self) {
        let deadline = Instant::now() + LEAVE_WITHIN;
        self.flush();
        while self.journal.waiting() > 0 && Instant::now() < deadline {
            std::thread::sleep(self.retry);
            self.send();
        }
    }
}
