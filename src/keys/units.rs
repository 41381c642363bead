//! Durations and sizes, always with a unit.

use std::time::{Duration, SystemTime};

use super::error::ValueError;

/// The largest size that can be configured, in bytes: positions in a message have 32 bits.
const SIZE_MAX: usize = 1 << 30;

/// Reads `"30s"`, `"1m 30s"`, `"250ms"`. The error says what would be right.
pub fn duration(text: &str) -> Result<Duration, ValueError> {
    humantime::parse_duration(text).map_err(|_| match text.trim().parse::<u64>() {
        Ok(count) => ValueError::Unit(text.to_owned(), format!("{count}s")),
        Err(_) => ValueError::Duration(text.to_owned()),
    })
}

/// Reads `"64KiB"`, `"4MB"`, `"512B"` as a number of bytes.
pub fn size(text: &str) -> Result<usize, ValueError> {
    let wrong = || match text.trim().parse::<u64>() {
        Ok(count) => ValueError::Unit(text.to_owned(), format!("{count}B")),
        Err(_) => ValueError::Size(text.to_owned()),
    };
    if !text.ends_with(['B', 'b']) {
        return Err(wrong());
    }
    let size: bytesize::ByteSize = text.parse().map_err(|_| wrong())?;
    match usize::try_from(size.as_u64()) {
        Ok(size) if size <= SIZE_MAX => Ok(size),
        _ => Err(ValueError::SizeMax(text.to_owned())),
    }
}

/// Reads a moment as RFC 3339 has it, `"2027-03-01T12:00:00Z"`, or the beginning of a day, `"2027-03-01"`.
pub fn moment(text: &str) -> Result<SystemTime, ValueError> {
    let whole = if text.len() == "2027-03-01".len() {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    humantime::parse_rfc3339(&whole).map_err(|_| ValueError::Moment(text.to_owned()))
}

/// The same, or how long ago it is: `"2h"`.
pub fn past(text: &str) -> Result<SystemTime, ValueError> {
    let ago = |ago: Duration| SystemTime::now().checked_sub(ago);
    match duration(text).ok().and_then(ago) {
        Some(moment) => Ok(moment),
        None => moment(text),
    }
}

#[cfg(test)]
mod tests;
