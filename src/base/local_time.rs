//! Moments as a clock on the wall shows them.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in the time zone of this machine, or of `TZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    year: i32,
    /// From 1.
    month: i32,
    day: i32,
    hour: i32,
    minute: i32,
    second: i32,
}

impl LocalTime {
    /// Of a moment; of one that no calendar has, 1970 begins.
    pub fn of(at: SystemTime) -> Self {
        let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let seconds = libc::time_t::try_from(seconds).unwrap_or(0);
        #[expect(unsafe_code, reason = "no safe wrapper of localtime_r(3) exists")]
        // SAFETY: both point to values that live until it returns, and a `tm` of zeros is one.
        let broken_down = unsafe {
            let mut broken_down: libc::tm = std::mem::zeroed();
            libc::localtime_r(&raw const seconds, &raw mut broken_down);
            broken_down
        };
        Self {
            year: broken_down.tm_year + 1900,
            month: broken_down.tm_mon + 1,
            day: broken_down.tm_mday,
            hour: broken_down.tm_hour,
            minute: broken_down.tm_min,
            second: broken_down.tm_sec,
        }
    }

    /// `12:03:04`.
    pub fn clock(self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `2026-11-30`.
    pub fn day(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `12:03 today`, or `12:03 on 2026-11-30`. `now`: what today is.
    pub fn beside(self, now: Self) -> String {
        let time = format!("{:02}:{:02}", self.hour, self.minute);
        if (self.year, self.month, self.day) == (now.year, now.month, now.day) {
            format!("{time} today")
        } else {
            format!("{time} on {}", self.day())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LocalTime;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn moments_are_told_from_today() {
        // Whatever the zone, a day later is another day.
        let at = LocalTime::of(UNIX_EPOCH + Duration::from_hours(24 * 20_000));
        let later = LocalTime::of(UNIX_EPOCH + Duration::from_hours(24 * 20_001));
        assert_eq!(at.beside(at), format!("{} today", &at.clock()[..5]));
        assert!(at.beside(later).contains(" on 2024-10-0"), "{}", at.beside(later));
        assert_eq!(at.clock().len(), 8);
    }
}
