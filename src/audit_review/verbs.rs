//! What `callmux audit` does.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::args::{AuditArgs, AuditVerb, PlaceArgs, ShownArgs, VerifyArgs};
use super::compared::Compared;
use super::ocsf;
use super::shown::Page;
use super::wanted::WantedRecords;
use crate::audit::verify::Verified;
use crate::audit::{line, newest, verify};
use crate::base::{Count, dirs};
use crate::terminal::{Exit, print};

/// In whose journal the calls are.
const SERVICE: &str = "callmux.service";
/// So many records are shown where nobody asks for more.
const USUAL: usize = 50;
/// How often it is looked for more.
const LOOK_EACH: Duration = Duration::from_millis(200);
/// So often a last line without an end is looked at again: a daemon that runs has ended it by then.
const LOOKS: u32 = 10;

pub fn audit(args: &AuditArgs) -> Exit {
    let done = match &args.verb {
        None => show(&args.shown),
        Some(AuditVerb::Verify(args)) => check(args),
    };
    done.unwrap_or_else(|exit| exit)
}

/// The directory, if there is anything in it.
fn place(args: &PlaceArgs) -> Result<PathBuf, Exit> {
    let dir = args.dir.clone().or_else(|| dirs::state().map(|dir| dir.join("audit")));
    let dir = dir.ok_or(Exit::Unavailable)?;
    if newest(&dir, Some(0), |_| false, |_| false).is_ok_and(|place| place.is_of_a_segment()) {
        return Ok(dir);
    }
    let dir = dir.display();
    print::error(&format!(
        "there is no audit file in {dir}; a daemon writes one where the config has `file = true` in `[audit]`"
    ));
    Err(Exit::Unavailable)
}

fn unreadable(dir: &Path) -> impl Fn(io::Error) -> Exit {
    move |error| {
        print::error(&format!("{}: {error}", dir.display()));
        Exit::System
    }
}

fn show(args: &ShownArgs) -> Result<Exit, Exit> {
    let dir = place(&args.place)?;
    let is_all = args.since.is_some() || args.until.is_some() || args.json || args.ocsf;
    let most = args.lines.or((!is_all).then_some(USUAL));
    let (wanted, mut page) = (WantedRecords::of(args), Page::default());
    let mut one = |line: &[u8]| {
        if args.json {
            print::json(&String::from_utf8_lossy(line));
        } else if args.ocsf {
            let record = serde_json::from_slice::<Value>(line).unwrap_or_default();
            let at = line::time(line).unwrap_or(SystemTime::UNIX_EPOCH);
            if let Some(event) = ocsf::event(&record, at) {
                print::json(&event.to_string());
            }
        } else {
            page.show(line);
        }
        true
    };
    let mut place =
        newest(&dir, most, |line| wanted.fits(line), &mut one).map_err(unreadable(&dir))?;
    if !args.follow {
        return Ok(Exit::Fine);
    }
    loop {
        std::thread::sleep(LOOK_EACH);
        place.more(|line| !wanted.fits(line) || one(line)).map_err(unreadable(&dir))?;
    }
}

fn check(args: &VerifyArgs) -> Result<Exit, Exit> {
    let dir = place(&args.place)?;
    // A copy is older than the journal.
    let unit = args.unit.as_deref().or(args.place.dir.is_none().then_some(SERVICE));
    // First: what is in the journal by now is in the file when that is read.
    let journal = unit.and_then(|unit| Compared::begin(&dir, unit).transpose());
    let mut journal = journal.transpose().map_err(unreadable(&dir))?;
    let mut verify = || {
        journal.iter_mut().for_each(Compared::forget);
        verify(&dir, |call| journal.iter_mut().for_each(|journal| journal.see(call)))
    };
    let mut found = verify().map_err(unreadable(&dir))?;
    for _ in 0..LOOKS {
        if found.unfinished.is_none() {
            break;
        }
        std::thread::sleep(LOOK_EACH / 4);
        found = verify().map_err(unreadable(&dir))?;
    }
    // Behind a broken place no record is looked at.
    journal = journal.filter(|_| found.broken.is_none());
    let is_cut = journal.as_ref().is_some_and(|journal| journal.missing() > 0);
    if args.json {
        let mut value = as_json(&found);
        value["journal"] = journal.as_ref().map_or(Value::Null, Compared::as_json);
        print::json(&value.to_string());
    } else {
        print::line(&sentence(&found));
        journal.iter().filter_map(Compared::sentence).for_each(|text| print::line(&text));
        if let Some(last) = found.last.as_ref().filter(|_| found.broken.is_none()) {
            print::line(&format!("last hash: {last}"));
        }
    }
    Ok(match (&found.broken, &found.unfinished) {
        (Some(_), _) => Exit::Failed,
        _ if is_cut => Exit::Failed,
        (None, Some(_)) => Exit::Again,
        (None, None) => Exit::Fine,
    })
}

fn sentence(found: &Verified) -> String {
    if let Some(broken) = &found.broken {
        return format!("broken: {}:{}: {}", broken.path.display(), broken.line, broken.why);
    }
    let (calls, segments) = (Count(found.acts, "record"), Count(found.segments as u64, "segment"));
    let mut text = format!("whole: {calls} in {segments}");
    if let Some(first) = found.first.filter(|first| *first > 1) {
        text += &format!("; those before segment {first} were taken away");
    }
    if found.lost > 0 {
        text += &format!("; no record of {}, as the file says", Count(found.lost, "call"));
    }
    if found.torn > 0 {
        text += &format!("; {} not finished, as the file says", Count(found.torn, "line").were());
    }
    if found.open > 0 {
        text += &format!("; {} began and have no end yet", Count(found.open as u64, "call"));
    }
    if let Some(path) = &found.unfinished {
        text += &format!("; the last line of {} has no end", path.display());
    }
    text
}

fn as_json(found: &Verified) -> Value {
    let broken = found.broken.as_ref().map(|broken| {
        json!({ "file": broken.path.display().to_string(), "line": broken.line, "why": broken.why })
    });
    json!({
        "whole": found.broken.is_none() && found.unfinished.is_none(),
        "records": found.acts,
        "segments": found.segments,
        "first_segment": found.first,
        "lost": found.lost,
        "open": found.open,
        "unfinished_lines": found.torn,
        "last_hash": found.last,
        "broken": broken,
        "unfinished": found.unfinished.as_ref().map(|path| path.display().to_string()),
    })
}
