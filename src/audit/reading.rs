//! How the lines are read, without whoever writes them.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::chain;
use super::segments::{self, LINE_MAX, Segment};

/// Shows what of the lines in `dir` fits, in their order: the newest `most`, or all. `show`: is given the
/// members of a line as one JSON object, and says whether there is to be more. What is written later is
/// read from the place that comes back.
pub fn newest(
    dir: &Path,
    most: Option<usize>,
    fits: impl Fn(&[u8]) -> bool,
    mut show: impl FnMut(&[u8]) -> bool,
) -> io::Result<Newest> {
    let all = segments::all(dir)?;
    let mut place = Newest { dir: dir.to_path_buf(), number: 0, offset: 0 };
    let Some(most) = most else {
        for segment in &all {
            if !place.read(segment, |line| !fits(line) || show(line))? {
                break;
            }
        }
        return Ok(place);
    };
    let (mut kept, mut is_newest) = (VecDeque::new(), true);
    for segment in all.iter().rev() {
        let (mut of_this, room) = (VecDeque::new(), most - kept.len());
        let mut end = Newest { dir: dir.to_path_buf(), number: 0, offset: 0 };
        end.read(segment, |line| {
            if fits(line) {
                of_this.push_back(line.to_vec());
                if of_this.len() > room {
                    of_this.pop_front();
                }
            }
            true
        })?;
        if std::mem::take(&mut is_newest) {
            place = end;
        }
        of_this.append(&mut kept);
        kept = of_this;
        if kept.len() >= most {
            break;
        }
    }
    kept.iter().all(|line| show(line));
    Ok(place)
}

/// A place behind a line.
#[derive(Debug)]
pub struct Newest {
    dir: PathBuf,
    number: u64,
    offset: u64,
}

impl Newest {
    /// Whether there is anything.
    pub fn is_of_a_segment(&self) -> bool {
        self.number > 0
    }

    /// Shows what was written since.
    pub fn more(&mut self, mut show: impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
        for segment in segments::all(&self.dir)? {
            if segment.number >= self.number && !self.read(&segment, &mut show)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a segment to its end; `false`: nobody wants more.
    fn read(&mut self, segment: &Segment, mut show: impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
        let Some(mut file) = segment.look()? else { return Ok(true) };
        if self.number != segment.number {
            (self.number, self.offset) = (segment.number, 0);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let (mut file, mut bytes) = (BufReader::new(file), Vec::new());
        loop {
            bytes.clear();
            let read = (&mut file).take(LINE_MAX as u64).read_until(b'\n', &mut bytes)?;
            let is_whole = bytes.ends_with(b"\n") || read == LINE_MAX;
            if read == 0 || !is_whole {
                return Ok(true);
            }
            self.offset += read as u64;
            // Whether it is what was written is asked of `verify`.
            if let Some((members, _)) = chain::parts(bytes.trim_ascii_end())
                && !show(&[members, b"}"].concat())
            {
                return Ok(false);
            }
        }
    }
}
