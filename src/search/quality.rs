//! How good rankings are, measured against what people judged.

/// Where recall is measured.
pub const CUTS: [usize; 4] = [1, 3, 5, 10];
/// Where the discounted gain is cut off.
const GAIN_CUT: usize = 10;

/// The measures of one query, or their means over many. Each is between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// The share of the relevant tools that are among the first, for each of [`CUTS`].
    pub recall: [f64; CUTS.len()],
    /// One divided by the rank of the first relevant tool (MRR, when it is a mean).
    pub reciprocal_rank: f64,
    /// The discounted cumulative gain of the first ten, as a share of the best possible one. A tool
    /// of relevance r gains 2^r - 1.
    pub ndcg: f64,
}

impl Quality {
    /// Of one query: the tools as ranked, and the relevance of those that were judged. A relevance
    /// of 0 means that a tool is wrong, as does none.
    pub fn of<T: PartialEq>(ranked: &[T], judged: &[(T, u32)]) -> Self {
        let relevance = |tool: &T| {
            judged.iter().find(|(other, _)| other == tool).map_or(0, |(_, relevance)| *relevance)
        };
        let ranked: Vec<u32> = ranked.iter().map(relevance).collect();
        let mut best: Vec<u32> = judged.iter().map(|(_, relevance)| *relevance).collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        let relevant = best.iter().filter(|relevance| **relevance > 0).count();
        let recall = CUTS.map(|cut| {
            let found = ranked.iter().take(cut).filter(|relevance| **relevance > 0).count();
            share(found, relevant)
        });
        let first = ranked.iter().position(|relevance| *relevance > 0);
        let (gain, ideal) = (gain(&ranked), gain(&best));
        Self {
            recall,
            reciprocal_rank: first.map_or(0.0, |at| share(1, at + 1)),
            ndcg: if ideal > 0.0 { gain / ideal } else { 0.0 },
        }
    }

    /// The means of many.
    pub fn mean(all: &[Self]) -> Self {
        let mean =
            |of: &dyn Fn(&Self) -> f64| all.iter().map(of).sum::<f64>() * share(1, all.len());
        Self {
            recall: std::array::from_fn(|cut| mean(&|one| one.recall[cut])),
            reciprocal_rank: mean(&|one| one.reciprocal_rank),
            ndcg: mean(&|one| one.ndcg),
        }
    }
}

fn gain(ranked: &[u32]) -> f64 {
    let gains = ranked.iter().take(GAIN_CUT).zip(2_u32..);
    gains.map(|(r, rank)| (f64::from(*r).exp2() - 1.0) / f64::from(rank).log2()).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts of tools are small")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::Quality;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_measures_are_those_of_the_books() {
        let quality = Quality::of(&["x", "a", "y", "b"], &[("a", 2), ("b", 1), ("x", 0)]);
        assert!(quality.recall.iter().zip([0.0, 0.5, 1.0, 1.0]).all(|(a, b)| near(*a, b)));
        assert!(near(quality.reciprocal_rank, 0.5));
        let (got, best) = (3.0 / 3_f64.log2() + 1.0 / 5_f64.log2(), 3.0 + 1.0 / 3_f64.log2());
        assert!(near(quality.ndcg, got / best));
        let none = Quality::of(&["x"], &[("a", 2)]);
        assert_eq!(none, Quality::default());
        let perfect = Quality::of(&["a"], &[("a", 1)]);
        let mean = Quality::mean(&[none, perfect]);
        assert!(near(mean.ndcg, 0.5) && near(mean.recall[0], 0.5));
        assert_eq!(Quality::mean(&[]), Quality::default());
    }
}
