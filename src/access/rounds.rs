//! Those who take turns.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

/// What somebody has that waits; who has nothing has no turn.
pub trait Lane: Default {
    type Item;

    /// Takes the next out.
    fn pop(&mut self) -> Option<Self::Item>;

    fn is_empty(&self) -> bool;
}

impl<T> Lane for VecDeque<T> {
    type Item = T;

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// Lanes, each of which has one turn in a round.
#[derive(Debug)]
pub struct Rounds<L> {
    /// The keys of the lanes; the first is the next one's.
    order: VecDeque<u64>,
    lanes: HashMap<u64, L>,
}

impl<L> Default for Rounds<L> {
    fn default() -> Self {
        Self { order: VecDeque::new(), lanes: HashMap::new() }
    }
}

impl<L: Lane> Lane for Rounds<L> {
    type Item = L::Item;

    fn pop(&mut self) -> Option<L::Item> {
        let key = self.order.pop_front()?;
        let lane = self.lanes.get_mut(&key)?;
        let item = lane.pop();
        if lane.is_empty() {
            self.lanes.remove(&key);
        } else {
            self.order.push_back(key);
        }
        item
    }

    fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

impl<L: Lane> Rounds<L> {
    pub fn get(&self, key: u64) -> Option<&L> {
        self.lanes.get(&key)
    }

    pub fn lanes(&self) -> impl Iterator<Item = &L> {
        self.lanes.values()
    }

    /// Puts something into a lane; one that is new is the last in the round.
    pub fn put(&mut self, key: u64, put: impl FnOnce(&mut L)) {
        let lane = match self.lanes.entry(key) {
            Entry::Occupied(lane) => lane.into_mut(),
            Entry::Vacant(lane) => {
                self.order.push_back(key);
                lane.insert(L::default())
            }
        };
        put(lane);
    }

    /// Takes something out of a lane before its turn.
    pub fn take<T>(&mut self, key: u64, take: impl FnOnce(&mut L) -> Option<T>) -> Option<T> {
        let lane = self.lanes.get_mut(&key)?;
        let taken = take(lane);
        if lane.is_empty() {
            self.lanes.remove(&key);
            self.order.retain(|other| *other != key);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::{Lane, Rounds};
    use std::collections::VecDeque;

    #[test]
    fn lanes_take_turns_and_who_has_nothing_has_none() {
        let mut rounds: Rounds<VecDeque<char>> = Rounds::default();
        for (key, item) in [(1, 'a'), (1, 'b'), (1, 'c'), (2, 'x'), (3, 'y'), (2, 'z')] {
            rounds.put(key, |lane| lane.push_back(item));
        }
        assert_eq!(rounds.take(3, VecDeque::pop_front), Some('y'));
        assert_eq!(rounds.take(3, VecDeque::pop_front), None);
        let order: String = std::iter::from_fn(|| rounds.pop()).collect();
        assert_eq!(order, "axbzc");
        assert!(rounds.is_empty() && rounds.order.is_empty());
    }
}
