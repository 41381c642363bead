//! What goes, so that the rest has room.

use std::time::SystemTime;

use rusqlite::{Transaction, params};

use super::bounds::HistoryBounds;
use super::error::HistoryError;
use super::row::micros;
use super::store::{HistoryStore, get, set};

/// So many rows go at once: nobody waits for long.
const SLICE: i64 = 1000;
/// So many pages without content are given back at once, and are worth it.
const PAGES: u64 = 256;
/// However small the file is to be: an empty one has some pages, too.
const BYTES_MIN: u64 = 1 << 20;

/// The highest id of the oldest so many rows.
const OLDEST: &str = "
    SELECT max(id) FROM (
        SELECT id FROM (SELECT id FROM calls ORDER BY id LIMIT ?1)
        UNION ALL SELECT id FROM (SELECT id FROM events ORDER BY id LIMIT ?1)
        ORDER BY id LIMIT ?1
    )";

impl HistoryStore {
    /// Takes away a slice of what is too much; whether there may be more of it.
    pub(super) fn take_away(&mut self, bounds: &HistoryBounds) -> Result<bool, HistoryError> {
        let used = self.pages("page_count")?.saturating_sub(self.pages("freelist_count")?);
        let page = self.pages("page_size")?;
        let is_large = used * page > bounds.bytes.max(BYTES_MIN);
        let old = SystemTime::now().checked_sub(bounds.age).map_or(i64::MIN, micros);
        let rows_max = i64::try_from(bounds.rows).unwrap_or(i64::MAX);

        let excess = (get(&self.connection, "rows")? - rows_max).clamp(0, SLICE);
        let is_old = self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM (SELECT ts_us FROM calls ORDER BY id LIMIT 1) WHERE ts_us < ?1)
                OR EXISTS (SELECT 1 FROM (SELECT ts_us FROM events ORDER BY id LIMIT 1) WHERE ts_us < ?1)
                OR EXISTS (SELECT 1 FROM (SELECT min(hour) AS hour FROM hours) WHERE hour < ?1 / 1000000 - 3600)",
            [old],
            |row| row.get::<_, bool>(0),
        )?;
        if excess == 0 && !is_old && !is_large {
            self.give_back()?;
            return Ok(false);
        }
        let transaction = self.transaction()?;
        let mut gone = 0;
        if is_old {
            gone += forget_old(&transaction, old)?;
        }
        let slice = if is_large { SLICE } else { excess - gone };
        if slice > 0 {
            gone += forget_oldest(&transaction, slice)?;
        }
        let has_hours_gone = is_large && gone == 0 && forget_hours(&transaction)?;
        set(&transaction, "rows", get(&transaction, "rows")? - gone)?;
        transaction.commit()?;
        self.give_back()?;
        Ok(gone > 0 || has_hours_gone)
    }

    fn pages(&self, pragma: &str) -> Result<u64, HistoryError> {
        let number: i64 = self.connection.pragma_query_value(None, pragma, |row| row.get(0))?;
        Ok(u64::try_from(number).unwrap_or_default())
    }

    /// Gives pages without content back to the disk, if there are many.
    fn give_back(&self) -> Result<(), HistoryError> {
        if self.pages("freelist_count")? >= PAGES {
            self.connection.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
        }
        Ok(())
    }
}

/// Those of the first rows that are older.
fn forget_old(transaction: &Transaction<'_>, than: i64) -> Result<i64, HistoryError> {
    let mut gone = 0;
    for table in ["calls", "events"] {
        let text = format!(
            "DELETE FROM {table} WHERE ts_us < ?1 AND id IN (SELECT id FROM {table} ORDER BY id LIMIT ?2)"
        );
        gone += transaction.prepare(&text)?.execute(params![than, SLICE])?;
    }
    transaction.execute("DELETE FROM hours WHERE hour < ?1 / 1000000 - 3600", [than])?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

fn forget_oldest(transaction: &Transaction<'_>, slice: i64) -> Result<i64, HistoryError> {
    let last: Option<i64> = transaction.query_row(OLDEST, [slice], |row| row.get(0))?;
    let Some(last) = last else { return Ok(0) };
    let gone = transaction.execute("DELETE FROM calls WHERE id <= ?1", [last])?
        + transaction.execute("DELETE FROM events WHERE id <= ?1", [last])?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

/// The first of the hours, where nothing else takes the room.
fn forget_hours(transaction: &Transaction<'_>) -> Result<bool, HistoryError> {
    let text = "DELETE FROM hours WHERE hour = (SELECT min(hour) FROM hours)";
    Ok(transaction.execute(text, ())? > 0)
}
