//! The tools in the order of how well they match.

use std::cmp::Ordering;

use super::index::{Index, spaced};
use super::meaning::{Variant, meanings};

/// What a tool's score is multiplied by if it matches none of the query's words, at the least; the
/// rest comes with the share of words that it matches.
const COVERAGE_BASE: f32 = 0.7;
/// What a tool's score grows by if the query has all words of its own name; of some, by their share of what
/// all of them say.
const NAME_SHARE: f32 = 0.2;
/// What a word of a query has to stand for at least for it to count as one of a name.
const NAME_WEIGHT_MIN: f32 = 0.7;
/// Bytes of a query that are read: a wish in words is shorter.
const QUERY_MAX: usize = 4096;
/// What the best tool of a query has at least of what all words of the query say, or no tool fits. Of a
/// query with more words than [`MATCHED_WORDS_MAX`] none has, since most of them are about other things.
const MATCHED_MIN: f32 = 0.15;
const MATCHED_WORDS_MAX: usize = 8;
/// Tools with less than this share of the best one's score match by chance.
const FOUND_MIN: f32 = 0.3;
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
    /// How many tools match about as well.
    pub count: usize,
    /// The queries, by their places, that no tool fits: what they brought shares a word with them and
    /// no more.
    pub unmatched: Vec<usize>,
}

/// What one query brought.
#[derive(Debug, Default)]
struct Ranking {
    /// All tools that match, best first.
    hits: Vec<Hit>,
    /// How many of them are not far behind the best.
    count: usize,
    is_matched: bool,
}

impl Index {
    /// The tools that match, at most `limit` for each query, best first. With several queries the best
    /// of each come first, then the second best of each, and so on. Without a word in any query, all
    /// tools in the order of their names. Only tools that `may` permits are looked at.
    pub fn search(&self, queries: &[&str], limit: usize, may: impl Fn(usize) -> bool) -> Found {
        let permitted: Vec<bool> = (0..self.len()).map(may).collect();
        let begun = queries.iter().map(|query| begin(query)).enumerate();
        let worded: Vec<(usize, &str)> =
            begun.filter(|(_, query)| query.contains(char::is_alphanumeric)).collect();
        if worded.is_empty() {
            let hits = self.alphabetical(&permitted);
            return self.merge(&[Ranking { count: hits.len(), hits, is_matched: true }], limit);
        }
        let mut work = WORK_MAX;
        let rankings: Vec<Ranking> =
            worded.iter().map(|(_, query)| self.rank(query, &permitted, &mut work)).collect();
        let unmatched = worded.iter().zip(&rankings).filter(|(_, ranking)| !ranking.is_matched);
        let unmatched = unmatched.map(|((place, _), _)| *place).collect();
        Found { unmatched, ..self.merge(&rankings, limit) }
    }

    fn alphabetical(&self, permitted: &[bool]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = (0..self.len())
            .filter(|document| permitted[*document])
            .map(|document| Hit { document, score: 0.0 })
            .collect();
        hits.sort_unstable_by_key(|hit| self.places[hit.document]);
        hits
    }

    /// All tools that match one query.
    fn rank(&self, query: &str, permitted: &[bool], work: &mut usize) -> Ranking {
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
        let named = self.named(&meanings);
        for (document, score) in scores.iter_mut().enumerate().filter(|(_, score)| **score > 0.0) {
            let share = f32::from(matches[document]) / f32::from(asked.max(1));
            *score *= COVERAGE_BASE + (1.0 - COVERAGE_BASE) * share;
            *score *= 1.0 + NAME_SHARE * self.name_share(document, &named);
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
        let best = hits.first().copied();
        let is_near = |hit: &&Hit| best.is_some_and(|best| hit.score >= FOUND_MIN * best.score);
        Ranking {
            count: hits.iter().take_while(is_near).count(),
            is_matched: best.is_some_and(|best| self.is_matched(&meanings, best)),
            hits,
        }
    }

    /// Which stems the words of a query stand for, more or less.
    fn named(&self, meanings: &[Vec<Variant>]) -> Vec<bool> {
        let mut named = vec![false; self.is_in_name.len()];
        let near = meanings.iter().flatten().filter(|variant| variant.weight >= NAME_WEIGHT_MIN);
        near.flat_map(|variant| &variant.stems).for_each(|stem| named[*stem] = true);
        named
    }

    /// How much of what the words of a tool's own name say is in the query.
    fn name_share(&self, document: usize, named: &[bool]) -> f32 {
        let (mut all, mut there) = (0.0, 0.0);
        for stem in self.own_stems(document).iter().map(|stem| *stem as usize) {
            let rarity = self.rarity(Some(stem));
            all += rarity;
            there += if named[stem] { rarity } else { 0.0 };
        }
        if all > 0.0 { there / all } else { 0.0 }
    }

    /// Whether a tool has enough of what the words of a query say.
    fn is_matched(&self, meanings: &[Vec<Variant>], best: Hit) -> bool {
        if meanings.len() > MATCHED_WORDS_MAX || best.score >= NAMED {
            return true;
        }
        let has = |stem: &usize| {
            let postings = self.postings(*stem);
            postings.binary_search_by_key(&best.document, |it| it.document as usize).is_ok()
        };
        let (mut all, mut there) = (0.0, 0.0);
        for variants in meanings {
            let own = variants.iter().find(|variant| variant.weight >= 1.0);
            let rarity = self.rarity(own.and_then(|variant| variant.stems.first().copied()));
            let held = variants.iter().filter(|variant| variant.stems.iter().all(has));
            all += rarity;
            there += rarity * held.map(|variant| variant.weight).fold(0.0, f32::max);
        }
        there >= MATCHED_MIN * all
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
    fn merge(&self, rankings: &[Ranking], limit: usize) -> Found {
        let mut is_taken = vec![false; self.len()];
        let mut found = Found::default();
        let limit = limit.saturating_mul(rankings.len());
        let longest = rankings.iter().map(|ranking| ranking.hits.len()).max().unwrap_or(0);
        for rank in 0..longest {
            for ranking in rankings {
                let Some(hit) = ranking.hits.get(rank) else { continue };
                if !std::mem::replace(&mut is_taken[hit.document], true) {
                    found.count += usize::from(rank < ranking.count);
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
