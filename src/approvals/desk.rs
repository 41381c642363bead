//! The one book of a daemon, which calls and people share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::book::{ApprovalState, Book, TooManyQuestions, UnknownApproval};
use super::call::AskedCall;
use super::question::{Asking, Decision, Question};
use crate::base::{Lock, file};

/// The largest file of ours that is read, in bytes.
const FILE_MAX: u64 = 16 << 20;
/// Whoever looks comes back within this.
const WATCHED_FOR: Duration = Duration::from_secs(10);

/// The questions and the answers. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Approvals(Arc<DeskState>);

#[derive(Debug)]
struct DeskState {
    book: Lock<Book>,
    /// `None`: nothing outlives the process.
    file: Option<PathBuf>,
    /// Counts what changed.
    changed: watch::Sender<u64>,
    watched: Lock<Option<Instant>>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self::new(Book::default(), None)
    }
}

impl Approvals {
    fn new(book: Book, file: Option<PathBuf>) -> Self {
        let (changed, watched) = (watch::Sender::new(0), Lock::default());
        Self(Arc::new(DeskState { book: Lock::new(book), file, changed, watched }))
    }

    /// What an earlier process of ours left in this directory. A file that cannot be read says nothing.
    pub fn kept_in(dir: &Path) -> Self {
        let path = dir.join("approvals.json");
        let kept = file::read(&path, FILE_MAX).ok();
        let book = kept.and_then(|bytes| {
            let read = serde_json::from_slice(&bytes);
            read.inspect_err(|error| tracing::warn!(path = %path.display(), %error, "unreadable"))
                .ok()
        });
        Self::new(book.unwrap_or_default(), Some(path))
    }

    /// Works on the book and keeps what came of it.
    fn change<T>(&self, work: impl FnOnce(&mut Book, SystemTime) -> T) -> T {
        let mut book = self.0.book.lock();
        let before = book.clone();
        let done = work(&mut book, SystemTime::now());
        if *book != before {
            self.keep(&book);
            drop(book);
            self.0.changed.send_modify(|count| *count += 1);
        }
        done
    }

    fn keep(&self, book: &Book) {
        let Some(path) = &self.0.file else { return };
        let bytes = serde_json::to_vec(book).expect("a book is JSON");
        if let Err(error) = file::replace_soon(path, &[&bytes]) {
            tracing::warn!(path = %path.display(), %error, "a restart would forget approvals");
        }
    }

    /// What was said of a call; see [`ApprovalState`]. `goes_on`: it was begun before.
    pub fn find(&self, asking: &Asking, call: &AskedCall, goes_on: bool) -> ApprovalState {
        self.0.book.lock().find(asking, call, goes_on, SystemTime::now())
    }

    /// The call is made now.
    pub fn use_up(&self, asking: &Asking, call: &AskedCall) {
        self.change(|book, _| book.use_up(asking, call));
    }

    /// Asks about calls, or joins whoever asks about them already. With whether it is new.
    pub fn ask(
        &self,
        asking: &Asking,
        calls: &[AskedCall],
        within: Duration,
    ) -> Result<(Question, bool), TooManyQuestions> {
        self.change(|book, now| book.ask(asking, calls, now, within))
    }

    /// A person's word.
    pub fn answer(&self, id: &str, decision: Decision) -> Result<Question, UnknownApproval> {
        self.change(|book, now| book.answer(id, decision, now))
    }

    /// What tells its questions from those of other daemons, also of a later process; text without a colon.
    pub fn tag(&self) -> Box<str> {
        self.0.book.lock().tag.clone()
    }

    /// The question with this id.
    pub fn question(&self, id: &str) -> Option<Question> {
        self.open().into_iter().find(|open| *open.id == *id)
    }

    /// Those that wait.
    pub fn open(&self) -> Vec<Question> {
        self.change(|book, now| {
            book.expire(now);
            book.open().to_vec()
        })
    }

    /// Completes once a question does not wait any more: it was answered, or its time is over.
    pub async fn over(&self, question: &Question) {
        let mut changed = self.0.changed.subscribe();
        let is_over = |_: &u64| !self.0.book.lock().is_open(&question.id, SystemTime::now());
        let left = question.until.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::select! {
            _ = changed.wait_for(is_over) => {}
            () = tokio::time::sleep(left) => {}
        }
    }

    /// Those that wait, once there is another state of them than `known`, or after `patience`. With its number.
    /// Somebody looks as long as this is asked for again and again.
    pub async fn look(&self, known: Option<u64>, patience: Duration) -> (u64, Vec<Question>) {
        let mut changed = self.0.changed.subscribe();
        if known.is_some() {
            *self.0.watched.lock() = Some(Instant::now() + patience);
        }
        let is_news = |count: &u64| Some(*count) != known;
        let _news = tokio::time::timeout(patience, changed.wait_for(is_news)).await;
        if known.is_some() {
            *self.0.watched.lock() = Some(Instant::now());
        }
        let open = self.open();
        (*self.0.changed.borrow(), open)
    }

    /// Whether somebody looks who can answer.
    pub fn is_watched(&self) -> bool {
        self.0.watched.lock().is_some_and(|last| Instant::now() < last + WATCHED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Approvals;
    use crate::approvals::{ApprovalState, AskedCall, Asking, Decision};
    use crate::base::{Principal, ServerName};

    #[tokio::test]
    async fn questions_and_answers_outlive_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let rule = "r".into();
        let asking = Asking {
            principal: Principal::user(7),
            client: "c".into(),
            cwd: None,
            rule,
            processes: Vec::new(),
        };
        let call = |name: &str| {
            let server = ServerName::parse("s").unwrap();
            AskedCall::new(&server, "tool", (name, name), Some("{}"))
        };
        let approvals = Approvals::kept_in(dir.path());
        let ask = |name: &str| approvals.ask(&asking, &[call(name)], Duration::from_mins(2));
        let (answered, waiting) = (ask("a").unwrap().0, ask("b").unwrap().0);
        approvals.answer(&answered.id, Decision::Once).unwrap();
        approvals.over(&answered).await;

        let next = Approvals::kept_in(dir.path());
        assert_eq!(next.open(), std::slice::from_ref(&waiting));
        assert_eq!(next.find(&asking, &call("a"), false), ApprovalState::Approved);
        let (count, _) = next.look(None, Duration::ZERO).await;
        assert!(!next.is_watched());
        let (state, look) = (Some(count), Duration::from_mins(1));
        let answered = async { next.answer(&waiting.id, Decision::Deny).unwrap() };
        let ((_, open), _) = tokio::join!(next.look(state, look), answered);
        assert_eq!(open, []);
        assert!(next.is_watched());
        assert_eq!(next.find(&asking, &call("b"), false), ApprovalState::Denied);

        crate::base::file::replace(&dir.path().join("approvals.json"), b"{").unwrap();
        assert_eq!(Approvals::kept_in(dir.path()).open(), []);
    }
}
