//! A sorted list of words in one piece of memory.

use std::ops::Range;

/// Words, each once, in order of their bytes.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    text: String,
    /// Where each word ends in `text`.
    ends: Vec<u32>,
}

impl Lexicon {
    /// `words` must be sorted, without repetitions.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut lexicon = Self::default();
        for word in words {
            lexicon.text.push_str(word);
            lexicon.ends.push(u32::try_from(lexicon.text.len()).unwrap_or(u32::MAX));
        }
        lexicon.text.shrink_to_fit();
        lexicon.ends.shrink_to_fit();
        lexicon
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn word(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.text[start..self.ends[at] as usize]
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.word(at))
    }

    pub(super) fn find(&self, word: &str) -> Option<usize> {
        let at = self.first_from(word);
        (at < self.len() && self.word(at) == word).then_some(at)
    }

    /// The first `max` words that begin with `start`.
    pub(super) fn beginning_with(&self, start: &str, max: usize) -> Range<usize> {
        let first = self.first_from(start);
        let all = (first..self.len()).take_while(|at| self.word(*at).starts_with(start));
        first..first + all.take(max).count()
    }

    fn first_from(&self, word: &str) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.word(middle) < word {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Bytes on the heap.
    pub(super) fn memory(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::Lexicon;

    #[test]
    fn words_are_found_whole_and_by_their_beginning() {
        let lexicon = Lexicon::new(["", "repo", "report", "repository", "zoo"].into_iter());
        assert_eq!(lexicon.find("report"), Some(2));
        assert_eq!(lexicon.find("rep"), None);
        assert_eq!(lexicon.beginning_with("repo", 9), 1..4);
        assert_eq!(lexicon.beginning_with("repo", 2), 1..3);
        assert_eq!(lexicon.beginning_with("zz", 9), 5..5);
        assert_eq!(lexicon.words().count(), 5);
        assert_eq!(Lexicon::new([].into_iter()).find("a"), None);
    }
}
