//! The file, as it is written.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::error::HistoryError;
use super::hours::Sums;
use super::row::{CallRow, EventRow, HistoryRow, TEXT_MAX};
use super::schema;
use crate::base::{ServerName, SessionId, clip};

const ADD_CALL: &str = "
    INSERT INTO calls (id, ts_us, call, session, principal, client, kind, name, server, outcome, reason, rule,
        took_us, request_bytes, reply_bytes, via, trace, is_inner, arguments)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
    ON CONFLICT (call) DO NOTHING";
const ADD_EVENT: &str = "
    INSERT INTO events (id, ts_us, kind, level, server, session, message, fields)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The file, open to be written.
#[derive(Debug)]
pub(super) struct HistoryStore {
    pub(super) connection: Connection,
    /// Nobody said that it ended, of the last that had it.
    pub(super) was_cut: bool,
}

impl HistoryStore {
    pub(super) fn open(path: &Path) -> Result<Self, HistoryError> {
        let mut connection = schema::open(path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let was_cut = get(&transaction, "is_open")? != 0;
        set(&transaction, "is_open", 1)?;
        transaction.commit()?;
        Ok(Self { connection, was_cut })
    }

    /// Adds all of them or none. A call that is there already stays as it is.
    pub(super) fn add(&mut self, rows: &[HistoryRow]) -> Result<(), HistoryError> {
        let transaction = self.transaction()?;
        let (mut id, mut count) = (get(&transaction, "last_id")?, get(&transaction, "rows")?);
        let mut sums = Sums::default();
        {
            let mut calls = transaction.prepare(ADD_CALL)?;
            let mut events = transaction.prepare(ADD_EVENT)?;
            for row in rows {
                let added = match row {
                    HistoryRow::Call(row) => {
                        let added = add_call(&mut calls, id + 1, row)?;
                        if added > 0 {
                            sums.add(row.ts_us, &row.call);
                        }
                        added
                    }
                    HistoryRow::Event(row) => add_event(&mut events, id + 1, row)?,
                };
                if added > 0 {
                    (id, count) = (id + 1, count + 1);
                }
            }
        }
        sums.write(&transaction)?;
        set(&transaction, "last_id", id)?;
        set(&transaction, "rows", count)?;
        transaction.commit()?;
        Ok(())
    }

    /// One that nobody else writes beside.
    pub(super) fn transaction(&mut self) -> Result<Transaction<'_>, HistoryError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Has it said that nothing is missing at the end.
    pub(super) fn close(self) -> Result<(), HistoryError> {
        set(&self.connection, "is_open", 0)?;
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

/// A number of the file itself.
pub(super) fn get(connection: &Connection, name: &str) -> Result<i64, HistoryError> {
    let mut statement = connection.prepare("SELECT value FROM state WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0))?)
}

pub(super) fn set(connection: &Connection, name: &str, value: i64) -> Result<(), HistoryError> {
    let mut statement = connection.prepare("UPDATE state SET value = ?2 WHERE name = ?1")?;
    statement.execute(params![name, value])?;
    Ok(())
}

fn add_call(
    statement: &mut rusqlite::Statement<'_>,
    id: i64,
    row: &CallRow,
) -> Result<usize, HistoryError> {
    let CallRow { ts_us, call, reason, arguments } = row;
    let short = |text| clip::start(text, TEXT_MAX);
    Ok(statement.execute(params![
        id,
        ts_us,
        call.call.to_string(),
        call.session.map(SessionId::mark),
        short(&call.principal),
        short(&call.client),
        call.kind,
        short(&call.name),
        call.server.as_ref().map(ServerName::as_str),
        call.outcome.as_str(),
        reason,
        call.rule.as_deref(),
        signed(call.micros()),
        signed(call.request_bytes as u64),
        signed(call.reply_bytes as u64),
        call.origin.via,
        call.origin.trace.as_deref(),
        call.origin.is_inner,
        arguments,
    ])?)
}

fn add_event(
    statement: &mut rusqlite::Statement<'_>,
    id: i64,
    row: &EventRow,
) -> Result<usize, HistoryError> {
    let EventRow { ts_us, kind, level, server, session, message, fields } = row;
    Ok(statement.execute(params![id, ts_us, kind, level, server, session, message, fields])?)
}

/// SQLite has no others.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
