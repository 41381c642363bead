//! Which words of the index the words of a query stand for.
//!
//! A word first means itself. Other words come in with less weight, the less the more the word
//! itself is at home in the index: so "remove" finds `delete_file`, and does not drown `remove_label`.

use super::index::Index;
use super::stem::stem;
use super::thesaurus;
use super::words::{chunks, is_stop_word, parts};

/// Words of one query that are looked at, without those that say nothing: those of a whole task.
const QUERY_WORDS_MAX: usize = 256;
/// A query of more words is language, where a word that no tool knows is the name of something and no
/// slip of the hand.
const SHORT_QUERY_MAX: usize = 8;
/// Words that one beginning may stand for.
const COMPLETIONS_MAX: usize = 16;
/// Letters below which a word is not corrected.
const TYPO_LEN_MIN: usize = 5;
const PREFIX_LEN_MIN: usize = 3;

/// What is written together in the index and apart in the query, or the other way round.
const JOINED: f32 = 0.7;
const COMPLETED: f32 = 0.7;
const CORRECTED: f32 = 0.7;

/// What another word of the thesaurus counts, by how much at home the word itself is.
#[derive(Debug, Clone, Copy)]
struct Gate {
    /// It is nowhere.
    absent: f32,
    /// It is in no tool's name.
    aside: f32,
    /// It is in a tool's name.
    present: f32,
}

const GATE: Gate = Gate { absent: 0.6, aside: 0.4, present: 0.2 };

/// Stems that together stand for a word of the query, and how much they count.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variant {
    pub(super) stems: Vec<usize>,
    pub(super) weight: f32,
}

/// A word of a query.
#[derive(Debug)]
struct Word {
    text: String,
    stem: String,
}

/// What each word of a query may stand for; the best one counts. Words that say nothing are left
/// out, and so are numbers, and single letters that are in no tool's name.
pub(super) fn meanings(index: &Index, query: &str) -> Vec<Vec<Variant>> {
    let words = query_words(index, query);
    let is_named =
        |word: &Word| index.stems.find(&word.stem).is_some_and(|at| index.is_in_name[at]);
    let says_something = |word: &Word| {
        let is_letter = word.text.len() == 1;
        let is_number = word.text.bytes().all(|byte| byte.is_ascii_digit());
        !is_stop_word(&word.text) && !is_number && (!is_letter || is_named(word))
    };
    let mut chosen: Vec<usize> =
        (0..words.len()).filter(|at| says_something(&words[*at])).collect();
    if chosen.is_empty() {
        chosen = (0..words.len()).filter(|at| is_named(&words[*at])).collect();
    }
    let is_first = |at: &usize| words[..*at].iter().all(|word| word.stem != words[*at].stem);
    chosen.retain(is_first);
    chosen.truncate(QUERY_WORDS_MAX);
    let is_short = chosen.len() <= SHORT_QUERY_MAX;
    chosen.into_iter().map(|at| variants(index, &words, at, is_short)).collect()
}

fn query_words(index: &Index, query: &str) -> Vec<Word> {
    let mut out = Vec::new();
    for chunk in chunks(query) {
        let whole = chunk.to_lowercase();
        let parts = parts(chunk);
        let is_whole = parts.len() == 1 || index.forms.find(&whole).is_some();
        let texts =
            if is_whole { vec![whole] } else { parts.into_iter().map(str::to_lowercase).collect() };
        out.extend(texts.into_iter().map(|text| Word { stem: stem(&text), text }));
    }
    out
}

fn variants(index: &Index, words: &[Word], at: usize, is_short: bool) -> Vec<Variant> {
    let mut variants = Variants::default();
    let word = &words[at];
    let direct = index.stems.find(&word.stem);
    if let Some(stem) = direct {
        variants.add(vec![stem], 1.0);
    }
    for pair in [at.checked_sub(1).map(|before| before..at + 1), Some(at..at + 2)] {
        let Some([a, b]) = pair.and_then(|pair| words.get(pair)) else { continue };
        if let Some(form) = index.forms.find(&format!("{}{}", a.text, b.text)) {
            variants.add(vec![index.stem_of[form] as usize], JOINED);
        }
    }
    if direct.is_none() {
        apart(index, &word.text, &mut variants);
    }
    if direct.is_none() && is_short {
        complete(index, &word.text, &mut variants);
    }
    let weight = match direct {
        None => GATE.absent,
        Some(stem) if !index.is_in_name[stem] => GATE.aside,
        Some(_) => GATE.present,
    };
    let is_known = !index.is_literal && consult(index, words, at, weight, &mut variants);
    if direct.is_none() && !is_known && variants.0.is_empty() && is_short {
        correct(index, word, &mut variants);
    }
    variants.0
}

#[derive(Default)]
struct Variants(Vec<Variant>);

impl Variants {
    fn add(&mut self, stems: Vec<usize>, weight: f32) {
        match self.0.iter_mut().find(|variant| variant.stems == stems) {
            Some(variant) => variant.weight = variant.weight.max(weight),
            None => self.0.push(Variant { stems, weight }),
        }
    }

    /// Adds a phrase, if each of its words is in the index.
    fn add_phrase(&mut self, index: &Index, phrase: &[String], weight: f32) {
        let stems: Option<Vec<usize>> = phrase.iter().map(|stem| index.stems.find(stem)).collect();
        if let Some(stems) = stems {
            self.add(stems, weight);
        }
    }
}

/// The word as two words of the index.
fn apart(index: &Index, word: &str, variants: &mut Variants) {
    let cuts = word.char_indices().map(|(at, _)| at);
    for cut in cuts.filter(|at| *at >= 3 && word.len() - at >= 3) {
        let (a, b) = word.split_at(cut);
        if let (Some(a), Some(b)) = (index.forms.find(a), index.forms.find(b)) {
            let stems = vec![index.stem_of[a] as usize, index.stem_of[b] as usize];
            variants.add(stems, JOINED);
        }
    }
}

/// The words of the index that begin with the word.
fn complete(index: &Index, word: &str, variants: &mut Variants) {
    if word.chars().count() < PREFIX_LEN_MIN {
        return;
    }
    for form in index.forms.beginning_with(word, COMPLETIONS_MAX) {
        variants.add(vec![index.stem_of[form] as usize], COMPLETED);
    }
}

/// What the thesaurus has for the word, and for phrases of the query that it belongs to. Says
/// whether it knows the word.
fn consult(index: &Index, words: &[Word], at: usize, weight: f32, to: &mut Variants) -> bool {
    let mut is_known = false;
    for len in 1..=thesaurus::PHRASE_MAX.min(words.len()) {
        let first = (at + 1).saturating_sub(len);
        for start in first..=at.min(words.len() - len) {
            let stems: Vec<String> =
                words[start..start + len].iter().map(|word| word.stem.clone()).collect();
            for phrase in thesaurus::others(&stems) {
                is_known = true;
                // A phrase of several words seldom means what its words mean.
                let weight = if len > 1 { GATE.absent } else { weight };
                to.add_phrase(index, phrase, weight);
            }
        }
    }
    is_known
}

/// Words of the index, or else of the thesaurus, that differ in one letter.
fn correct(index: &Index, word: &Word, variants: &mut Variants) {
    if word.text.chars().count() < TYPO_LEN_MIN {
        return;
    }
    for (form, text) in index.forms.words().enumerate() {
        if is_one_edit(&word.text, text) {
            variants.add(vec![index.stem_of[form] as usize], CORRECTED);
        }
    }
    if variants.0.is_empty() && !index.is_literal {
        for known in thesaurus::words().filter(|known| is_one_edit(&word.stem, known)) {
            for phrase in thesaurus::others(&[known.to_owned()]) {
                variants.add_phrase(index, phrase, CORRECTED * GATE.absent);
            }
        }
    }
}

/// Whether one letter that is added, left out, replaced or swapped with the next makes `b` of `a`.
fn is_one_edit(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 1 || a == b {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    match (a, b) {
        ([], [_]) | ([_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_one_edit;

    #[test]
    fn one_edit_is_one() {
        for (a, b) in [
            ("issue", "isue"),
            ("issue", "issuee"),
            ("issue", "issua"),
            ("issue", "isseu"),
            ("issue", "xissue"),
        ] {
            assert!(is_one_edit(a, b) && is_one_edit(b, a), "{a} {b}");
        }
        for (a, b) in [("issue", "issue"), ("issue", "iseus"), ("issue", "is"), ("abcd", "badc")] {
            assert!(!is_one_edit(a, b), "{a} {b}");
        }
    }
}
