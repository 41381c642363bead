//! The tools in the order of how well they match.

use std::cmp::Ordering;

use super::index::{Index, spaced};
use super::meaning::{Variant, meanings};

/// What a tool's score is multiplied by if it matches none of the query's words, at the least; the
/// rest comes with the share of words that it matches.
const COVERAGE_BASE: f32 = 0.5;
/// Bytes of a query that are read: a wish in words is shorter.
const QUERY_MAX: usize = 1000;
/// Occurrences of words that are looked at for one search. Whoever asks for more has asked for
/// nothing in particular.
const WORK_MAX: usize = 2_000_000;
/// What is added if the query is the tool's name.
const NAMED: f32 = 1000.0;

/// A tool that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its place among the documents of the index.
    pub document: usize,
    /// How well it matches; comparable within one query only.
    pub score: f32,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The best tools, each once.
    pub hits: Vec<Hit>,
    /// How many tools match at all.
    pub count: usize,
}

impl Index {
    /// The tools that match, at most `limit`, best first. With several queries the best of each come
    /// first, then the second best of each, and so on. Without a word in any query, all tools in the
    /// order of their names. Only tools that `may` permits are looked at.
    pub fn search(&self, queries: &[&str], limit: usize, may: impl Fn(usize) -> bool) -> Found {
        let permitted: Vec<bool> = (0..self.len()).map(may).collect();
        let begun = queries.iter().map(|query| begin(query));
        let worded: Vec<&str> =
            begun.filter(|query| query.contains(char::is_alphanumeric)).collect();
        let mut work = WORK_MAX;
        let rankings: Vec<Vec<Hit>> = match worded[..] {
            [] => vec![self.alphabetical(&permitted)],
            _ => worded.into_iter().map(|query| self.rank(query, &permitted, &mut work)).collect(),
        };
        self.merge(&rankings, limit)
    }

    fn alphabetical(&self, permitted: &[bool]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = (0..self.len())
            .filter(|document| permitted[*document])
            .map(|document| Hit { document, score: 0.0 })
            .collect();
        hits.sort_unstable_by_key(|hit| self.places[hit.document]);
        hits
    }

    /// All tools that match one query, best first.
    fn rank(&self, query: &str, permitted: &[bool], work: &mut usize) -> Vec<Hit> {
        let meanings = meanings(self, query);
        let mut scores = vec![0.0_f32; self.len()];
        let mut matches = vec![0_u8; self.len()];
        let mut one = vec![0.0_f32; self.len()];
        let mut asked = 0_u8;
        for variants in meanings.iter().filter(|variants| !variants.is_empty()) {
            asked = asked.saturating_add(1);
            one.fill(0.0);
            for variant in variants {
                let cost = variant.stems.first().map_or(0, |stem| self.postings(*stem).len());
                if cost <= *work {
                    *work -= cost;
                    self.apply(variant, &mut one);
                }
            }
            for (document, score) in one.iter().enumerate().filter(|(_, score)| **score > 0.0) {
                scores[document] += score;
                matches[document] = matches[document].saturating_add(1);
            }
        }
        for (score, matches) in scores.iter_mut().zip(matches) {
            let share = f32::from(matches) / f32::from(asked.max(1));
            *score *= COVERAGE_BASE + (1.0 - COVERAGE_BASE) * share;
        }
        let name = spaced(query);
        for (score, (whole, own_at)) in scores.iter_mut().zip(&self.names) {
            let is_named = **whole == *name || whole[*own_at as usize..] == *name;
            if is_named && !name.is_empty() {
                *score += NAMED;
            }
        }
        let mut hits: Vec<Hit> = scores
            .into_iter()
            .enumerate()
            .filter(|(document, score)| *score > 0.0 && permitted[*document])
            .map(|(document, score)| Hit { document, score })
            .collect();
        hits.sort_unstable_by(|a, b| self.compare(*a, *b));
        hits
    }

    /// Better ones first, then by name.
    fn compare(&self, a: Hit, b: Hit) -> Ordering {
        let places = self.places[a.document].cmp(&self.places[b.document]);
        b.score.total_cmp(&a.score).then(places)
    }

    /// Raises each tool to what `variant` gives it, if that is more.
    fn apply(&self, variant: &Variant, one: &mut [f32]) {
        if let [stem] = variant.stems[..] {
            for posting in self.postings(stem) {
                let score = &mut one[posting.document as usize];
                *score = score.max(variant.weight * posting.score);
            }
            return;
        }
        // Of a phrase, only tools that have all of it count, each word in its part.
        let [first, rest @ ..] = &variant.stems[..] else { return };
        let part = variant.weight / super::index::float(variant.stems.len());
        for posting in self.postings(*first) {
            let others = rest.iter().map(|stem| {
                let postings = self.postings(*stem);
                let at = postings.binary_search_by_key(&posting.document, |p| p.document);
                at.ok().map(|at| postings[at].score)
            });
            if let Some(others) = others.sum::<Option<f32>>() {
                let score = &mut one[posting.document as usize];
                *score = score.max(part * (posting.score + others));
            }
        }
    }

    /// Takes from each ranking in turn, each tool where it comes first.
    fn merge(&self, rankings: &[Vec<Hit>], limit: usize) -> Found {
        let mut is_taken = vec![false; self.len()];
        let mut found = Found::default();
        let longest = rankings.iter().map(Vec::len).max().unwrap_or(0);
        for rank in 0..longest {
            for hit in rankings.iter().filter_map(|ranking| ranking.get(rank)) {
                if !std::mem::replace(&mut is_taken[hit.document], true) {
                    found.count += 1;
                    if found.hits.len() < limit {
                        found.hits.push(*hit);
                    }
                }
            }
        }
        found
    }
}

/// As much of a query as is read.
fn begin(query: &str) -> &str {
    let mut end = QUERY_MAX.min(query.len());
    while !query.is_char_boundary(end) {
        end -= 1;
    }
    &query[..end]
}

#[cfg(test)]
mod tests;
