//! Series of a family, as many as there may be.

use std::collections::HashMap;

/// In the place of a label's value for which there is no room, or which anybody could make up.
pub const OTHER: &str = "other";

/// So many values the last label of a family has at the most.
const THIRDS_MAX: usize = 16;

/// Series by three labels, of which the last has one of a few values. Once there are as many as there may be, what
/// is new counts with the others of its first label; where there is no room for those, with all others.
#[derive(Debug, Clone)]
pub struct Bounded<V> {
    /// The row of the first two labels.
    rows: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    /// In each row the third label with its value.
    values: Vec<Vec<(&'static str, V)>>,
    len: usize,
    /// Of those that were asked for.
    own_max: usize,
    /// With those of the others of a first label. Beyond there is room for all others.
    max: usize,
}

impl<V: Default> Bounded<V> {
    /// For at most so many series.
    pub fn new(max: usize) -> Self {
        let max = max.saturating_sub(THIRDS_MAX);
        let (rows, values) = (HashMap::new(), Vec::new());
        Self { rows, values, len: 0, own_max: max - max / 10, max }
    }

    /// The series of these labels, or the one that it counts with.
    pub fn at(&mut self, first: &str, second: &str, third: &'static str) -> &mut V {
        if let Some((row, at)) = self.find(first, second, third) {
            return &mut self.values[row][at].1;
        }
        let (first, second) = if self.len < self.own_max {
            (first, second)
        } else if self.len < self.max || self.find(first, OTHER, third).is_some() {
            (first, OTHER)
        } else {
            (OTHER, OTHER)
        };
        let (row, at) = self.find(first, second, third).unwrap_or_else(|| {
            let next = self.values.len();
            let seconds = self.rows.entry(first.into()).or_default();
            let row = *seconds.entry(second.into()).or_insert(next);
            if row == next {
                self.values.push(Vec::new());
            }
            self.len += 1;
            self.values[row].push((third, V::default()));
            (row, self.values[row].len() - 1)
        });
        &mut self.values[row][at].1
    }

    fn find(&self, first: &str, second: &str, third: &str) -> Option<(usize, usize)> {
        let row = *self.rows.get(first)?.get(second)?;
        Some((row, self.values[row].iter().position(|(known, _)| *known == third)?))
    }

    /// All of them with their labels, in the order of those.
    pub fn iter(&self) -> impl Iterator<Item = ([&str; 3], &V)> {
        let mut rows: Vec<(&str, &str, usize)> = Vec::with_capacity(self.values.len());
        for (first, seconds) in &self.rows {
            rows.extend(seconds.iter().map(|(second, row)| (&**first, &**second, *row)));
        }
        rows.sort_unstable();
        rows.into_iter().flat_map(|(first, second, row)| {
            self.values[row].iter().map(move |(third, value)| ([first, second, *third], value))
        })
    }
}
