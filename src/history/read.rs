//! The history, for who looks.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, Row, ToSql, named_params};
use serde_json::{Map, Value, json};

use super::error::HistoryError;
use super::hours::{HourSums, SUM_COLUMNS, bucket_columns};
use super::row::micros;
use super::schema::{self, BUSY};

/// The kind of a call among the events.
pub const CALL: &str = "call.end";

/// What is asked for. In texts `*` stands for any characters.
#[derive(Debug, Clone, Default)]
pub struct HistoryQuery {
    pub since: Option<SystemTime>,
    pub until: Option<SystemTime>,
    pub server: Option<String>,
    /// What a call was about, as clients name it.
    pub tool: Option<String>,
    pub client: Option<String>,
    pub principal: Option<String>,
    pub outcome: Option<String>,
    /// [`CALL`], or the name of a fact with a dot behind its first word.
    pub kind: Option<String>,
    /// Only what came after the event with this id, the oldest first; without it, the newest.
    pub after: Option<i64>,
    /// Only what came before the one with this id.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct HistoryEvent {
    /// Each has a higher one than those before it, in the whole file.
    pub id: i64,
    pub at: SystemTime,
    /// With `id`, `t`, `kind` and what there is to say of that kind.
    pub json: Value,
}

/// The file, open to be read, also while a daemon writes it.
#[derive(Debug)]
pub struct HistoryReader {
    connection: Connection,
}

const CALLS: &str = "
    SELECT id, ts_us, call, session, principal, client, kind, name, server, outcome, reason, rule, took_us,
        request_bytes, reply_bytes, via, trace, is_inner, arguments
    FROM calls
    WHERE id > :after AND id < :before AND ts_us >= :since AND ts_us <= :until
        AND (:server IS NULL OR server GLOB :server)
        AND (:tool IS NULL OR name GLOB :tool)
        AND (:client IS NULL OR client GLOB :client)
        AND (:principal IS NULL OR principal GLOB :principal)
        AND (:outcome IS NULL OR outcome GLOB :outcome)
        AND (:kind IS NULL OR 'call.end' GLOB :kind)
    ORDER BY id";
const EVENTS: &str = "
    SELECT id, ts_us, kind, level, server, session, message, fields
    FROM events
    WHERE id > :after AND id < :before AND ts_us >= :since AND ts_us <= :until
        AND (:server IS NULL OR server GLOB :server)
        AND (:kind IS NULL OR kind GLOB :kind)
        AND :tool IS NULL AND :client IS NULL AND :principal IS NULL AND :outcome IS NULL
    ORDER BY id";

/// The pattern of a client by its name, with or without its version: it calls itself by both.
pub fn client_pattern(name: &str) -> String {
    let is_whole = name.ends_with('*') || name.contains(' ');
    if is_whole { name.to_owned() } else { format!("{name} *") }
}

/// Where the history of this user is.
pub fn place() -> Option<PathBuf> {
    crate::base::dirs::state().map(|dir| dir.join(schema::FILE))
}

impl HistoryReader {
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        if !path.exists() {
            return Err(HistoryError::Missing);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;")?;
        schema::check(&connection)?;
        Ok(Self { connection })
    }

    /// Those that fit, the oldest first.
    pub fn events(&self, query: &HistoryQuery) -> Result<Vec<HistoryEvent>, HistoryError> {
        // One view of both tables.
        let transaction = self.connection.unchecked_transaction()?;
        let mut found = select(&transaction, CALLS, query, call)?;
        found.extend(select(&transaction, EVENTS, query, event)?);
        found.sort_by_key(|event| event.id);
        if query.after.is_some() {
            found.truncate(query.limit);
        } else {
            found.drain(..found.len().saturating_sub(query.limit));
        }
        Ok(found)
    }

    /// The id of the newest; 0: there is none.
    pub fn last(&self) -> Result<i64, HistoryError> {
        super::store::get(&self.connection, "last_id")
    }

    /// The sums of each hour that began from `since` on and before `until`, the oldest first; of more than `limit` the
    /// newest.
    pub fn hours(
        &self,
        since: SystemTime,
        until: SystemTime,
        limit: usize,
    ) -> Result<Vec<HourSums>, HistoryError> {
        let buckets: Vec<String> = bucket_columns().collect();
        let text = format!(
            "SELECT {SUM_COLUMNS}, {} FROM hours WHERE hour >= ?1 AND hour < ?2 \
             ORDER BY hour DESC, n, server DESC, tool DESC LIMIT ?3",
            buckets.join(", ")
        );
        let seconds = |at| micros(at) / 1_000_000;
        let mut statement = self.connection.prepare(&text)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map([seconds(since), seconds(until), limit], HourSums::of)?;
        let mut hours = rows.collect::<Result<Vec<_>, _>>()?;
        hours.reverse();
        Ok(hours)
    }
}

/// What stands for any characters in a pattern does so for SQLite, and nothing else does.
fn glob(pattern: &str) -> String {
    pattern.replace('[', "[[]").replace('?', "[?]")
}

fn select(
    connection: &Connection,
    text: &str,
    query: &HistoryQuery,
    read: fn(&Row<'_>) -> rusqlite::Result<HistoryEvent>,
) -> Result<Vec<HistoryEvent>, HistoryError> {
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let mut statement = connection.prepare(&format!("{text} {order} LIMIT :limit"))?;
    let pattern = |text: &Option<String>| text.as_deref().map(glob);
    let parameters: &[(&str, &dyn ToSql)] = named_params! {
        ":after": query.after.unwrap_or(-1),
        ":before": query.before.unwrap_or(i64::MAX),
        ":since": query.since.map_or(i64::MIN, micros),
        ":until": query.until.map_or(i64::MAX, micros),
        ":server": pattern(&query.server),
        ":tool": pattern(&query.tool),
        ":client": pattern(&query.client),
        ":principal": pattern(&query.principal),
        ":outcome": pattern(&query.outcome),
        ":kind": pattern(&query.kind),
        ":limit": i64::try_from(query.limit).unwrap_or(i64::MAX),
    };
    let rows = statement.query_map(parameters, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn call(row: &Row<'_>) -> rusqlite::Result<HistoryEvent> {
    let text = |column: &str| row.get::<_, Option<String>>(column);
    let number = |column: &str| row.get::<_, i64>(column);
    let (id, at) = (number("id")?, moment(number("ts_us")?));
    let of = text("kind")?;
    let name = if of.as_deref() == Some("tool") { "tool" } else { "name" };
    let members = [
        ("of", of.map(Value::from)),
        ("server", text("server")?.map(Value::from)),
        (name, text("name")?.map(Value::from)),
        ("client", text("client")?.map(Value::from)),
        ("principal", text("principal")?.map(Value::from)),
        ("outcome", text("outcome")?.map(Value::from)),
        ("reason", text("reason")?.map(Value::from)),
        ("rule", text("rule")?.map(Value::from)),
        ("us", Some(number("took_us")?.into())),
        ("in", Some(number("request_bytes")?.into())),
        ("out", Some(number("reply_bytes")?.into())),
        ("call", text("call")?.map(Value::from)),
        ("session", text("session")?.map(Value::from)),
        ("via", text("via")?.map(Value::from)),
        ("trace", text("trace")?.map(Value::from)),
        ("inner", row.get::<_, bool>("is_inner")?.then_some(Value::from(true))),
        ("arguments", text("arguments")?.map(arguments)),
    ];
    Ok(HistoryEvent { id, at, json: object(id, at, CALL, members) })
}

/// What was kept whole is JSON; of what was too long there is the beginning, as a text.
fn arguments(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

fn event(row: &Row<'_>) -> rusqlite::Result<HistoryEvent> {
    let text = |column: &str| row.get::<_, Option<String>>(column);
    let (id, at) = (row.get("id")?, moment(row.get("ts_us")?));
    let fields = text("fields")?.and_then(|fields| serde_json::from_str(&fields).ok());
    let members = [
        ("level", text("level")?.map(Value::from)),
        ("server", text("server")?.map(Value::from)),
        ("session", text("session")?.map(Value::from)),
        ("message", text("message")?.map(Value::from)),
        ("fields", fields.filter(|fields| *fields != json!({}))),
    ];
    let kind = text("kind")?.unwrap_or_default();
    Ok(HistoryEvent { id, at, json: object(id, at, &kind, members) })
}

fn object<const N: usize>(
    id: i64,
    at: SystemTime,
    kind: &str,
    members: [(&str, Option<Value>); N],
) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), id.into());
    object.insert("t".to_owned(), humantime::format_rfc3339_micros(at).to_string().into());
    object.insert("kind".to_owned(), kind.into());
    let some = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    object.extend(some);
    object.into()
}

fn moment(ts_us: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(ts_us).unwrap_or_default())
}
