//! Legacy HTTP sessions that outlive the process: the table they are noted in.
//!
//! A client says once, in `initialize`, who it is and what it can do, and it treats the loss of a
//! session as the end. So what it said is written down when it says it.

use std::io;
use std::os::fd::OwnedFd;

use super::sessions::SESSIONS_MAX;
use crate::access::Principal;
use crate::base::records::{BYTES_MAX, Left, Record, Records};
use crate::base::{SessionId, fd_store};
use crate::client::session::{Client, Session};
use crate::wire::{Revision, object};

const NAME: &str = "sessions";
/// The state of every record.
const OPEN: u32 = 1;

/// The table of sessions. Without systemd there is none.
#[derive(Debug, Clone, Default)]
pub struct SessionTable(Option<Records>);

/// A session that an earlier process of ours had.
#[derive(Debug)]
pub struct LeftSession {
    pub id: SessionId,
    pub principal: Principal,
    pub client: Client,
    /// When it was last used, counted in uses of any session.
    pub used: u64,
    pub(super) record: Record,
}

impl SessionTable {
    /// An empty table, which systemd keeps from now on.
    pub fn new() -> io::Result<Self> {
        let records = Records::new("callmux-sessions", SESSIONS_MAX)?;
        records.with_fd(|fd| fd_store::keep(NAME, fd));
        Ok(Self(Some(records)))
    }

    /// The table of an earlier process, and its sessions.
    pub fn adopt(fd: OwnedFd) -> io::Result<(Self, Vec<LeftSession>)> {
        let (records, left) = Records::adopt(fd)?;
        Ok((Self(Some(records)), left.into_iter().filter_map(LeftSession::read).collect()))
    }

    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// The name in the store.
    pub fn is_name(name: &str) -> bool {
        name == NAME
    }

    /// From now on sessions that end stay in the table: we end ourselves.
    pub fn freeze(&self) {
        if let Some(records) = &self.0 {
            records.freeze();
        }
    }

    /// Notes a session that was greeted, last used at `used`.
    pub(super) fn note(&self, session: &Session, used: u64) -> Option<Record> {
        self.0.as_ref()?.add(OPEN, used, &write(session))
    }
}

/// Everything that fits. What a client can do is worth more than what it tells people of itself.
fn write(session: &Session) -> Vec<u8> {
    let Principal::User(uid) = session.principal;
    let client = session.client().0;
    let mut out = session.id.to_string().into_bytes();
    out.extend_from_slice(&uid.to_ne_bytes());
    out.extend_from_slice(client.revision.as_str().as_bytes());
    let (info, named, able) = (&*client.info, named(&client.info), client.capabilities.as_json());
    let rests = [(info, able), (&*named, able), ("", able), ("", "")];
    let room = BYTES_MAX - out.len() - 2;
    let rest = rests.into_iter().find(|(info, able)| info.len() + able.len() <= room);
    let (info, able) = rest.unwrap_or_default();
    // A record holds less than a length of two bytes can say.
    out.extend_from_slice(&u16::try_from(info.len()).unwrap_or(u16::MAX).to_ne_bytes());
    out.extend_from_slice(info.as_bytes());
    out.extend_from_slice(able.as_bytes());
    out
}

/// A `clientInfo` with only the members it must have.
fn named(info: &str) -> String {
    let [name, version] = object::members(info, ["name", "version"]).unwrap_or_default();
    format!(r#"{{"name":{},"version":{}}}"#, name.unwrap_or("\"\""), version.unwrap_or("\"\""))
}

impl LeftSession {
    fn read((left, record): (Left, Record)) -> Option<Self> {
        let mut bytes = left.bytes.as_slice();
        let id = SessionId::parse(std::str::from_utf8(bytes.split_off(..32)?).ok()?)?;
        let uid = u32::from_ne_bytes(bytes.split_off(..4)?.try_into().ok()?);
        let revision = Revision::parse(std::str::from_utf8(bytes.split_off(..10)?).ok()?)?;
        let len = u16::from_ne_bytes(bytes.split_off(..2)?.try_into().ok()?);
        let info = std::str::from_utf8(bytes.split_off(..usize::from(len))?).ok()?;
        let able = std::str::from_utf8(bytes).ok()?;
        let is_there = |json: &&str| object::is_object(json);
        let client =
            Client::new(revision, Some(info).filter(is_there), Some(able).filter(is_there));
        Some(Self { id, principal: Principal::User(uid), client, used: left.word, record })
    }
}

#[cfg(test)]
mod tests {
    use super::{LeftSession, SessionTable};
    use crate::access::Principal;
    use crate::base::SessionId;
    use crate::base::records::Records;
    use crate::client::session::{Carriage, Client, Session};
    use crate::wire::{Method, Revision};

    /// What the next process finds of a client that said this.
    fn found(info: &str, capabilities: &str) -> LeftSession {
        let records = Records::new("test", 3).unwrap();
        let table = SessionTable(Some(records.clone()));
        let id = SessionId::random();
        let session = Session::new(id, Principal::User(7), Carriage::Http, None);
        session.greet(Client::new(Revision::V2025_03_26, Some(info), Some(capabilities)));
        let record = table.note(&session, 5).unwrap();
        let fd = records.with_fd(|fd| fd.try_clone_to_owned().unwrap());
        std::mem::forget(record);
        let (_, mut left) = SessionTable::adopt(fd).unwrap();
        let left = left.pop().unwrap();
        assert_eq!((left.id, &left.principal, left.used), (id, &Principal::User(7), 5));
        assert_eq!(left.client.revision, Revision::V2025_03_26);
        left
    }

    #[test]
    fn as_much_of_a_client_is_noted_as_fits() {
        let able = r#"{"elicitation":{},"roots":{}}"#;
        let short = r#"{"name":"a","version":"1","title":"A"}"#;
        let icon = "x".repeat(400);
        let check = |info: &str, able: &str, noted: &str, asks: bool| {
            let client = found(info, able).client;
            assert_eq!(&*client.info, noted);
            assert_eq!(client.capabilities.can_answer(&Method::Elicit, None), asks, "{info}");
        };
        check(short, able, short, true);
        let long = format!(r#"{{"name":"a","icon":"{icon}{icon}","version":"1"}}"#);
        check(&long, able, r#"{"name":"a","version":"1"}"#, true);
        let unknown = Client::default().info;
        let long = format!(r#"{{"name":"{icon}{icon}","version":"1"}}"#);
        check(&long, able, &unknown, true);
        check(short, &format!(r#"{{"elicitation":{{}},"x":"{icon}{icon}"}}"#), &unknown, false);
        check("7", "[]", &unknown, false);
    }
}
