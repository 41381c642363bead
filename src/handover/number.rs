//! The numbers by which rows of calls know the servers that outlive us. A number is on the server's
//! [card](super::card), so the next process of ours knows whose answer a call gets.

use std::collections::BTreeSet;

use crate::base::Lock;

/// The largest: what fits in a row's state beside how far a call has come.
pub const NUMBER_MAX: u32 = (1 << 29) - 1;

static NUMBERS: Lock<Numbers> = Lock::new(Numbers { last: 0, taken: BTreeSet::new() });

struct Numbers {
    last: u32,
    /// Those of servers and calls that an earlier process of ours left.
    taken: BTreeSet<u32>,
}

impl Numbers {
    fn next(&mut self) -> u32 {
        loop {
            self.last = self.last % NUMBER_MAX + 1;
            if !self.taken.contains(&self.last) {
                return self.last;
            }
        }
    }
}

/// A number that no other server of ours has; never 0.
pub fn next() -> u32 {
    NUMBERS.lock().next()
}

/// These numbers are in use already. To be told before the first server starts.
pub fn are_taken(numbers: impl IntoIterator<Item = u32>) {
    NUMBERS.lock().taken.extend(numbers);
}

#[cfg(test)]
mod tests {
    use super::{NUMBER_MAX, Numbers};

    #[test]
    fn none_is_given_twice() {
        let taken = [1, 3, 4, NUMBER_MAX].into();
        let mut numbers = Numbers { last: 0, taken };
        assert_eq!([(); 3].map(|()| numbers.next()), [2, 5, 6]);
        numbers.last = NUMBER_MAX - 1;
        assert_eq!(numbers.next(), 2, "it begins anew, and 0 is none");
    }
}
