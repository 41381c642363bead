//! A text to words: where it is split, which words say nothing.

/// Letters that a word keeps at most. What is longer is data, not language.
const WORD_MAX: usize = 40;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `createIssue`, `base64_decode`: every part is a word.
    Name,
    /// Sentences: a name with a small first letter (`createIssue`) is taken apart there too, but
    /// GitHub is one word.
    Prose,
}

/// Hands each word of `text` over, in lower case.
pub(super) fn words(text: &str, style: Style, mut each: impl FnMut(&str)) {
    for chunk in chunks(text) {
        // Most chunks are plain words.
        if chunk.bytes().all(|byte| byte.is_ascii_lowercase()) {
            emit(chunk, &mut each);
            continue;
        }
        let parts = parts(chunk);
        let is_whole = match style {
            Style::Name => parts.len() == 1,
            Style::Prose => parts.len() == 1 || !chunk.starts_with(char::is_lowercase),
        };
        // `s3` and `base64` are words of their own, whatever their parts may mean.
        if is_whole || chunk.contains(|c: char| c.is_ascii_digit()) {
            emit(chunk, &mut each);
        }
        if !is_whole {
            for part in parts.into_iter().filter(|part| part.chars().nth(1).is_some()) {
                emit(part, &mut each);
            }
        }
    }
}

/// The runs of letters and digits. Of a script without spaces, two characters that follow each other
/// are as near to a word as can be had without a dictionary: each such pair is one, and so is a
/// character that stands alone.
pub(super) fn chunks(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).flat_map(|run| {
        let mut rest = run;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            if !is_without_spaces(first) {
                let end = rest.find(is_without_spaces).unwrap_or(rest.len());
                let (chunk, after) = rest.split_at(end);
                rest = after;
                return Some(chunk);
            }
            let (one, two, is_last) = pair(rest);
            let chunk = &rest[..two];
            rest = &rest[if is_last { two } else { one }..];
            Some(chunk)
        })
    })
}

/// Where the first character and the first pair end, and whether no other pair begins within it.
fn pair(rest: &str) -> (usize, usize, bool) {
    let mut ends = rest.char_indices().take_while(|(_, c)| is_without_spaces(*c));
    let mut end = || ends.next().map(|(at, c)| at + c.len_utf8());
    let one = end().unwrap_or(rest.len());
    match (end(), end()) {
        (None, _) => (one, one, true),
        (Some(two), third) => (one, two, third.is_none()),
    }
}

/// Chinese, Japanese, Thai and their neighbours.
fn is_without_spaces(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{2e80}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// A chunk split where small letters turn to large ones, before the last of several large ones that
/// a small one follows (`HTTPServer`), and between letters and digits.
pub(super) fn parts(chunk: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    let mut letters = chunk.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        // `PRs` and `URLs` are one word.
        let is_plural = chunk[at + c.len_utf8()..] == *"s";
        let next_is_small = letters.peek().is_some_and(|(_, next)| next.is_lowercase());
        let is_border = before.is_some_and(|before| {
            before.is_numeric() != c.is_numeric()
                || (before.is_lowercase() && c.is_uppercase())
                || (before.is_uppercase() && c.is_uppercase() && next_is_small && !is_plural)
        });
        if is_border {
            parts.push(&chunk[start..at]);
            start = at;
        }
        before = Some(c);
    }
    parts.push(&chunk[start..]);
    parts
}

fn emit(word: &str, each: &mut impl FnMut(&str)) {
    if word.chars().nth(WORD_MAX).is_some() {
        return;
    }
    if word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        each(word);
    } else {
        each(&word.to_lowercase());
    }
}

/// Words that say nothing about a tool, and those with which people and agents dress a wish up.
/// In alphabetical order.
const STOP: &[&str] = &[
    "a", "about", "actually", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "but", "by", "can", "could", "did", "do", "does",
    "doing", "done", "e", "each", "eg", "etc", "every", "for", "from", "had", "has", "have",
    "having", "he", "help", "her", "here", "him", "his", "how", "i", "ie", "if", "in", "into",
    "is", "it", "its", "just", "let", "like", "ll", "may", "me", "might", "must", "my", "need",
    "needs", "no", "not", "now", "of", "off", "on", "one", "or", "our", "out", "over", "own",
    "please", "re", "s", "shall", "she", "should", "so", "some", "such", "t", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "thing", "things", "this", "those",
    "to", "too", "tool", "tools", "up", "us", "use", "used", "using", "ve", "very", "via", "want",
    "was", "we", "were", "what", "when", "where", "whether", "which", "while", "who", "whose",
    "will", "with", "would", "you", "your",
];

pub(super) fn is_stop_word(word: &str) -> bool {
    // Most words are longer, and every word of every description is asked about.
    let may_be = word.len() <= "something".len();
    may_be && (STOP.binary_search(&word).is_ok() || matches!(word, "anything" | "something"))
}

/// Bytes before a point that can end a sentence.
const SENTENCE_LEN_MIN: usize = 12;

/// The first sentence and the rest.
pub(super) fn first_sentence(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let ends = text.match_indices(['.', '!', '?', ':', ';', '\n', '。']);
    for (at, mark) in ends {
        let after = &text[at + mark.len()..];
        // A point within a number or a name, or behind `e.g.`, ends no sentence.
        let is_spaced = after.starts_with(char::is_whitespace) && at >= SENTENCE_LEN_MIN;
        if mark == "\n" || mark == "。" || is_spaced {
            return text.split_at(at + mark.len());
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::{STOP, Style, first_sentence, words};

    fn split(text: &str, style: Style) -> Vec<String> {
        let mut out = Vec::new();
        words(text, style, |word| out.push(word.to_owned()));
        out
    }

    #[test]
    fn names_are_split_at_every_border() {
        for (name, expected) in [
            ("github__create_issue", "github create issue"),
            ("createIssue", "create issue"),
            ("HTTPServer.getURL", "http server get url"),
            ("repos/list-all:v1", "repos list all v1"),
            ("base64Decode", "base64decode base 64 decode"),
            ("s3_upload", "s3 upload"),
            ("listURLs", "list urls"),
            ("", ""),
            ("__", ""),
        ] {
            assert_eq!(split(name, Style::Name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn prose_keeps_proper_names_whole() {
        for (text, expected) in [
            ("Creates a GitHub issue.", "creates a github issue"),
            ("see createIssue", "see create issue"),
            ("don't", "don t"),
            ("列出 files", "列出 files"),
            ("列出文件, 看", "列出 出文 文件 看"),
            ("用git查看", "用 git 查看"),
            ("ÜBER", "über"),
        ] {
            assert_eq!(split(text, Style::Prose).join(" "), expected, "{text}");
        }
        assert!(split(&"x".repeat(41), Style::Prose).is_empty());
    }

    #[test]
    fn a_first_sentence_ends_where_it_should() {
        for (text, first) in [
            ("Reads a file. Fails if it is not there.", "Reads a file."),
            ("Reads version 1.2 of a file", "Reads version 1.2 of a file"),
            ("Reads one\nor two", "Reads one"),
            ("Reads a file.Now", "Reads a file.Now"),
            ("e.g. this one. And", "e.g. this one."),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text).0.trim_end_matches('\n'), first, "{text}");
        }
    }

    #[test]
    fn the_stop_words_are_in_order() {
        assert!(STOP.is_sorted());
    }
}
