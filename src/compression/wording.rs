//! The words of a description: which of them say something, and where a long one may end.

use std::collections::HashSet;

/// Words that carry nothing by themselves. Words that narrow or turn a meaning (not, only, to, from,
/// before) are none of them.
const STOP_WORDS: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "argument",
    "as",
    "at",
    "be",
    "desired",
    "field",
    "for",
    "given",
    "in",
    "is",
    "it",
    "its",
    "of",
    "on",
    "or",
    "parameter",
    "provide",
    "provided",
    "specified",
    "specify",
    "that",
    "the",
    "this",
    "value",
    "which",
    "with",
];

/// Short forms that stand for a whole word in names.
const ALIASES: &[(&str, &str)] = &[
    ("addr", "address"),
    ("app", "application"),
    ("arg", "argument"),
    ("args", "argument"),
    ("auth", "authentication"),
    ("cmd", "command"),
    ("config", "configuration"),
    ("db", "database"),
    ("desc", "description"),
    ("dest", "destination"),
    ("dir", "directory"),
    ("doc", "document"),
    ("dst", "destination"),
    ("env", "environment"),
    ("img", "image"),
    ("info", "information"),
    ("lang", "language"),
    ("lat", "latitude"),
    ("lon", "longitude"),
    ("lng", "longitude"),
    ("max", "maximum"),
    ("min", "minimum"),
    ("msg", "message"),
    ("num", "number"),
    ("identifier", "id"),
    ("org", "organization"),
    ("organisation", "organization"),
    ("param", "parameter"),
    ("pwd", "password"),
    ("repo", "repository"),
    ("src", "source"),
    ("tz", "timezone"),
    ("uri", "url"),
];

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] =
    &["approx", "cf", "e.g", "eg", "etc", "fig", "i.e", "ie", "incl", "max", "min", "vs"];

/// The words of a name or a text: parts of `snake_case` and `camelCase`, in lower case, singular,
/// written out. White space and signs are lost.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut next = letters.clone();
        // The `s` of `IDs` begins no word.
        let is_low = |c: Option<char>| c.is_some_and(char::is_lowercase);
        let ends_acronym = before.is_uppercase()
            && is_low(next.next())
            && (letters.peek() != Some(&'s') || is_low(next.next()));
        let starts = letter.is_uppercase() && (before.is_lowercase() || ends_acronym);
        if starts || !letter.is_alphanumeric() {
            words.extend((!word.is_empty()).then(|| plain(&std::mem::take(&mut word))));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.extend((!word.is_empty()).then(|| plain(&word)));
    words
}

/// A word in the one form it is compared in.
fn plain(word: &str) -> String {
    let long = |word: &str| ALIASES.iter().find(|(short, _)| *short == word).map(|(_, long)| *long);
    if let Some(long) = long(word) {
        return long.to_owned();
    }
    let singular = match word.strip_suffix('s') {
        Some(stem) if stem.len() > 4 && stem.ends_with("ie") => {
            format!("{}y", &stem[..stem.len() - 2])
        }
        Some(stem) if stem.len() > 3 && (stem.ends_with("xe") || stem.ends_with("che")) => {
            stem[..stem.len() - 1].to_owned()
        }
        Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    };
    long(&singular).map_or(singular, str::to_owned)
}

/// What a reader of a parameter knows without its description.
#[derive(Debug, Default)]
pub struct KnownWords {
    words: HashSet<String>,
    /// Names without their separators: `timezone` says what `time zone` says.
    joined: HashSet<String>,
}

impl KnownWords {
    pub fn learn_name(&mut self, name: &str) {
        let parts = words(name);
        self.joined.insert(parts.concat());
        self.words.extend(parts);
    }

    pub fn learn(&mut self, text: &str) {
        self.words.extend(words(text));
    }

    /// Whether the text says nothing beyond what is known: each of its words is known or empty, and
    /// none of its signs has a meaning of its own.
    pub fn covers(&self, text: &str) -> bool {
        if !has_only_plain_signs(text) {
            return false;
        }
        let said = words(text);
        let mut telling = said.iter().filter(|word| !STOP_WORDS.contains(&word.as_str()));
        let joined: String = telling.clone().map(String::as_str).collect();
        telling.all(|word| self.words.contains(word)) || self.joined.contains(&joined)
    }
}

/// Whether all signs only divide words. A slash within `owner/name`, a colon within `key:value` or a
/// bracket show a form; a full stop within `1.5` belongs to a number.
fn has_only_plain_signs(text: &str) -> bool {
    text.split_whitespace().all(|piece| {
        let inner = piece
            .trim_start_matches(['(', '"', '\'', '`', '“', '‘'])
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'', '`', '”', '’']);
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '\'' | '’');
        !inner.is_empty() && !inner.starts_with('-') && inner.chars().all(is_word)
    })
}

/// The text with its white space collapsed. Lines of a list, headings and what stands between code
/// fences keep their line breaks, for these have a meaning.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_code = false;
    for line in text.lines() {
        let bare = line.trim();
        let is_fence = bare.starts_with("```");
        if is_code && !is_fence {
            out.push('\n');
            out.push_str(line.trim_end());
            continue;
        }
        if bare.is_empty() {
            continue;
        }
        if !out.is_empty() {
            let breaks = is_fence || opens_item(bare) || out.ends_with("```");
            out.push(if breaks { '\n' } else { ' ' });
        }
        let words: Vec<&str> = bare.split_whitespace().collect();
        out.push_str(&words.join(" "));
        is_code ^= is_fence && !bare[3..].contains("```");
    }
    out
}

/// Whether a line begins an item of a list, a row of a table, or a heading.
fn opens_item(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let is_numbered = digits > 0 && line[digits..].starts_with([')', '.']);
    is_numbered || line.starts_with(['-', '*', '#', '|', '•', '>'])
}

/// The text in sentences, each with the white space behind it.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let end = at + letter.len_utf8();
        let rest = &text[end..];
        let ends = match letter {
            '.' | '!' | '?' => {
                let next = rest.trim_start();
                let is_short = letter == '.' && is_abbreviation(&text[start..at]);
                let is_line_end = rest.starts_with('\n') || rest.len() == next.len();
                !(is_short || is_line_end || next.starts_with(char::is_lowercase))
            }
            '\n' | '。' | '！' | '？' => true,
            _ => false,
        };
        if ends {
            let space = rest.len() - rest.trim_start().len();
            sentences.push(&text[start..end + space]);
            start = end + space;
            while letters.next_if(|(at, _)| *at < start).is_some() {}
        }
    }
    if start < text.len() {
        sentences.push(&text[start..]);
    }
    sentences
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit([' ', '(', '\n']).next().unwrap_or_default();
    word.chars().count() == 1 && !word.starts_with(char::is_numeric)
        || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// The first sentence.
pub fn first_sentence(text: &str) -> &str {
    sentences(text).first().map_or(text, |first| first.trim_end())
}

/// At most `max` characters of the text: the whole sentences that fit, unless they are next to nothing;
/// else whole words and `…`. Zero cuts nothing.
pub fn cut(text: &str, max: usize) -> String {
    let Some((limit, _)) = text.char_indices().nth(max).filter(|_| max > 0) else {
        return text.to_owned();
    };
    let mut end = 0;
    let mut whole = 0;
    for sentence in sentences(text) {
        end += sentence.len();
        let shown = text[..end].trim_end().len();
        if shown > limit {
            break;
        }
        whole = shown;
    }
    if text[..whole].chars().count() * 6 >= max {
        return text[..whole].to_owned();
    }
    let room = text.char_indices().nth(max - 1).map_or(limit, |(at, _)| at);
    let head = &text[..room];
    let is_word_end = text[room..].starts_with(char::is_whitespace);
    let end = if is_word_end { room } else { head.rfind(char::is_whitespace).unwrap_or(room) };
    let end = if end * 2 < room { room } else { end };
    let shown = head[..end].trim_end_matches(|c: char| c.is_whitespace() || ",;:-–—(".contains(c));
    format!("{shown}…")
}

/// A tool's description without the phrase that says that it is one.
pub fn without_opening(text: &str) -> String {
    const OPENINGS: &[&str] = &[
        "this tool allows you to ",
        "this tool can be used to ",
        "this tool is used to ",
        "use this tool to ",
        "a tool to ",
        "a tool that ",
        "this tool ",
        "this function ",
    ];
    let opening = OPENINGS.iter().find(|opening| {
        text.get(..opening.len()).is_some_and(|head| head.eq_ignore_ascii_case(opening))
    });
    let Some(opening) = opening else { return text.to_owned() };
    let rest = &text[opening.len()..];
    let verb = rest.split(' ').next().unwrap_or_default();
    // `This tool is deprecated` has no verb that could stand alone.
    let needs_verb = !opening.ends_with("to ");
    if needs_verb && !(verb.ends_with('s') && verb.len() > 3) {
        return text.to_owned();
    }
    capitalized(rest)
}

/// The text with a capital at its beginning.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::{KnownWords, cut, first_sentence, sentences, tidy, without_opening, words};

    #[test]
    fn words_are_compared_in_one_form() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
        check("repoPath", &["repository", "path"]);
        check("max_length", &["maximum", "length"]);
        check("HTMLParser2", &["html", "parser2"]);
        check("Repositories' IDs", &["repository", "id"]);
        check(
            "boxes, matches, files; status address",
            &["box", "match", "file", "status", "address"],
        );
        check("a/b:c", &["a", "b", "c"]);
        check("Größe 文件", &["größe", "文件"]);
        check("", &[]);
    }

    #[test]
    fn only_what_is_known_is_covered() {
        let check = |name: &str, text: &str, expected: bool| {
            let mut known = KnownWords::default();
            known.learn_name(name);
            known.learn("string");
            assert_eq!(known.covers(text), expected, "{name}: {text}");
        };
        check("repo", "The repository", true);
        check("repo", "Repository name", false);
        check("repo_names", "Name of the repository.", true);
        check("path", "Absolute path only", false);
        check("timezone", "Time zone", true);
        check("repo_owner", "owner/repo", false);
        check("file", "file?", true);
        check("file", "*file", false);
        check("name", "\"\"", false);
        check("value", "-value", false);
        check("title", "Title, not name", false);
        check("branch", "From branch", false);
    }

    #[test]
    fn white_space_goes_where_it_means_nothing() {
        let check = |text: &str, expected: &str| assert_eq!(tidy(text), expected);
        check("  One\n   two.\n\n  Three\t four ", "One two. Three four");
        check("Modes:\n  - a\n  - b\n    c\n\nEnd", "Modes:\n- a\n- b c End");
        check("1. a\n2) b\n3 c", "1. a\n2) b 3 c");
        check("x\n```\nif a:\n    b  \n```\ny", "x\n```\nif a:\n    b\n```\ny");
        check("", "");
    }

    #[test]
    fn sentences_end_where_they_end() {
        let text =
            "Use e.g. a file. Version 1.5 is old! Really? no. Then\nnext. (See B. Smith.) 完。完";
        let expected = [
            "Use e.g. a file. ",
            "Version 1.5 is old! ",
            "Really? no. ",
            "Then\n",
            "next. ",
            "(See B. Smith.) 完。",
            "完",
        ];
        assert_eq!(sentences(text), expected);
        assert_eq!(sentences(text).concat(), text);
        assert_eq!(first_sentence("One. Two."), "One.");
        assert_eq!(first_sentence(""), "");
    }

    #[test]
    fn a_cut_text_is_short_and_ends_well() {
        let check = |text: &str, max: usize, expected: &str| {
            let shown = cut(text, max);
            assert_eq!(shown, expected);
            assert!(max == 0 || shown.chars().count() <= max);
        };
        check("One two. Three four.", 0, "One two. Three four.");
        check("One two. Three four.", 20, "One two. Three four.");
        check("One two. Three four.", 19, "One two.");
        check("One two. Three four.", 8, "One two.");
        check("One two. Three four.", 7, "One…");
        check("A. Three four five six seven.", 20, "A. Three four five…");
        check("Four. Three four five six seven eight.", 24, "Four.");
        check("abcdefghij", 5, "abcd…");
        check("äöüäöüäöü", 4, "äöü…");
        check("word, another", 7, "word…");
        check("ab", 1, "…");
    }

    #[test]
    fn an_opening_that_says_nothing_goes() {
        let check = |text: &str, expected: &str| assert_eq!(without_opening(text), expected);
        check("This tool returns files.", "Returns files.");
        check("This tool is old.", "This tool is old.");
        check("Use this tool to read files.", "Read files.");
        check("A tool for cats", "A tool for cats");
        check("Read", "Read");
    }
}
