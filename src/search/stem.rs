//! English words to their stems, by the rules of Porter2 (snowballstem.org, "The English (Porter2)
//! stemming algorithm").
//!
//! By hand, because the crates there are bring the tables of twenty languages.

/// The stem of a word in lower case. What is no word of plain letters is left as it is.
pub(super) fn stem(word: &str) -> String {
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    let mut stemmer = Stemmer::new(word);
    stemmer.plural();
    if !FINAL_AFTER_PLURAL.contains(&stemmer.text()) {
        stemmer.past_and_gerund();
        stemmer.final_y();
        stemmer.double_suffix();
        stemmer.third();
        stemmer.fourth();
        stemmer.fifth();
    }
    stemmer.text().to_ascii_lowercase()
}

const IRREGULAR: &[(&str, &str)] = &[
    ("skis", "ski"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("idly", "idl"),
    ("gently", "gentl"),
    ("ugly", "ugli"),
    ("early", "earli"),
    ("only", "onli"),
    ("singly", "singl"),
    ("sky", "sky"),
    ("news", "news"),
    ("howe", "howe"),
    ("atlas", "atlas"),
    ("cosmos", "cosmos"),
    ("bias", "bias"),
    ("andes", "andes"),
];

const FINAL_AFTER_PLURAL: &[&str] =
    &["inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"];

/// Endings and what takes their place, longer ones before those they end with.
const SECOND: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("fulness", "ful"),
    ("iveness", "ive"),
    ("ization", "ize"),
    ("ousness", "ous"),
    ("biliti", "ble"),
    ("lessli", "less"),
    ("tional", "tion"),
    ("alism", "al"),
    ("aliti", "al"),
    ("ation", "ate"),
    ("entli", "ent"),
    ("fulli", "ful"),
    ("iviti", "ive"),
    ("ousli", "ous"),
    ("abli", "able"),
    ("alli", "al"),
    ("anci", "ance"),
    ("ator", "ate"),
    ("enci", "ence"),
    ("izer", "ize"),
    ("bli", "ble"),
];

const THIRD: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("alize", "al"),
    ("icate", "ic"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ness", ""),
    ("ful", ""),
];

const FOURTH: &[&str] = &[
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous",
    "ive", "ize", "al", "er", "ic",
];

/// A word and the two regions that the rules speak of. A `y` that is a consonant is written `Y`.
struct Stemmer {
    word: Vec<u8>,
    first: usize,
    second: usize,
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// Where the region begins that follows the first consonant behind a vowel.
fn region(word: &[u8], from: usize) -> usize {
    let pairs = word[from..].windows(2);
    let found = pairs.into_iter().position(|pair| is_vowel(pair[0]) && !is_vowel(pair[1]));
    found.map_or(word.len(), |at| from + at + 2)
}

impl Stemmer {
    fn new(text: &str) -> Self {
        let mut word = text.as_bytes().to_vec();
        for at in 0..word.len() {
            if word[at] == b'y' && (at == 0 || is_vowel(word[at - 1])) {
                word[at] = b'Y';
            }
        }
        let known = ["gener", "commun", "arsen"].iter().find(|start| text.starts_with(**start));
        let first = known.map_or_else(|| region(&word, 0), |start| start.len());
        let second = region(&word, first);
        Self { word, first, second }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.word).unwrap_or_default()
    }

    fn ends(&self, suffix: &str) -> bool {
        self.word.ends_with(suffix.as_bytes())
    }

    /// Where `suffix` begins, if the word ends with it.
    fn at(&self, suffix: &str) -> Option<usize> {
        self.ends(suffix).then(|| self.word.len() - suffix.len())
    }

    fn replace(&mut self, from: usize, with: &str) {
        self.word.truncate(from);
        self.word.extend_from_slice(with.as_bytes());
    }

    fn has_vowel_before(&self, end: usize) -> bool {
        self.word[..end].iter().copied().any(is_vowel)
    }

    /// Whether the letters before `end` end with a short syllable.
    fn is_short_syllable(&self, end: usize) -> bool {
        match self.word[..end] {
            [vowel, other] => is_vowel(vowel) && !is_vowel(other),
            [.., before, vowel, other] => {
                !is_vowel(before)
                    && is_vowel(vowel)
                    && !is_vowel(other)
                    && !matches!(other, b'w' | b'x' | b'Y')
            }
            _ => false,
        }
    }

    fn plural(&mut self) {
        if let Some(at) = self.at("sses") {
            self.replace(at, "ss");
        } else if let Some(at) = self.at("ied").or_else(|| self.at("ies")) {
            self.replace(at, if at > 1 { "i" } else { "ie" });
        } else if self.ends("s")
            && !self.ends("us")
            && !self.ends("ss")
            && self.has_vowel_before(self.word.len().saturating_sub(2))
        {
            self.word.pop();
        }
    }

    fn past_and_gerund(&mut self) {
        if let Some(at) = self.at("eedly").or_else(|| self.at("eed")) {
            if at >= self.first {
                self.replace(at, "ee");
            }
            return;
        }
        let endings = ["ingly", "edly", "ing", "ed"];
        let Some(at) = endings.iter().find_map(|ending| self.at(ending)) else { return };
        if !self.has_vowel_before(at) {
            return;
        }
        self.word.truncate(at);
        if self.ends("at") || self.ends("bl") || self.ends("iz") {
            self.word.push(b'e');
        } else if let [.., a, b] = self.word[..]
            && a == b
            && b"bdfgmnprt".contains(&a)
        {
            self.word.pop();
        } else if self.first >= self.word.len() && self.is_short_syllable(self.word.len()) {
            self.word.push(b'e');
        }
    }

    fn final_y(&mut self) {
        if let [_, .., before, b'y' | b'Y'] = self.word[..]
            && !is_vowel(before)
        {
            self.word.pop();
            self.word.push(b'i');
        }
    }

    fn double_suffix(&mut self) {
        if let Some((ending, with)) = SECOND.iter().find(|(ending, _)| self.ends(ending)) {
            let at = self.word.len() - ending.len();
            if at >= self.first {
                self.replace(at, with);
            }
            return;
        }
        if let Some(at) = self.at("ogi") {
            if at >= self.first && self.word[..at].ends_with(b"l") {
                self.replace(at, "og");
            }
        } else if let Some(at) = self.at("li") {
            let is_valid = at > 0 && b"cdeghkmnrt".contains(&self.word[at - 1]);
            if at >= self.first && is_valid {
                self.word.truncate(at);
            }
        }
    }

    fn third(&mut self) {
        if let Some((ending, with)) = THIRD.iter().find(|(ending, _)| self.ends(ending)) {
            let at = self.word.len() - ending.len();
            if at >= self.first {
                self.replace(at, with);
            }
        } else if let Some(at) = self.at("ative")
            && at >= self.second
        {
            self.word.truncate(at);
        }
    }

    fn fourth(&mut self) {
        if let Some(ending) = FOURTH.iter().find(|ending| self.ends(ending)) {
            let at = self.word.len() - ending.len();
            if at >= self.second {
                self.word.truncate(at);
            }
        } else if let Some(at) = self.at("ion")
            && at >= self.second
            && (self.word[..at].ends_with(b"s") || self.word[..at].ends_with(b"t"))
        {
            self.word.truncate(at);
        }
    }

    fn fifth(&mut self) {
        let at = self.word.len().saturating_sub(1);
        let is_droppable = match self.word.last() {
            Some(b'e') => at >= self.second || (at >= self.first && !self.is_short_syllable(at)),
            Some(b'l') => at >= self.second && self.word[..at].ends_with(b"l"),
            _ => false,
        };
        if is_droppable {
            self.word.truncate(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["create", "creates", "created", "creating"][..],
            &["directory", "directories"],
            &["query", "queries", "queried"],
            &["delete", "deleting", "deleted"],
            &["connect", "connection", "connected"],
            &["commit", "commits", "committed", "committing"],
            &["message", "messages", "messaging"],
            &["run", "running", "runs"],
        ] {
            assert!(forms.iter().all(|form| stem(form) == stem(forms[0])), "{forms:?}");
        }
        assert_ne!(stem("university"), stem("universe_x"));
    }

    #[test]
    fn the_rules_give_what_they_say() {
        for (word, expected) in [
            ("consistency", "consist"),
            ("generalization", "general"),
            ("communities", "communiti"),
            ("hopping", "hop"),
            ("hoping", "hope"),
            ("ties", "tie"),
            ("cries", "cri"),
            ("gas", "gas"),
            ("gaps", "gap"),
            ("succeed", "succeed"),
            ("agreed", "agre"),
            ("enjoying", "enjoy"),
            ("saying", "say"),
            ("by", "by"),
            ("news", "news"),
            ("s3", "s3"),
            ("größe", "größe"),
        ] {
            assert_eq!(stem(word), expected, "{word}");
        }
    }
}
