//! What of a running server outlives us: our ends of its pipes, the window onto its output, and a
//! card that says who it is. They lie in the fd store of systemd until the server is stopped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::MemfdFlags;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{fd_store, last_release, number};
use crate::base::{ServerName, Workplace};

const PARTS: [&str; 5] = ["stdin", "stdout", "stderr", "window", "card"];
/// The number of takings-over at the head of the card, in the machine's order.
const HEAD: usize = 8;
/// The largest card, in bytes: more than a server can say of itself in one message.
const CARD_MAX: u64 = 64 * 1024 * 1024;
/// What a card says, and how. The last release wrote cards of version 1, which have no number.
const VERSION: u32 = 2;
/// That of an instance's: who knows of no instances must not take it for its server.
const INSTANCE_VERSION: u32 = 3;

/// Who a kept server is. Written as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub struct Card {
    version: u32,
    /// The server's name.
    pub server: String,
    /// The unit it runs in.
    pub unit: String,
    /// What the rows of calls know it by.
    #[serde(default)]
    pub number: u32,
    /// Of the config it was started with.
    pub fingerprint: u64,
    /// Where it works, if it is an instance of its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Workplace>,
    /// What it said of itself, as JSON.
    pub identity: Box<RawValue>,
}

/// A server that is kept.
#[derive(Debug)]
pub struct Kept {
    id: String,
}

/// What is needed to keep a server once it is ready.
#[derive(Debug)]
pub struct Keepable {
    /// What the rows of calls are to know it by.
    pub number: u32,
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
    window: OwnedFd,
}

/// A server that an earlier process kept.
#[derive(Debug)]
pub struct Found {
    pub card: Card,
    /// How often it was taken over, this time included: request ids must not meet earlier ones.
    pub taken_over: u32,
    pub stdin: OwnedFd,
    pub stdout: OwnedFd,
    /// Missing where a version of ours started it that left its stderr to the journal.
    pub stderr: Option<OwnedFd>,
    pub window: OwnedFd,
    pub kept: Kept,
}

impl Keepable {
    /// Of our ends of the pipes.
    pub fn of(
        stdin: BorrowedFd<'_>,
        stdout: BorrowedFd<'_>,
        stderr: BorrowedFd<'_>,
        window: BorrowedFd<'_>,
    ) -> io::Result<Self> {
        Ok(Self {
            number: number::next(),
            stdin: stdin.try_clone_to_owned()?,
            stdout: stdout.try_clone_to_owned()?,
            stderr: stderr.try_clone_to_owned()?,
            window: window.try_clone_to_owned()?,
        })
    }

    /// Gives everything to the store. `unit`: a name that is in use once; `fingerprint`: of the config
    /// that the server was started with; `identity`: what it said of itself, as JSON.
    pub fn keep(
        self,
        server: &ServerName,
        unit: &str,
        fingerprint: u64,
        identity: Box<RawValue>,
    ) -> io::Result<Kept> {
        let (place, number) = (server.workplace().cloned(), self.number);
        let version = if place.is_some() { INSTANCE_VERSION } else { VERSION };
        let (server, unit) = (server.as_str().to_owned(), unit.to_owned());
        let card = Card { version, server, unit, number, fingerprint, place, identity };
        let mut file = File::from(rustix::fs::memfd_create("callmux-card", MemfdFlags::CLOEXEC)?);
        file.write_all(&0u64.to_ne_bytes())?;
        serde_json::to_writer(&mut file, &card)?;
        let kept = Kept { id: card.unit };
        let fds = [&self.stdin, &self.stdout, &self.stderr, &self.window, &OwnedFd::from(file)];
        for (part, fd) in PARTS.into_iter().zip(fds) {
            fd_store::keep(&kept.name(part), fd.as_fd());
        }
        Ok(kept)
    }
}

impl Card {
    /// The name of the server or of the instance that it is about.
    fn name(&self) -> Option<ServerName> {
        let server = ServerName::parse(&self.server).ok()?;
        Some(match &self.place {
            Some(place) => server.at(place.clone()),
            None => server,
        })
    }
}

impl Kept {
    fn name(&self, part: &str) -> String {
        format!("server.{part}.{}", self.id)
    }

    /// Takes it out of the store. Only then does closing a pipe of ours close it.
    pub fn forget(&self) {
        for part in PARTS {
            fd_store::forget(&self.name(part));
        }
    }
}

/// The servers among what the store held, by name. What belongs to none, or to one that is not
/// `wanted` (any more) as it is, is given back; its process will be ended as nobody's.
pub fn find(
    stored: Vec<(String, OwnedFd)>,
    wanted: impl Fn(&ServerName, &Card) -> bool,
) -> BTreeMap<ServerName, Found> {
    let mut parts: BTreeMap<String, BTreeMap<String, OwnedFd>> = BTreeMap::new();
    for (name, fd) in stored {
        let split = name.strip_prefix("server.").and_then(|rest| rest.split_once('.'));
        match split {
            Some((part, id)) => _ = parts.entry(id.to_owned()).or_default().insert(part.into(), fd),
            None => fd_store::forget(&name),
        }
    }
    let mut found = BTreeMap::new();
    for (id, mut fds) in parts {
        let kept = Kept { id };
        let mut take = |part: &str| fds.remove(part);
        let stderr = take("stderr");
        let all = (take("stdin"), take("stdout"), take("window"), take("card"));
        let (Some(stdin), Some(stdout), Some(window), Some(card)) = all else {
            kept.forget();
            continue;
        };
        let card = read(&File::from(card)).ok();
        let named = card.and_then(|(card, taken_over)| Some((card.name()?, card, taken_over)));
        let named = named.filter(|(name, card, _)| wanted(name, card) && !found.contains_key(name));
        match named {
            Some((server, card, taken_over)) => {
                let one = Found { card, taken_over, stdin, stdout, stderr, window, kept };
                found.insert(server, one);
            }
            None => kept.forget(),
        }
    }
    found
}

/// The card, and the number of this taking-over, which is written down.
fn read(file: &File) -> io::Result<(Card, u32)> {
    let len = file.metadata()?.len();
    if len > CARD_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    file.read_exact_at(&mut bytes, 0)?;
    let (head, json) = bytes.split_first_chunk::<HEAD>().ok_or(io::ErrorKind::InvalidData)?;
    let card = parse(json).ok_or(io::ErrorKind::InvalidData)?;
    let number = u64::from_ne_bytes(*head).saturating_add(1);
    file.write_all_at(&number.to_ne_bytes(), 0)?;
    Ok((card, u32::try_from(number).unwrap_or(u32::MAX)))
}

fn parse(json: &[u8]) -> Option<Card> {
    let mut card: Card = serde_json::from_slice(json).ok()?;
    match card.version {
        VERSION if card.place.is_none() => {}
        INSTANCE_VERSION if card.place.is_some() => {}
        1 if card.place.is_none() => card.number = last_release::number(&card.unit),
        _ => return None,
    }
    Some(card)
}

#[cfg(test)]
mod tests {
    use super::{File, MemfdFlags, OwnedFd, Write, find, parse};
    use crate::base::Principal;

    /// How many servers are found with this in place of a card, of this size.
    fn found(card: &[u8], size: u64) -> usize {
        let fd = rustix::fs::memfd_create("card", MemfdFlags::CLOEXEC).unwrap();
        let mut file = File::from(fd);
        file.write_all(card).unwrap();
        file.set_len(size).unwrap();
        let part = |part| (format!("server.{part}.u"), OwnedFd::from(file.try_clone().unwrap()));
        find(super::PARTS.map(part).into(), |_, _| true).len()
    }

    #[test]
    fn what_is_no_card_is_given_back() {
        assert_eq!(found(b"", 0), 0);
        assert_eq!(found(b"short", 5), 0);
        assert_eq!(found(b"\0\0\0\0\0\0\0\0{", 9), 0);
        assert_eq!(found(&[0xff; 8], 8), 0, "a number without a next one");
        assert_eq!(found(b"", 1 << 46), 0, "more than there is memory");
    }

    #[test]
    fn the_card_of_the_last_release_is_read() {
        let json = r#"{"version":1,"server":"a","unit":"app-callmux-a-1.service","fingerprint":7,"identity":{"era":"legacy","revision":"2025-06-18","name":"n","version":"1","instructions":"do","instructions_remark":null,"capabilities":"{\"tools\":{\"listChanged\":true}}"}}"#;
        let card = parse(json.as_bytes()).unwrap();
        assert_eq!((&*card.server, card.number, card.fingerprint), ("a", 321_923_988, 7));
        assert_eq!(found(&[&[0; 8], json.as_bytes()].concat(), 8 + json.len() as u64), 1);
        assert!(parse(json.replacen('1', "4", 1).as_bytes()).is_none(), "another version");
    }

    #[test]
    fn cards_are_written_as_they_were_when_they_are_read() {
        const INSTANCE: &str = r#"{"version":3,"server":"a","unit":"app-callmux-a-2.service","number":5,"fingerprint":7,"place":{"dir":"/home/u/ü","user":1000},"identity":{"era":"legacy"}}"#;
        const SERVER: &str = r#"{"version":2,"server":"a","unit":"app-callmux-a-1.service","number":4,"fingerprint":7,"identity":{"era":"modern"}}"#;
        for recorded in [INSTANCE, SERVER] {
            let card = parse(recorded.as_bytes()).unwrap();
            assert_eq!(serde_json::to_string(&card).unwrap(), recorded);
            let bytes = [&[0; 8], recorded.as_bytes()].concat();
            assert_eq!(found(&bytes, bytes.len() as u64), 1, "{recorded}");
        }
    }

    #[test]
    fn an_instance_has_a_card_that_says_where_it_works() {
        let json = r#"{"version":3,"server":"a","unit":"u","number":5,"fingerprint":7,"place":{"dir":"/home/u/\u00fc","user":1000},"identity":{}}"#;
        let card = parse(json.as_bytes()).unwrap();
        assert_eq!(card.name().unwrap().to_string(), "a in /home/u/ü");
        assert_eq!(card.place.unwrap().principal, Principal::user(1000));
        // Each kind has its version: an earlier one of ours passes over what it does not know.
        assert!(parse(json.replacen('3', "2", 1).as_bytes()).is_none());
        let without =
            r#"{"version":3,"server":"a","unit":"u","number":5,"fingerprint":7,"identity":{}}"#;
        assert!(parse(without.as_bytes()).is_none());
    }
}
