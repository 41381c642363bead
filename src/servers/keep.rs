//! What of a running server outlives us: our ends of its pipes, the window onto its output, and a
//! card that says who it is. They lie in the fd store of systemd until the server is stopped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::MemfdFlags;
use serde::{Deserialize, Serialize};

use super::handshake::Identity;
use crate::base::fingerprint::fingerprint;
use crate::base::{Secret, ServerName, fd_store};
use crate::connection::{AskedBefore, Window};
use crate::process::Streams;
use crate::settings::ServerConfig;

const PARTS: [&str; 5] = ["stdin", "stdout", "stderr", "window", "card"];
/// The number of takings-over at the head of the card, in the machine's order.
const HEAD: usize = 8;
/// The largest card, in bytes: more than a server can say of itself in one message.
const CARD_MAX: u64 = 64 * 1024 * 1024;

/// Who a kept server is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Card {
    version: u32,
    pub server: String,
    /// The unit it runs in.
    pub unit: String,
    /// Of the config it was started with.
    fingerprint: u64,
    pub identity: Identity,
}

/// A server that is kept.
#[derive(Debug)]
pub struct Kept {
    id: String,
}

/// What is needed to keep a server once it is ready.
#[derive(Debug)]
pub struct Keepable {
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
    /// Calls of clients that it has not answered yet.
    pub asked_before: Vec<AskedBefore>,
    pub kept: Kept,
}

impl Keepable {
    pub fn of(streams: &Streams, window: &Window) -> io::Result<Self> {
        Ok(Self {
            stdin: streams.stdin.as_fd().try_clone_to_owned()?,
            stdout: streams.stdout.as_fd().try_clone_to_owned()?,
            stderr: streams.stderr.as_fd().try_clone_to_owned()?,
            window: window.as_fd().try_clone_to_owned()?,
        })
    }

    /// Gives everything to the store. `unit`: a name that is in use once.
    pub fn keep(
        self,
        server: &ServerName,
        config: &ServerConfig,
        unit: &str,
        identity: &Identity,
    ) -> io::Result<Kept> {
        let card = Card {
            version: 1,
            server: server.to_string(),
            unit: unit.to_owned(),
            fingerprint: mark(config),
            identity: identity.clone(),
        };
        let mut file = File::from(rustix::fs::memfd_create("callmux-card", MemfdFlags::CLOEXEC)?);
        file.write_all(&0u64.to_ne_bytes())?;
        serde_json::to_writer(&mut file, &card)?;
        let kept = Kept { id: unit.to_owned() };
        let fds = [&self.stdin, &self.stdout, &self.stderr, &self.window, &OwnedFd::from(file)];
        for (part, fd) in PARTS.into_iter().zip(fds) {
            fd_store::keep(&kept.name(part), fd.as_fd());
        }
        Ok(kept)
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

/// The servers among what the store held, by name. What belongs to none, or to one that `config`
/// does not want (any more) as it is, is given back; its process will be ended as nobody's.
pub fn find<'c>(
    stored: Vec<(String, OwnedFd)>,
    config: impl Fn(&str) -> Option<&'c ServerConfig>,
) -> BTreeMap<String, Found> {
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
        let card = read_card(&File::from(card)).ok().filter(|(card, _)| {
            let wanted = config(&card.server).is_some_and(|c| mark(c) == card.fingerprint);
            wanted && card.version == 1 && !found.contains_key(&card.server)
        });
        match card {
            Some((card, taken_over)) => {
                let server = card.server.clone();
                found.insert(
                    server,
                    Found {
                        card,
                        taken_over,
                        stdin,
                        stdout,
                        stderr,
                        window,
                        asked_before: Vec::new(),
                        kept,
                    },
                );
            }
            None => kept.forget(),
        }
    }
    found
}

/// The card, and the number of this taking-over, which is written down.
fn read_card(file: &File) -> io::Result<(Card, u32)> {
    let len = file.metadata()?.len();
    if len > CARD_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    file.read_exact_at(&mut bytes, 0)?;
    let (head, json) = bytes.split_first_chunk::<HEAD>().ok_or(io::ErrorKind::InvalidData)?;
    let number = u64::from_ne_bytes(*head).saturating_add(1);
    file.write_all_at(&number.to_ne_bytes(), 0)?;
    Ok((serde_json::from_slice(json)?, u32::try_from(number).unwrap_or(u32::MAX)))
}

/// Of everything that makes the process what it is. It never leaves the machine's memory.
pub fn mark(config: &ServerConfig) -> u64 {
    let env =
        config.program.env.iter().flat_map(|(name, value)| [name.as_str(), "=", value.expose()]);
    let cwd = config.program.cwd.as_ref().map(|cwd| cwd.display().to_string()).unwrap_or_default();
    let limits =
        format!("{:?} {:?} {}", config.program.limits, config.program.sandbox, config.max_message);
    let transport = config.remote.transport.map(|transport| format!("{transport:?}"));
    let socket = config.remote.socket.as_ref().map(|socket| socket.display().to_string());
    // What a server offers may depend on who asks. Debug hides the secrets, which may change.
    let auth = format!("{:?}", config.remote.auth);
    let headers = config
        .remote
        .headers
        .iter()
        .flat_map(|(name, value)| [name.as_str(), ": ", value.expose()]);
    let words = std::iter::once(config.program.command.expose())
        .chain(config.program.args.iter().map(Secret::expose))
        .chain(env)
        .chain(config.program.inherit_env.iter().map(String::as_str))
        .chain(config.remote.url.iter().map(Secret::expose))
        .chain(headers)
        .map(str::to_owned)
        .chain([cwd, limits, auth])
        .chain(transport)
        .chain(socket);
    fingerprint(words.flat_map(|word| [word.into_bytes(), vec![0]].concat()))
}

#[cfg(test)]
mod tests {
    use super::{File, MemfdFlags, OwnedFd, Write, find};

    /// How many servers are found with this in place of a card, of this size.
    fn found(card: &[u8], size: u64) -> usize {
        let fd = rustix::fs::memfd_create("card", MemfdFlags::CLOEXEC).unwrap();
        let mut file = File::from(fd);
        file.write_all(card).unwrap();
        file.set_len(size).unwrap();
        let part = |part| (format!("server.{part}.u"), OwnedFd::from(file.try_clone().unwrap()));
        find(super::PARTS.map(part).into(), |_| None).len()
    }

    #[test]
    fn what_is_no_card_is_given_back() {
        assert_eq!(found(b"", 0), 0);
        assert_eq!(found(b"short", 5), 0);
        assert_eq!(found(b"\0\0\0\0\0\0\0\0{", 9), 0);
        assert_eq!(found(&[0xff; 8], 8), 0, "a number without a next one");
        assert_eq!(found(b"", 1 << 46), 0, "more than there is memory");
    }
}
