//! What `callmux events` does.

use std::time::{Duration, SystemTime};

use super::args::EventsArgs;
use super::shown::{self, EventPage};
use crate::history::read::{HistoryQuery, HistoryReader, client_pattern, place};
use crate::history::{HistoryError, HourSums};
use crate::terminal::{Exit, print};

/// So many events are shown where nobody asks for more, and so many where somebody does without a number.
const USUAL: usize = 50;
const MANY: usize = 100_000;
/// So many are read at once while more come.
const AT_ONCE: usize = 1000;
/// How often it is looked for more.
const LOOK_EACH: Duration = Duration::from_millis(200);

pub fn events(args: &EventsArgs) -> Exit {
    match show(args) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            let place = place().map(|path| path.display().to_string()).unwrap_or_default();
            print::error(&format!("{place}: {error}"));
            match error {
                HistoryError::Missing => Exit::Unavailable,
                _ => Exit::System,
            }
        }
    }
}

fn show(args: &EventsArgs) -> Result<(), HistoryError> {
    let path = place().ok_or(HistoryError::Missing)?;
    let reader = HistoryReader::open(&path)?;
    if args.hours {
        return show_hours(args, &reader);
    }
    let is_all = args.since.is_some() || args.until.is_some() || args.json;
    let limit = args.limit.unwrap_or(if is_all { MANY } else { USUAL });
    let mut query = HistoryQuery { limit, ..query(args) };
    let mut page = EventPage::default();
    // What comes from now on has a higher id, whether any of what is there fits or not.
    let mut last = reader.last()?;
    let mut show = |query: &HistoryQuery| -> Result<i64, HistoryError> {
        for event in reader.events(query)? {
            if args.json {
                print::json(&event.json.to_string());
            } else {
                page.show(&event);
            }
            last = last.max(event.id);
        }
        Ok(last)
    };
    query.after = Some(show(&query)?);
    query.limit = AT_ONCE;
    if !args.follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(LOOK_EACH);
        query.after = Some(show(&query)?);
    }
}

/// What of the arguments says which events.
fn query(args: &EventsArgs) -> HistoryQuery {
    HistoryQuery {
        since: args.since,
        until: args.until,
        server: args.server.clone(),
        tool: args.tool.clone(),
        client: args.client.as_deref().map(client_pattern),
        principal: args.principal.clone(),
        outcome: args.outcome.clone(),
        kind: args.kind.clone(),
        ..HistoryQuery::default()
    }
}

fn show_hours(args: &EventsArgs, reader: &HistoryReader) -> Result<(), HistoryError> {
    let since = args.since.unwrap_or(SystemTime::UNIX_EPOCH);
    // An hour that began before it may have some of it.
    let since = since.checked_sub(Duration::from_hours(1)).unwrap_or(SystemTime::UNIX_EPOCH);
    let until = args.until.unwrap_or_else(SystemTime::now) + Duration::from_secs(1);
    let fits = |wanted: &Option<String>, is: &str| {
        wanted.as_ref().is_none_or(|wanted| shown::fits(wanted, is))
    };
    let is_wanted = |sums: &HourSums| {
        fits(&args.server, &sums.server)
            && fits(&args.tool, &sums.tool)
            && fits(&args.outcome, &sums.outcome)
    };
    let hours = reader.hours(since, until, usize::MAX)?;
    let hours: Vec<HourSums> = hours.into_iter().filter(is_wanted).collect();
    if args.json {
        for sums in &hours {
            print::json(&shown::hour_json(sums).to_string());
        }
    } else {
        shown::hours(&hours);
    }
    Ok(())
}
