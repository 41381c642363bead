//! What is known about all tools, ready to be searched.

use std::collections::HashMap;

use super::Document;
use super::lexicon::Lexicon;
use super::stem::stem;
use super::text::{FIELDS, Field, own_name, take_apart};
use super::words::{Style, words};

/// How much a word counts by its field, and how much the field's length takes away from that, in
/// the order of [`Field`].
const FIELD: [(f32, f32); FIELDS] = [
    (3.0, 0.5),
    (1.0, 0.0),
    (3.0, 0.5),
    (1.5, 0.5),
    (1.5, 0.8),
    (1.5, 0.6),
    (0.5, 0.8),
    (0.8, 0.6),
];

/// Words of one field of a tool that are looked at. Whoever writes more is found by those.
const WORDS_MAX: u32 = 300;

/// Words of all tools that are noted, those of names apart, and how many different ones: what 10,000 tools
/// of the usual size have.
const OCCURRENCES_MAX: usize = 1_500_000;
const FORMS_MAX: usize = 100_000;

/// How soon more occurrences of a word stop to count.
const SATURATION: f32 = 2.5;

/// One word in one tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    pub(super) document: u32,
    /// What the word adds to the tool's score.
    pub(super) score: f32,
}

/// The words of all tools. A tool is known by its place among the documents that the index was built
/// of.
#[derive(Debug, Default)]
pub struct Index {
    /// The tools' names as words with spaces between, and where their own begin.
    pub(super) names: Vec<(Box<str>, u32)>,
    /// Each tool's place in the order of the shown names.
    pub(super) places: Vec<u32>,
    pub(super) stems: Lexicon,
    /// Where each stem's postings begin; one more than there are stems.
    starts: Vec<u32>,
    postings: Vec<Posting>,
    /// Which stems stand in the name of some tool.
    pub(super) is_in_name: Vec<bool>,
    /// The stems of each tool's own name, and where each tool's begin; one more than there are tools.
    own_stems: Vec<u32>,
    own_starts: Vec<u32>,
    /// Words as they are written, and the stem of each.
    pub(super) forms: Lexicon,
    pub(super) stem_of: Vec<u32>,
    pub(super) is_literal: bool,
}

impl Index {
    /// An index of these tools.
    pub fn build<'a>(documents: impl IntoIterator<Item = Document<'a>>) -> Self {
        let mut builder = Builder::default();
        for document in documents {
            builder.add(&document);
        }
        builder.finish()
    }

    /// The same, with words that mean what they are only.
    #[must_use]
    pub fn without_thesaurus(self) -> Self {
        Self { is_literal: true, ..self }
    }

    /// How many tools there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn postings(&self, stem: usize) -> &[Posting] {
        &self.postings[self.starts[stem] as usize..self.starts[stem + 1] as usize]
    }

    /// The stems of a tool's own name.
    pub(super) fn own_stems(&self, document: usize) -> &[u32] {
        let range = self.own_starts[document] as usize..self.own_starts[document + 1] as usize;
        &self.own_stems[range]
    }

    /// What a word with this stem says of a tool that has it; `None`: of no tool.
    pub(super) fn rarity(&self, stem: Option<usize>) -> f32 {
        rarity(stem.map_or(0, |stem| self.postings(stem).len()), self.len())
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        let names: usize = self.names.iter().map(|(name, _)| name.len()).sum();
        let each = size_of::<(Box<str>, u32)>() + size_of::<u32>();
        names
            + self.names.capacity() * each
            + self.stems.memory()
            + self.forms.memory()
            + (self.starts.capacity() + self.stem_of.capacity()) * size_of::<u32>()
            + (self.own_stems.capacity() + self.own_starts.capacity()) * size_of::<u32>()
            + self.postings.capacity() * size_of::<Posting>()
            + self.is_in_name.capacity()
    }
}

/// The words of a name, with spaces between.
pub(super) fn spaced(name: &str) -> String {
    let mut out = String::new();
    words(name, Style::Name, |word| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    });
    out
}

/// Stem, document and field.
type Occurrence = (u32, u32, u8);

#[derive(Default)]
struct Builder {
    shown: Vec<String>,
    names: Vec<(Box<str>, u32)>,
    /// Words as they are written, with the numbers of their stems.
    forms: HashMap<Box<str>, u32>,
    stems: HashMap<Box<str>, u32>,
    /// Every word of every tool, tool by tool.
    occurrences: Vec<Occurrence>,
    lengths: Vec<[u32; FIELDS]>,
}

impl Builder {
    fn add(&mut self, document: &Document<'_>) {
        let number = u32::try_from(self.shown.len()).unwrap_or(u32::MAX);
        self.shown.push(document.name.to_owned());
        let (whole, own) =
            (spaced(document.name), spaced(own_name(document.name, document.server)));
        let own_at = if whole.ends_with(&own) { whole.len() - own.len() } else { 0 };
        self.names.push((whole.into(), u32::try_from(own_at).unwrap_or(0)));
        let mut lengths = [0; FIELDS];
        let (forms, stems, occurrences) = (&mut self.forms, &mut self.stems, &mut self.occurrences);
        take_apart(document, |field, word| {
            let is_full = occurrences.len() >= OCCURRENCES_MAX && field != Field::Name;
            if is_full || lengths[field as usize] == WORDS_MAX {
                return;
            }
            let known = forms.get(word).copied();
            if known.is_none() && forms.len() >= FORMS_MAX {
                return;
            }
            lengths[field as usize] += 1;
            let stem = known.unwrap_or_else(|| {
                let next = u32::try_from(stems.len()).unwrap_or(u32::MAX);
                let number = *stems.entry(stem(word).into()).or_insert(next);
                forms.insert(word.into(), number);
                number
            });
            occurrences.push((stem, number, field as u8));
        });
        self.lengths.push(lengths);
    }

    fn finish(mut self) -> Index {
        let (stems, new_number) = sorted(std::mem::take(&mut self.stems));
        let mut forms: Vec<(Box<str>, u32)> = std::mem::take(&mut self.forms).into_iter().collect();
        forms.sort_unstable();
        for occurrence in &mut self.occurrences {
            occurrence.0 = new_number[occurrence.0 as usize];
        }
        self.occurrences = by_stem(&self.occurrences, stems.len());
        let mut is_in_name = vec![false; stems.len()];
        let mut of_names: Vec<(u32, u32)> = Vec::new();
        for (stem, document, _) in self.occurrences.iter().filter(|it| it.2 == Field::Name as u8) {
            is_in_name[*stem as usize] = true;
            of_names.push((*document, *stem));
        }
        let (own_stems, own_starts) = own_stems(of_names, self.shown.len());
        let (starts, postings) = self.postings(stems.len());
        let mut by_name: Vec<usize> = (0..self.shown.len()).collect();
        by_name.sort_by(|a, b| self.shown[*a].cmp(&self.shown[*b]));
        let mut places = vec![0; by_name.len()];
        for (place, document) in by_name.into_iter().enumerate() {
            places[document] = u32::try_from(place).unwrap_or(u32::MAX);
        }
        Index {
            names: self.names,
            places,
            stems,
            starts,
            postings,
            is_in_name,
            own_stems,
            own_starts,
            stem_of: forms.iter().map(|(_, stem)| new_number[*stem as usize]).collect(),
            forms: Lexicon::new(forms.iter().map(|(word, _)| &**word)),
            is_literal: false,
        }
    }

    /// The postings of all stems behind each other, and where each one's begin.
    fn postings(&self, stems: usize) -> (Vec<u32>, Vec<Posting>) {
        let averages = averages(&self.lengths);
        let mut starts = Vec::with_capacity(stems + 1);
        let mut postings: Vec<Posting> = Vec::new();
        for of_stem in self.occurrences.chunk_by(|a, b| a.0 == b.0) {
            starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
            let begin = postings.len();
            for of_document in of_stem.chunk_by(|a, b| a.1 == b.1) {
                let document = of_document[0].1;
                let lengths = &self.lengths[document as usize];
                let frequency: f32 = of_document
                    .iter()
                    .map(|(_, _, field)| {
                        let field = usize::from(*field);
                        let (weight, slope) = FIELD[field];
                        let length = float(lengths[field]) / averages[field];
                        weight / (1.0 - slope + slope * length)
                    })
                    .sum();
                let score = frequency * (SATURATION + 1.0) / (SATURATION + frequency);
                postings.push(Posting { document, score });
            }
            let rarity = rarity(postings.len() - begin, self.shown.len());
            postings[begin..].iter_mut().for_each(|posting| posting.score *= rarity);
        }
        starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
        postings.shrink_to_fit();
        (starts, postings)
    }
}

/// The occurrences stem by stem, those of one stem in the order in which they came: a counting sort,
/// since there are many more of them than stems.
fn by_stem(occurrences: &[Occurrence], stems: usize) -> Vec<Occurrence> {
    let mut next = vec![0; stems];
    for (stem, ..) in occurrences {
        next[*stem as usize] += 1;
    }
    let mut begin = 0;
    for next in &mut next {
        begin += std::mem::replace(next, begin);
    }
    let mut out = vec![(0, 0, 0); occurrences.len()];
    for occurrence in occurrences {
        let place: &mut usize = &mut next[occurrence.0 as usize];
        out[*place] = *occurrence;
        *place += 1;
    }
    out
}

/// The stems of all names behind each other, each once in a name, and where each tool's begin.
fn own_stems(mut of_names: Vec<(u32, u32)>, tools: usize) -> (Vec<u32>, Vec<u32>) {
    of_names.sort_unstable();
    of_names.dedup();
    let mut starts = vec![0; tools + 1];
    for (document, _) in &of_names {
        starts[*document as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    (of_names.into_iter().map(|(_, stem)| stem).collect(), starts)
}

/// The stems in order, and the new number of each.
fn sorted(stems: HashMap<Box<str>, u32>) -> (Lexicon, Vec<u32>) {
    let mut stems: Vec<(Box<str>, u32)> = stems.into_iter().collect();
    stems.sort_unstable();
    let mut new_number = vec![0; stems.len()];
    for (new, (_, old)) in stems.iter().enumerate() {
        new_number[*old as usize] = u32::try_from(new).unwrap_or(u32::MAX);
    }
    (Lexicon::new(stems.iter().map(|(stem, _)| &**stem)), new_number)
}

/// How long each field is where it is there at all.
fn averages(lengths: &[[u32; FIELDS]]) -> [f32; FIELDS] {
    std::array::from_fn(|field| {
        let there = lengths.iter().map(|lengths| lengths[field]).filter(|length| *length > 0);
        let (sum, count) = there.fold((0, 0), |(sum, count), length| (sum + length, count + 1));
        float(sum.max(1)) / float(count.max(1))
    })
}

/// How much a word says that `count` of `all` tools have.
fn rarity(count: usize, all: usize) -> f32 {
    let (count, all) = (float(count), float(all));
    ((all - count + 0.5) / (count + 0.5)).ln_1p()
}

#[expect(clippy::cast_precision_loss, reason = "scores are estimates")]
pub(super) fn float(number: impl TryInto<u32>) -> f32 {
    number.try_into().unwrap_or(u32::MAX) as f32
}
