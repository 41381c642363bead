//! What was probably meant by a name that nothing has.
//!
//! Whoever asks chooses the name, and servers choose thousands of those it is compared with. So most are told
//! apart at a glance, and no more than a few are really compared.

/// A longer name is no slip.
pub const NAME_MAX: usize = 80;
/// Names that are looked at.
const LOOKED_AT_MAX: usize = 500;
/// Names that are compared letter by letter.
const COMPARED_MAX: usize = 64;
/// Slips: letters that are added, left out, replaced, or swapped with the next.
const SLIPS_MAX: usize = 3;

/// The first of the candidates that differ least from `name`, if one differs by a few slips. Of many
/// candidates the first ones are looked at.
pub fn nearest<'n, T>(name: &str, candidates: impl Iterator<Item = (&'n str, T)>) -> Option<T> {
    if name.len() > NAME_MAX {
        return None;
    }
    let max = SLIPS_MAX.min(name.chars().count() / 2);
    let letters = Letters::of(name);
    let may_be = |(candidate, _): &(&str, T)| letters.may_be(candidate, max);
    let near = candidates.take(LOOKED_AT_MAX).filter(may_be);
    let distance = |(candidate, what)| (strsim::osa_distance(name, candidate), what);
    let (slips, best) = near.take(COMPARED_MAX).map(distance).min_by_key(|(slips, _)| *slips)?;
    (slips <= max).then_some(best)
}

/// How often each letter is in a name, about.
struct Letters {
    counts: [i16; 32],
    len: usize,
    is_ascii: bool,
}

impl Letters {
    fn of(name: &str) -> Self {
        let mut counts = [0; 32];
        name.bytes().for_each(|byte| counts[usize::from(byte % 32)] += 1);
        Self { counts, len: name.len(), is_ascii: name.is_ascii() }
    }

    /// Whether so many slips may make `other` of the name. Each takes away a character, adds one, or
    /// both; a swap does neither.
    fn may_be(&self, other: &str, slips: usize) -> bool {
        let width = if self.is_ascii && other.is_ascii() { 1 } else { 4 };
        if other.len().abs_diff(self.len) > width * slips {
            return false;
        }
        let mut counts = self.counts;
        other.bytes().for_each(|byte| counts[usize::from(byte % 32)] -= 1);
        let differing: usize = counts.iter().map(|count| usize::from(count.unsigned_abs())).sum();
        differing <= 2 * width * slips
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPARED_MAX, LOOKED_AT_MAX, Letters, nearest};
    use proptest::prelude::*;
    use std::cell::Cell;

    fn of<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
        nearest(name, names.iter().map(|name| (*name, *name)))
    }

    #[test]
    fn a_slip_is_seen_and_more_is_another_name() {
        let names = ["git__status", "git__log", "größe", "a"];
        for (name, expected) in [
            ("git__statsu", Some("git__status")),
            ("git_log", Some("git__log")),
            ("gitlogs", Some("git__log")),
            ("grosse", Some("größe")),
            ("git__stats_now", None),
            ("entirely_different", None),
            ("b", None),
            ("", None),
        ] {
            assert_eq!(of(name, &names), expected, "{name}");
        }
    }

    #[test]
    fn the_work_has_a_bound_whoever_chose_the_names() {
        let looked_at = Cell::new(0);
        let long = "n".repeat(50);
        let all = std::iter::repeat_with(|| {
            looked_at.set(looked_at.get() + 1);
            (long.as_str(), ())
        });
        assert_eq!(nearest(&format!("{long}xxxx"), all), None);
        assert_eq!(looked_at.take(), LOOKED_AT_MAX);
        let all = std::iter::repeat_with(|| {
            looked_at.set(looked_at.get() + 1);
            (long.as_str(), ())
        });
        assert_eq!(nearest(&format!("{long}x"), all), Some(()));
        assert_eq!(looked_at.take(), COMPARED_MAX);
        let never = std::iter::once_with(|| -> (&str, ()) { panic!("a long name is no slip") });
        assert_eq!(nearest(&"n".repeat(4_000_000), never), None);
    }

    proptest! {
        /// What a glance tells apart is really apart.
        #[test]
        fn no_near_name_is_overlooked(a in "[a-c_ü]{0,8}", b in "[a-c_ü]{0,8}", slips in 0_usize..4) {
            if strsim::osa_distance(&a, &b) <= slips {
                prop_assert!(Letters::of(&a).may_be(&b, slips));
            }
        }
    }
}
