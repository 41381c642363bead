//! Regular expressions, as far as all who read them read them alike.
//!
//! A server's own engine may be any. What is checked here is the part that ECMA-262, Python and Rust
//! share, on texts of printable ASCII: literals, classes, groups, alternatives, repetitions, `^`, `$`, `\b`.

use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures, pikevm::PikeVM};
use regex_automata::util::syntax;

/// Bytes of a compiled pattern.
const SIZE_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: String,
    /// `None` if the pattern says something that is not checked.
    machine: Option<Box<PikeVM>>,
}

impl Pattern {
    /// `None` if the text is no pattern, or one that is too large.
    pub(super) fn new(text: &str) -> Option<Self> {
        let of = |machine| Some(Self { text: text.to_owned(), machine });
        if !is_common(text)? {
            return of(None);
        }
        let config = Config::new()
            .utf8(false)
            .nfa_size_limit(Some(SIZE_MAX))
            .which_captures(WhichCaptures::None);
        let bytes = syntax::Config::new().unicode(false).utf8(false);
        match Compiler::new().configure(config).syntax(bytes).build(text) {
            Ok(nfa) => of(PikeVM::new_from_nfa(nfa).ok().map(Box::new)),
            Err(error) if error.size_limit().is_some() => None,
            Err(_) => of(None),
        }
    }

    /// Steps that a look at `text` may take.
    pub(super) fn cost(&self, text: &str) -> usize {
        let states = self.machine.as_ref().map_or(0, |machine| machine.get_nfa().states().len());
        // Few states are alive at a time.
        1 + states.saturating_mul(text.len() + 1) / 16
    }

    /// Whether the pattern is found in `text`, if that can be told.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let machine = self.machine.as_ref()?;
        // Whether `$` is true before a line's end and `.` takes one differs.
        text.bytes()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
            .then(|| machine.is_match(&mut machine.create_cache(), text))
    }
}

/// Whether a pattern has only what is read alike everywhere; `None` if it is none anywhere.
fn is_common(pattern: &str) -> Option<bool> {
    if !pattern.is_ascii() {
        return Some(false);
    }
    let (mut rest, mut is_common) = (pattern, true);
    let (mut groups, mut signs) = (0_usize, 0);
    while let Some(first) = rest.chars().next() {
        let (len, common) = match first {
            '\\' if rest[1..].starts_with(['b', 'B']) => (2, !rest[2..].starts_with('{')),
            '\\' => (2, is_common_escape(rest[1..].chars().next()?, false)),
            '[' => class(rest)?,
            '{' => repetition(rest),
            '(' if rest.starts_with("(?:") => (3, true),
            '(' => (1, !rest.starts_with("(?")),
            '}' | ']' => (1, false),
            _ => (1, true),
        };
        match first {
            '(' => groups += 1,
            ')' => groups = groups.checked_sub(1)?,
            _ => {}
        }
        // A second sign behind a repetition means this in one engine and that in another.
        signs = if matches!(first, '*' | '+' | '?' | '{') { signs + 1 } else { 0 };
        is_common &= common && (signs < 2 || signs == 2 && first == '?');
        rest = &rest[len..];
    }
    (groups == 0).then_some(is_common)
}

/// The length of the `{2,3}` that `rest` begins with, and whether it is read alike everywhere.
fn repetition(rest: &str) -> (usize, bool) {
    let Some(end) = rest.find('}') else { return (1, false) };
    let inner = &rest[1..end];
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let is_count = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (end + 1, !least.is_empty() && is_count(least) && is_count(most))
}

/// The length of the `[a-z]` that `rest` begins with, and whether it is read alike everywhere.
fn class(rest: &str) -> Option<(usize, bool)> {
    let start = if rest.starts_with("[^") { 2 } else { 1 };
    let mut is_common = !rest[start..].starts_with(']');
    let mut chars = rest.char_indices().skip(start);
    let mut last = ' ';
    while let Some((at, c)) = chars.next() {
        match c {
            ']' => return Some((at + 1, is_common)),
            '\\' => is_common &= is_common_escape(chars.next()?.1, true),
            '[' => is_common = false,
            // Some engines calculate with classes.
            '&' | '-' | '~' if c == last => is_common = false,
            _ => {}
        }
        last = c;
    }
    None
}

fn is_common_escape(c: char, is_in_class: bool) -> bool {
    match c {
        'b' | 'B' => !is_in_class,
        'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'n' | 'r' | 't' | 'f' | 'v' => true,
        // A word's ends in some engines.
        '<' | '>' => false,
        other => other.is_ascii_punctuation(),
    }
}
