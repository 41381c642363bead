//! The file of a book: one for each server, in the state directory. Only one process writes it at a time.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::book::{Accepted, Book, Looked, NoSuchItem, Offered};
use super::error::PinsError;
use super::kind::PinKind;
use crate::base::file_lock::FileLock;
use crate::base::{ServerName, file};

/// The largest file, in bytes: what a server offers has a bound, and is there twice at the most.
const BOOK_MAX: u64 = 128 * 1024 * 1024;
/// How long another process may have the file.
const BUSY_MAX: Duration = Duration::from_secs(2);
const LOOK_EACH: Duration = Duration::from_millis(5);

/// Where the books of all servers are.
#[derive(Debug, Clone, Default)]
pub struct Store {
    dir: Option<PathBuf>,
}

impl Store {
    /// In a state directory; without one nothing is pinned.
    pub fn below(state: Option<&Path>) -> Self {
        Self { dir: state.map(|state| state.join("pins")) }
    }

    /// Where the book of a server is, which its instances share: they are meant to be the same.
    pub fn of(&self, server: &ServerName) -> Keeper {
        let server = server.configured();
        let path = self.dir.as_ref().map(|dir| dir.join(format!("{}.json", server.as_str())));
        Keeper { server, path }
    }
}

/// The file of one server.
#[derive(Debug, Clone)]
pub struct Keeper {
    server: ServerName,
    path: Option<PathBuf>,
}

impl Keeper {
    /// Holds what a server offers against what was accepted, and keeps what is to be told once. `whole`: see
    /// [`Book::look`].
    ///
    /// If nobody can say what was accepted, nothing was: whoever can damage a file is not to undo a hold.
    pub fn look(&self, offered: &[Offered<'_>], whole: &[PinKind]) -> Looked {
        let Some(path) = &self.path else { return Looked::default() };
        let (looked, _) = self.looked(offered, whole);
        if !looked.is_news {
            return looked;
        }
        let lock = match take(path) {
            Ok(lock) => lock,
            Err(error) => {
                self.not_noted(&error);
                return looked;
            }
        };
        let (looked, book) = self.looked(offered, whole);
        if let (true, Some(book)) = (looked.is_news, book)
            && let Err(error) = write(path, &book)
        {
            self.not_noted(&error);
        }
        drop(lock);
        looked
    }

    /// Nobody would be told of a later change of what was never noted.
    fn not_noted(&self, error: &PinsError) {
        let server = &self.server;
        tracing::warn!(%server, %error, "what server {server} offers is not noted, so no change of it is seen: {error}");
    }

    /// The same for what is only remembered of it: nothing is noted.
    pub fn compare(&self, offered: &[Offered<'_>]) -> Looked {
        if self.path.is_none() { Looked::default() } else { self.looked(offered, &[]).0 }
    }

    fn looked(&self, offered: &[Offered<'_>], whole: &[PinKind]) -> (Looked, Option<Book>) {
        let (mut book, trouble) = match self.read() {
            Ok(Some(book)) => (book, None),
            Ok(None) => {
                let book = Book::begin(offered);
                let is_news = book.is_some();
                return (Looked { is_news, ..Looked::default() }, book);
            }
            Err(error) => (Book::default(), Some(error.to_string())),
        };
        let looked = book.look(offered, whole);
        // One sentence says it of all of them.
        let told = if trouble.is_some() { Vec::new() } else { looked.told };
        (Looked { told, trouble, ..looked }, Some(book))
    }

    /// The book; `None`: the server was never seen.
    pub fn read(&self) -> Result<Option<Book>, PinsError> {
        let path = self.path.as_ref().ok_or(PinsError::NoPlace)?;
        let unreadable = |why: String| PinsError::Unreadable { server: self.server.clone(), why };
        match file::read_trusted(path, BOOK_MAX) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| unreadable(format!("{}: {error}", path.display()))),
            Err(error) => match error.problem {
                file::Problem::Io(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                _ => Err(unreadable(error.to_string())),
            },
        }
    }

    /// Accepts what these items are now, or all of them. What was accepted.
    pub fn accept(&self, names: &[String]) -> Result<Vec<Accepted>, PinsError> {
        let path = self.path.as_ref().ok_or(PinsError::NoPlace)?;
        let unseen = || PinsError::Unseen(self.server.clone());
        if self.read()?.is_none() {
            return Err(unseen());
        }
        let _lock = take(path)?;
        let mut book = self.read()?.ok_or_else(unseen)?;
        let server = self.server.clone();
        let accepted =
            book.accept(names).map_err(|NoSuchItem(item)| PinsError::Unknown { server, item })?;
        write(path, &book)?;
        Ok(accepted)
    }
}

fn take(path: &Path) -> Result<FileLock, PinsError> {
    let unwritten = |error| PinsError::Unwritten { path: path.to_path_buf(), error };
    if let Some(dir) = path.parent() {
        file::make_dir(dir).map_err(unwritten)?;
    }
    let (at, until) = (path.with_extension("lock"), Instant::now() + BUSY_MAX);
    loop {
        match FileLock::try_take(&at).map_err(unwritten)? {
            Some(lock) => return Ok(lock),
            None if Instant::now() < until => std::thread::sleep(LOOK_EACH),
            None => return Err(PinsError::Busy(at)),
        }
    }
}

fn write(path: &Path, book: &Book) -> Result<(), PinsError> {
    let unwritten = |error| PinsError::Unwritten { path: path.to_path_buf(), error };
    let json = serde_json::to_vec(book).map_err(|error| unwritten(error.into()))?;
    file::replace(path, &json).map_err(unwritten)
}
