//! Calls of an hour, as sums: charts need no look at each.

use std::collections::BTreeMap;

use rusqlite::{Row, Transaction, params_from_iter, types::Value};

use super::error::HistoryError;
use crate::facts::CallFinished;

/// The upper ends of the buckets of how long calls took, in microseconds; what took longer is in one more.
const ENDS: [u64; 17] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
];
const BUCKETS: usize = ENDS.len() + 1;
const HOUR_US: i64 = 3_600_000_000;
/// The columns before those of the buckets.
pub(super) const SUM_COLUMNS: &str =
    "hour, kind, server, tool, outcome, n, took_us, request_bytes, reply_bytes";
/// What names are counted under that are the client's word alone: whoever makes them up does not fill the table.
const OTHER: &str = "other";

/// The names of the columns of the buckets.
pub(super) fn bucket_columns() -> impl Iterator<Item = String> {
    (0..BUCKETS).map(|bucket| format!("b{bucket}"))
}

/// What calls of an hour have in common: the hour in seconds since 1970, kind, server, tool, outcome.
type HourKey = (i64, &'static str, String, String, &'static str);

#[derive(Debug, Default)]
struct Sum {
    n: u64,
    took_us: u64,
    request_bytes: u64,
    reply_bytes: u64,
    buckets: [u64; BUCKETS],
}

/// The sums of some calls, before they are in the file.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<HourKey, Sum>);

impl Sums {
    pub(super) fn add(&mut self, ts_us: i64, call: &CallFinished) {
        let server = call.server.as_ref().map(|server| server.as_str().to_owned());
        let is_known = call.server.is_some() || call.origin.is_listed;
        let tool = match call.kind {
            "tool" if is_known => call.name.to_string(),
            "tool" => OTHER.to_owned(),
            _ => String::new(),
        };
        let hour = ts_us.div_euclid(HOUR_US) * (HOUR_US / 1_000_000);
        let key = (hour, call.kind, server.unwrap_or_default(), tool, call.outcome.as_str());
        let sum = self.0.entry(key).or_default();
        sum.n += 1;
        sum.took_us += call.micros();
        sum.request_bytes += call.request_bytes as u64;
        sum.reply_bytes += call.reply_bytes as u64;
        sum.buckets[ENDS.partition_point(|end| *end < call.micros())] += 1;
    }

    /// Adds them to those that are there.
    pub(super) fn write(self, transaction: &Transaction<'_>) -> Result<(), HistoryError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut statement = transaction.prepare(&upsert())?;
        for ((hour, kind, server, tool, outcome), sum) in self.0 {
            let keys: [Value; 5] = [
                hour.into(),
                kind.to_owned().into(),
                server.into(),
                tool.into(),
                outcome.to_owned().into(),
            ];
            let sums = [sum.n, sum.took_us, sum.request_bytes, sum.reply_bytes];
            let numbers = sums.into_iter().chain(sum.buckets);
            let numbers = numbers.map(|number| i64::try_from(number).unwrap_or(i64::MAX).into());
            statement.execute(params_from_iter(keys.into_iter().chain(numbers)))?;
        }
        Ok(())
    }
}

fn upsert() -> String {
    let added = ["n", "took_us", "request_bytes", "reply_bytes"].map(str::to_owned);
    let added: Vec<String> = added.into_iter().chain(bucket_columns()).collect();
    let set: Vec<String> = added.iter().map(|it| format!("{it} = {it} + excluded.{it}")).collect();
    let columns: Vec<String> = bucket_columns().collect();
    let marks = vec!["?"; 5 + added.len()].join(", ");
    format!(
        "INSERT INTO hours ({SUM_COLUMNS}, {}) VALUES ({marks}) \
         ON CONFLICT (hour, kind, server, tool, outcome) DO UPDATE SET {}",
        columns.join(", "),
        set.join(", ")
    )
}

/// The calls of one hour that have everything else in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourSums {
    /// When it began, in seconds since 1970.
    pub hour: i64,
    /// As of a call's fact.
    pub kind: String,
    /// Empty: none.
    pub server: String,
    /// As clients name it; empty: it was about no tool.
    pub tool: String,
    pub outcome: String,
    pub n: u64,
    /// All together, in microseconds.
    pub took_us: u64,
    pub request_bytes: u64,
    pub reply_bytes: u64,
    buckets: [u64; BUCKETS],
}

impl HourSums {
    /// From the columns of [`SUM_COLUMNS`] and [`bucket_columns`], in that order.
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |at: usize| -> rusqlite::Result<u64> {
            Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or_default())
        };
        let mut buckets = [0; BUCKETS];
        for (at, bucket) in buckets.iter_mut().enumerate() {
            *bucket = number(9 + at)?;
        }
        Ok(Self {
            hour: row.get(0)?,
            kind: row.get(1)?,
            server: row.get(2)?,
            tool: row.get(3)?,
            outcome: row.get(4)?,
            n: number(5)?,
            took_us: number(6)?,
            request_bytes: number(7)?,
            reply_bytes: number(8)?,
            buckets,
        })
    }

    /// The time in microseconds within which so many of a hundred ended: the upper end of the bucket in which the last of
    /// them is. `None`: some took longer than is told apart.
    pub fn within(&self, percent: u64) -> Option<u64> {
        let wanted = (self.n * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let mut ends = self.buckets.iter().zip(ENDS);
        ends.find(|(count, _)| {
            seen += **count;
            seen >= wanted
        })
        .map(|(_, end)| end)
    }
}
