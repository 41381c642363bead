//! Points in time (RFC 3339, section 5.6), as strict readers take them.

/// Whether a text is one, with a `T` and seconds, in a year of four digits.
pub(super) fn is_moment(text: &str) -> bool {
    fn number(text: &str, len: usize, from: u32, to: u32) -> Option<u32> {
        let is_plain = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_plain && (from..=to).contains(number))
    }
    fn check(text: &str) -> Option<()> {
        let (date, time) = text.split_once('T')?;
        let [year, month, day] = parts(date, '-')?;
        let year = number(year, 4, 0, 9999)?;
        let month = number(month, 2, 1, 12)?;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        number(day, 2, 1, days)?;
        let zone = time.rfind(['Z', '+', '-'])?;
        let (time, zone) = time.split_at(zone);
        if zone != "Z" {
            let (hours, minutes) = zone[1..].split_once(':')?;
            number(hours, 2, 0, 23)?;
            number(minutes, 2, 0, 59)?;
        }
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let [hours, minutes, seconds] = parts(time, ':')?;
        number(hours, 2, 0, 23)?;
        number(minutes, 2, 0, 59)?;
        number(seconds, 2, 0, 59)?;
        let is_fraction =
            !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        is_fraction.then_some(())
    }
    text.len() <= 64 && check(text).is_some()
}

fn parts(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::is_moment;

    #[test]
    fn moments_are_strict() {
        for text in [
            "2025-01-12T15:00:58Z",
            "2025-01-12T15:00:58.123456Z",
            "2024-02-29T00:00:00+05:30",
            "2000-02-29T23:59:59-00:00",
        ] {
            assert!(is_moment(text), "{text}");
        }
        for text in [
            "",
            "2025-01-12",
            "yesterday",
            "2025-01-12 15:00:58Z",
            "2025-01-12T15:00:58",
            "2025-01-12T15:00Z",
            "2025-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-1-1T00:00:00Z",
            "2025-01-12T24:00:00Z",
            "2025-01-12T15:00:58.Z",
            "2025-01-12T15:00:58+24:00",
            "2025-01-12T15:00:58z",
            "02025-01-12T15:00:58Z",
            "2025-01-012T15:00:58Z",
        ] {
            assert!(!is_moment(text), "{text}");
        }
    }
}
