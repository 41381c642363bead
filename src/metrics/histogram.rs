//! How long something took, in buckets.

use std::time::Duration;

/// The upper end of each bucket, in microseconds, and as it is told, in seconds.
pub const BUCKETS: [(u64, &str); 16] = [
    (1_000, "0.001"),
    (2_000, "0.002"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (20_000, "0.02"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (200_000, "0.2"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_000_000, "2"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
    (60_000_000, "60"),
    (300_000_000, "300"),
];

/// The lines of one: its buckets, that of all, sum and count.
pub const LINES: usize = BUCKETS.len() + 3;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many fell into each, and into none before.
    own: [u64; BUCKETS.len()],
    count: u64,
    sum: Duration,
}

impl Histogram {
    pub fn observe(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // To the end of the microsecond: what took longer than a bucket's end is not in it.
        let micros = micros + u64::from(!took.subsec_nanos().is_multiple_of(1_000));
        let at = BUCKETS.partition_point(|(end, _)| *end < micros);
        if let Some(bucket) = self.own.get_mut(at) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// The end of each bucket, and how many took no longer.
    pub fn buckets(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let mut sum = 0;
        BUCKETS.iter().zip(&self.own).map(move |((_, end), own)| {
            sum += own;
            (*end, sum)
        })
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn sum(&self) -> Duration {
        self.sum
    }
}
