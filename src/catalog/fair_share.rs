//! How what there is room for is shared out fairly.

/// How much each may have at the most, so that all together have no more than `max`.
pub fn share(mut wanted: Vec<usize>, max: usize) -> usize {
    wanted.sort_unstable();
    let (mut left, mut others) = (max, wanted.len());
    for size in wanted {
        let share = left / others;
        if size > share {
            return share;
        }
        (left, others) = (left - size, others - 1);
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn who_wants_little_has_it_and_the_others_share_the_rest() {
        for (wanted, expected) in [
            (vec![], usize::MAX),
            (vec![50, 50], usize::MAX),
            (vec![101], 100),
            (vec![10, 500, 30, 500], 30),
            (vec![10, 500, 10, 500], 40),
            (vec![500; 4], 25),
        ] {
            assert_eq!(share(wanted.clone(), 100), expected, "{wanted:?}");
        }
    }
}
