//! How long something took or will take, for people.

use std::fmt;
use std::time::Duration;

/// A duration in at most two units, as exact as people want it: `412 µs`, `83 ms`, `3.2 s`, `2 min 5 s`, `3 h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded first, so that nothing is ever shown as 60 s or 1000 ms.
        let (micros, millis) = (self.0.as_micros(), rounded(self.0.as_micros(), 1000));
        let (tenths, seconds) = (rounded(micros, 100_000), rounded(micros, 1_000_000));
        match () {
            () if micros == 0 => f.write_str("0 ms"),
            () if micros < 1000 => write!(f, "{micros} µs"),
            () if millis < 1000 => write!(f, "{millis} ms"),
            () if tenths < 100 && !tenths.is_multiple_of(10) => {
                write!(f, "{}.{} s", tenths / 10, tenths % 10)
            }
            () if seconds < 60 => write!(f, "{seconds} s"),
            () if seconds < 3600 => two(f, (seconds / 60, "min"), (seconds % 60, "s")),
            () if seconds < 86400 => two(f, (seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
            () => two(f, (seconds / 86400, "d"), (seconds % 86400 / 3600, "h")),
        }
    }
}

fn rounded(micros: u128, unit: u128) -> u128 {
    (micros + unit / 2) / unit
}

fn two(
    f: &mut fmt::Formatter<'_>,
    (large, of_large): (u128, &str),
    (small, of_small): (u128, &str),
) -> fmt::Result {
    match small {
        0 => write!(f, "{large} {of_large}"),
        small => write!(f, "{large} {of_large} {small} {of_small}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Span;
    use std::time::Duration;

    #[test]
    fn people_read_no_more_digits_than_they_want() {
        for (micros, shown) in [
            (0, "0 ms"),
            (412, "412 µs"),
            (999_400, "999 ms"),
            (999_600, "1 s"),
            (3_000_904, "3 s"),
            (3_240_000, "3.2 s"),
            (9_960_000, "10 s"),
            (12_004_904, "12 s"),
            (59_700_000, "1 min"),
            (125_000_000, "2 min 5 s"),
            (3_600_000_000, "1 h"),
            (93_784_000_000, "1 d 2 h"),
        ] {
            assert_eq!(Span(Duration::from_micros(micros)).to_string(), shown, "{micros}");
        }
    }
}
