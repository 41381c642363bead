//! What happened, looked up in the history, beside the loop that serves everybody.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{json, problem};
use super::sources::AnswerSources;
use crate::api::{HistoryHours, HistoryPage, HourReport, ProblemCode, ProblemDetails};
use crate::base::{large, quoted};
use crate::history::read::{HistoryQuery, HistoryReader, client_pattern, place};
use crate::history::{HistoryError, HourSums};
use crate::keys::units;
use crate::settings::NamePatterns;

/// So many events are given where nobody says how many, and so many at the most.
const USUAL: usize = 100;
const EVENTS_MAX: usize = 1000;
/// And so much of them, in bytes of JSON, but one in any case.
const BYTES_MAX: usize = 4 << 20;
/// So many sums at the most.
const SUMS_MAX: usize = 10_000;
/// So many hours are summed up where nobody says since when.
const SINCE: Duration = Duration::from_hours(24);

/// What somebody asks for, each once.
struct HistoryFilters(HashMap<String, String>);

impl HistoryFilters {
    fn of(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// So long ago, or then.
    fn moment(&self, name: &str) -> Result<Option<SystemTime>, Box<ProblemDetails>> {
        let read =
            |text: &String| units::past(text).map_err(|error| wrong(format!("`{name}`: {error}")));
        self.0.get(name).map(read).transpose()
    }

    fn limit(&self) -> Result<usize, Box<ProblemDetails>> {
        let Some(text) = self.0.get("limit") else { return Ok(USUAL) };
        match text.parse() {
            Ok(limit @ 1..=EVENTS_MAX) => Ok(limit),
            _ => Err(wrong(format!("`limit` is a number from 1 to {EVENTS_MAX}"))),
        }
    }

    /// The id that a cursor stands for.
    fn before(&self) -> Result<Option<i64>, Box<ProblemDetails>> {
        let Some(cursor) = self.0.get("cursor") else { return Ok(None) };
        let id = cursor.strip_prefix('b').and_then(|hex| i64::from_str_radix(hex, 16).ok());
        match id.filter(|id| *id >= 0) {
            Some(id) => Ok(Some(id)),
            None => Err(wrong(format!(
                "`cursor` is the `next_cursor` of an earlier answer, and `{}` is none",
                quoted(cursor)
            ))),
        }
    }

    fn events(&self) -> Result<HistoryQuery, Box<ProblemDetails>> {
        Ok(HistoryQuery {
            since: self.moment("since")?,
            until: self.moment("until")?,
            server: self.text("server"),
            tool: self.text("tool"),
            client: self.text("client").as_deref().map(client_pattern),
            principal: self.text("principal"),
            outcome: self.text("outcome"),
            kind: self.text("kind"),
            after: None,
            before: self.before()?,
            limit: self.limit()?,
        })
    }
}

fn wrong(detail: String) -> Box<ProblemDetails> {
    let fix = "`GET /api/v1/openapi.json` says what each parameter is";
    Box::new(ProblemDetails::new(ProblemCode::BadQuery, detail).fixed_by(fix))
}

pub(super) async fn events(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = match HistoryFilters::of(query.as_deref()).events() {
        Ok(query) => query,
        Err(wrong) => return problem(&wrong),
    };
    answer(&sources, move |reader| page(reader, query)).await
}

fn page(reader: &HistoryReader, query: HistoryQuery) -> Result<HistoryPage, HistoryError> {
    let limit = query.limit;
    // One more, to know whether there is one.
    let found = reader.events(&HistoryQuery { limit: limit + 1, ..query })?;
    let (mut page, mut bytes, mut last) = (HistoryPage::default(), 0, 0);
    for event in found.into_iter().rev() {
        bytes += event.json.to_string().len();
        let is_full = page.events.len() >= limit || bytes > BYTES_MAX && !page.events.is_empty();
        if is_full {
            page.next_cursor = Some(format!("b{last:x}"));
            break;
        }
        last = event.id;
        page.events.push(event.json);
    }
    Ok(page)
}

pub(super) async fn hours(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = HistoryFilters::of(query.as_deref());
    let (since, until) = match (asked.moment("since"), asked.moment("until")) {
        (Ok(since), Ok(until)) => (since, until),
        (Err(wrong), _) | (_, Err(wrong)) => return problem(&wrong),
    };
    let until = until.unwrap_or_else(SystemTime::now);
    let since = since.or_else(|| until.checked_sub(SINCE)).unwrap_or(UNIX_EPOCH);
    // An hour that began before it may have some of it.
    let since = since.checked_sub(Duration::from_hours(1)).unwrap_or(UNIX_EPOCH);
    answer(&sources, move |reader| {
        let until = until + Duration::from_secs(1);
        let mut sums = reader.hours(since, until, SUMS_MAX + 1)?;
        let is_cut = sums.len() > SUMS_MAX;
        if is_cut {
            sums.remove(0);
        }
        let fits = |name: &str, is: &str| {
            let wanted = asked.text(name);
            wanted.is_none_or(|wanted| NamePatterns::new(vec![wanted]).allow(is))
        };
        sums.retain(|one| {
            fits("server", &one.server) && fits("tool", &one.tool) && fits("outcome", &one.outcome)
        });
        Ok(HistoryHours { hours: sums.iter().map(hour).collect(), is_cut })
    })
    .await
}

fn hour(sums: &HourSums) -> HourReport {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let began = UNIX_EPOCH + Duration::from_secs(u64::try_from(sums.hour).unwrap_or_default());
    HourReport {
        t: humantime::format_rfc3339_seconds(began).to_string(),
        of: sums.kind.clone(),
        server: some(&sums.server),
        tool: some(&sums.tool),
        outcome: sums.outcome.clone(),
        n: sums.n,
        us: sums.took_us,
        us_p50: sums.within(50),
        us_p95: sums.within(95),
        request_bytes: sums.request_bytes,
        reply_bytes: sums.reply_bytes,
    }
}

/// What is found, or why nothing can be.
async fn answer<T>(
    sources: &AnswerSources,
    find: impl FnOnce(&HistoryReader) -> Result<T, HistoryError> + Send + 'static,
) -> Response
where
    T: Default + serde::Serialize + Send + 'static,
{
    let look = || {
        let path = place().ok_or(HistoryError::Missing)?;
        find(&HistoryReader::open(&path)?)
    };
    match large::beside(BYTES_MAX, look).await {
        Some(Ok(found)) => json(StatusCode::OK, &found),
        // It is kept, and nothing was written yet.
        Some(Err(HistoryError::Missing)) if is_kept(sources) => json(StatusCode::OK, &T::default()),
        Some(Err(HistoryError::Missing)) => {
            let fix = "set `enabled = true` in `[history]` of the config";
            let detail = "the daemon keeps no history".to_owned();
            problem(&ProblemDetails::new(ProblemCode::NoHistory, detail).fixed_by(fix))
        }
        Some(Err(error)) => {
            let fix = "`callmux doctor` says more; calls go on without it";
            let detail = format!("the history cannot be read: {error}");
            problem(&ProblemDetails::new(ProblemCode::HistoryUnreadable, detail).fixed_by(fix))
        }
        None => {
            let detail = "the daemon is being stopped".to_owned();
            problem(&ProblemDetails::new(ProblemCode::Draining, detail).fixed_by("ask again"))
        }
    }
}

fn is_kept(sources: &AnswerSources) -> bool {
    sources.hub.world().config.access.history.enabled
}
