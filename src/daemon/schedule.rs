//! When the config is read again: a value without a clock.

use std::time::Duration;

use tokio::time::Instant;

/// After the last sign of a change. Editors write, rename and write again.
const QUIET: Duration = Duration::from_millis(100);
/// After the first one, for a file that never rests.
const QUIET_MAX: Duration = Duration::from_secs(1);
/// How often the config is read where its changes go unnoticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Between two readings: whoever asks a thousand times a second is answered five times.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub struct Schedule {
    /// The first sign of a change since the last reading, and the last.
    touched: Option<(Instant, Instant)>,
    asked: bool,
    /// The last reading.
    last: Instant,
}

impl Schedule {
    /// The config was read.
    pub fn new(last: Instant) -> Self {
        Self { touched: None, asked: false, last }
    }

    /// Something happened where the config is.
    pub fn touched(&mut self, now: Instant) {
        let (first, _) = self.touched.unwrap_or((now, now));
        self.touched = Some((first, now));
    }

    /// Somebody wants it read.
    pub fn asked(&mut self) {
        self.asked = true;
    }

    /// When to read; `None` as long as nothing happens. `watched`: changes are noticed.
    pub fn due(&self, watched: bool) -> Option<Instant> {
        let earliest = self.last + PAUSE;
        let rested = self.touched.map(|(first, last)| (last + QUIET).min(first + QUIET_MAX));
        let wanted = if self.asked { Some(earliest) } else { rested };
        let unasked = (!watched).then(|| self.last + LOOK_INTERVAL);
        wanted.or(unasked).map(|at| at.max(earliest))
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn editors_are_left_to_finish_and_storms_to_pass() {
        let ms = Duration::from_millis;
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        assert_eq!(schedule.due(true), None);
        assert_eq!(schedule.due(false), Some(start + ms(5000)));
        schedule.touched(start + ms(300));
        schedule.touched(start + ms(350));
        assert_eq!(schedule.due(true), Some(start + ms(450)));
        schedule.asked();
        assert_eq!(schedule.due(true), Some(start + ms(200)), "who asks waits for no editor");
        for n in 0..100 {
            schedule.touched(start + ms(400 + n * 50));
        }
        schedule.asked = false;
        assert_eq!(schedule.due(true), Some(start + ms(1300)), "a file that never rests is read");
    }
}
