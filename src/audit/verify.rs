//! Whether the segments are still what was written.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::chain::{self, LineHash};
use super::line::{self, CALL_BEGUN};
use super::segments::{self, LINE_MAX, Segment};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub segments: usize,
    /// The number of the oldest; those before it were taken away.
    pub first: Option<u64>,
    /// Lines about acts.
    pub acts: u64,
    /// Acts that began and of which no line says how they ended.
    pub open: usize,
    /// Of how many more it is said that they were never written.
    pub lost: u64,
    /// Where a line was never finished and the chain goes on.
    pub torn: u64,
    /// The hash of the last line: whoever keeps it sees later whether what is before it is still the same.
    pub last: Option<String>,
    /// The first place where they are not.
    pub broken: Option<Broken>,
    /// The last line has no end: it is written now, or whoever wrote it was cut off.
    pub unfinished: Option<PathBuf>,
}

/// Where the chain is broken.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub path: PathBuf,
    /// From 1.
    pub line: u64,
    pub why: &'static str,
}

#[derive(Debug, Deserialize)]
struct LineHead {
    event: String,
    segment: Option<u64>,
    previous: Option<String>,
    lost: Option<u64>,
    call_id: Option<String>,
}

/// When the oldest line that is kept was written.
pub fn oldest(dir: &Path) -> io::Result<Option<SystemTime>> {
    let Some(first) = segments::all(dir)?.into_iter().next() else { return Ok(None) };
    let Some(file) = first.look()? else { return Ok(None) };
    let mut bytes = Vec::new();
    BufReader::new(file).take(LINE_MAX as u64).read_until(b'\n', &mut bytes)?;
    Ok(line::time(&bytes))
}

/// Checks all segments in `dir`, up to the first place where the chain is broken. `ended` sees the id of each act.
pub fn verify(dir: &Path, mut ended: impl FnMut(&str)) -> io::Result<Verified> {
    let mut verified = Verified::default();
    let all = segments::all(dir)?;
    let (mut expected, mut last, mut begun) = (None, LineHash::NONE, HashSet::new());
    for (at, segment) in all.iter().enumerate() {
        if expected.is_some_and(|number| number != segment.number) {
            let why = "a segment before it is missing";
            verified.broken = Some(Broken { path: segment.path.clone(), line: 1, why });
            break;
        }
        let Some(file) = segment.look()? else {
            // The oldest are taken away while we look.
            if verified.segments == 0 {
                continue;
            }
            return Err(io::ErrorKind::NotFound.into());
        };
        let is_first = verified.first.is_none();
        verified.first.get_or_insert(segment.number);
        verified.segments += 1;
        let is_last = at + 1 == all.len();
        let mut walk = SegmentWalk { segment, is_first, is_last, last, begun: &mut begun };
        match walk.run(BufReader::new(file), &mut verified, &mut ended)? {
            None => {}
            Some((line, why)) => {
                verified.broken = Some(Broken { path: segment.path.clone(), line, why });
                break;
            }
        }
        (expected, last) = (Some(segment.number + 1), walk.last);
    }
    verified.open = begun.len();
    verified.last = verified.first.map(|_| last.as_str().to_owned());
    Ok(verified)
}

/// The way through one segment.
struct SegmentWalk<'a> {
    segment: &'a Segment,
    is_first: bool,
    is_last: bool,
    last: LineHash,
    /// Ids of acts whose end was not seen yet.
    begun: &'a mut HashSet<String>,
}

impl SegmentWalk<'_> {
    /// The line at which the chain is broken, and how.
    fn run(
        &mut self,
        mut file: impl BufRead,
        verified: &mut Verified,
        ended: &mut impl FnMut(&str),
    ) -> io::Result<Option<(u64, &'static str)>> {
        let (mut bytes, mut line) = (Vec::new(), 0);
        loop {
            bytes.clear();
            let read = (&mut file).take(LINE_MAX as u64).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                let is_empty = line == 0 && !self.is_last;
                return Ok(is_empty.then_some((1, "it is empty")));
            }
            line += 1;
            let Some(text) = bytes.strip_suffix(b"\n") else {
                if self.is_last && read < LINE_MAX {
                    verified.unfinished = Some(self.segment.path.clone());
                    return Ok(None);
                }
                return Ok(Some((line, "the line has no end")));
            };
            if let Some(why) = self.line(text, line, verified, ended) {
                return Ok(Some((line, why)));
            }
        }
    }

    fn line(
        &mut self,
        text: &[u8],
        line: u64,
        verified: &mut Verified,
        ended: &mut impl FnMut(&str),
    ) -> Option<&'static str> {
        let Ok(members) = serde_json::from_slice::<LineHead>(text) else {
            return Some("it is no line of an audit file");
        };
        if line == 1 {
            if members.event != "segment" || members.segment != Some(self.segment.number) {
                return Some("it does not begin as this segment");
            }
            let previous = members.previous.unwrap_or_default();
            let previous = LineHash::parse(previous.as_bytes());
            match previous {
                // What was before it is not kept.
                Some(previous) if self.is_first && self.segment.number > 1 => self.last = previous,
                Some(previous) if previous == self.last => {}
                _ => return Some("it does not go on where the segment before ends"),
            }
        }
        match chain::check(text, self.last) {
            Some(hash) => self.last = hash,
            None => return Some("the line or one before it was changed, added or taken out"),
        }
        match &*members.event {
            "segment" if line > 1 => return Some("a segment begins within another"),
            "segment" => {}
            "gap" => match members.lost {
                Some(lost) => verified.lost += lost,
                None => verified.torn += 1,
            },
            CALL_BEGUN => self.begun.extend(members.call_id),
            _ => {
                verified.acts += 1;
                if let Some(call) = &members.call_id {
                    self.begun.remove(call);
                    ended(call);
                }
            }
        }
        None
    }
}
