//! Links that outlive the process: the table they are noted in, and how a new process takes them up.
//!
//! Of each link the table has who it is and how far its bridge's messages were read. With the calls
//! in flight ([`crate::connection::pending`]) that is enough to tell a bridge, for each request it has
//! no answer to, whether it is still running, was never sent, or is lost.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use tokio::sync::oneshot;

use crate::access::Principal;
use crate::base::records::{Left, Record, Records};
use crate::base::{SessionId, fd_store};
use crate::client::session::{Carriage, Session};
use crate::connection::AskedBefore;
use crate::connection::pending::{LeftCall, PendingCall, Reached, Written};
use crate::mux::Resumed;
use crate::wire::Era;
use crate::wire::link::Restored;

const NAME: &str = "links";
/// Links in the table at the most; others do not outlive us.
const LINKS_MAX: usize = 4096;
/// The state of every record.
const OPEN: u32 = 1;

/// The table of links. Without systemd there is none.
#[derive(Debug, Clone, Default)]
pub struct LinkTable(Option<Records>);

/// A link that an earlier process of ours had.
#[derive(Debug)]
pub struct LeftLink {
    pub id: SessionId,
    pub epoch: u64,
    pub principal: Principal,
    pub cwd: PathBuf,
    /// How many of the bridge's messages were read.
    pub seen: u64,
    record: Record,
}

/// A link as it is taken up.
#[derive(Debug)]
pub struct TakenUp {
    pub session: std::sync::Arc<Session>,
    pub epoch: u64,
    pub record: Record,
    pub restored: Restored,
    pub calls: Vec<(PendingCall, Resumed)>,
}

impl LinkTable {
    /// An empty table, which systemd keeps from now on.
    pub fn new() -> io::Result<Self> {
        let records = Records::new("callmux-links", LINKS_MAX)?;
        records.with_fd(|fd| fd_store::keep(NAME, fd));
        Ok(Self(Some(records)))
    }

    /// The table of an earlier process, and its links.
    pub fn adopt(fd: OwnedFd) -> io::Result<(Self, Vec<LeftLink>)> {
        let (records, left) = Records::adopt(fd)?;
        Ok((Self(Some(records)), left.into_iter().filter_map(LeftLink::read).collect()))
    }

    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// The name in the store.
    pub fn is_name(name: &str) -> bool {
        name == NAME
    }

    /// From now on links that are closed stay in the table: we end ourselves.
    pub fn freeze(&self) {
        if let Some(records) = &self.0 {
            records.freeze();
        }
    }

    /// Notes a link.
    pub(super) fn note(&self, session: &Session, epoch: u64) -> Option<Record> {
        self.0.as_ref()?.add(OPEN, 0, &write(session, epoch))
    }
}

fn write(session: &Session, epoch: u64) -> Vec<u8> {
    let Principal::User(uid) = session.principal;
    let cwd = session.cwd.as_ref().map(|cwd| cwd.to_string_lossy().into_owned());
    let mut out = session.id.to_string().into_bytes();
    out.extend_from_slice(&epoch.to_ne_bytes());
    out.extend_from_slice(&uid.to_ne_bytes());
    out.extend_from_slice(cwd.unwrap_or_default().as_bytes());
    out
}

impl LeftLink {
    fn read((left, record): (Left, Record)) -> Option<Self> {
        let mut bytes = left.bytes.as_slice();
        let id = SessionId::parse(std::str::from_utf8(bytes.split_off(..32)?).ok()?)?;
        let epoch = u64::from_ne_bytes(bytes.split_off(..8)?.try_into().ok()?);
        let uid = u32::from_ne_bytes(bytes.split_off(..4)?.try_into().ok()?);
        let cwd = PathBuf::from(std::str::from_utf8(bytes).ok()?);
        let principal = Principal::User(uid);
        Some(Self { id, epoch, principal, cwd, seen: left.word, record })
    }
}

/// The key and the era of a server that goes on, and where the calls it works on are to go.
#[derive(Debug)]
pub struct Heir<'a> {
    pub key: u32,
    pub era: Era,
    pub asked_before: &'a mut Vec<AskedBefore>,
}

/// Brings links, calls and servers together again.
pub fn take_up(links: Vec<LeftLink>, calls: Vec<LeftCall>, heirs: &mut [Heir<'_>]) -> Vec<TakenUp> {
    let mut of_session: HashMap<SessionId, Vec<LeftCall>> = HashMap::new();
    for call in calls {
        of_session.entry(call.call.session).or_default().push(call);
    }
    let mut out = Vec::new();
    for link in links {
        let session = Session::new(link.id, link.principal, Carriage::Link, Some(link.cwd));
        let mut restored = Restored { seen: link.seen, ..Restored::default() };
        let mut running = Vec::new();
        for left in of_session.remove(&session.id).unwrap_or_default() {
            match left.reached {
                Reached::Nothing => restored.not_sent.push(left.call.id.to_string()),
                Reached::Server { .. } => {
                    restored.running.push(left.call.id.to_string());
                    running.push(resumed(left, &session, heirs));
                }
            }
        }
        let (epoch, record) = (link.epoch, link.record);
        out.push(TakenUp { session, epoch, record, restored, calls: running });
    }
    out
}

fn resumed(left: LeftCall, session: &Session, heirs: &mut [Heir<'_>]) -> (PendingCall, Resumed) {
    let LeftCall { call, reached, pending } = left;
    let (sender, exchange) = oneshot::channel();
    let (mut server_era, mut surely) = (Era::Legacy, true);
    if let Reached::Server { key, id, written } = reached {
        surely = matches!(written, Written::Whole | Written::Answered);
        if let Some(heir) = heirs.iter_mut().find(|heir| heir.key == key) {
            server_era = heir.era;
            let (owner, pending) = (session.owner, pending.clone());
            heir.asked_before.push(AskedBefore { id, written, owner, pending, exchange: sender });
        }
    }
    (pending, Resumed { call, actor: session.actor(), surely, server_era, exchange })
}
