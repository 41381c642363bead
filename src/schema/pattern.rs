//! Regular expressions as ECMAScript reads them with the flag `u` (ECMA-262, section 22.2.1): JSON Schema
//! means those (2020-12, core, section 6.4), and a compiler makes one of each `pattern` at once.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// How deep groups may lie in each other.
const DEPTH_MAX: usize = 64;
/// What `\p` takes in every engine. More is known to some.
const PROPERTIES: [&str; 60] = [
    "L",
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "M",
    "Mn",
    "Mc",
    "Me",
    "N",
    "Nd",
    "Nl",
    "No",
    "P",
    "Pc",
    "Pd",
    "Ps",
    "Pe",
    "Pi",
    "Pf",
    "Po",
    "S",
    "Sm",
    "Sc",
    "Sk",
    "So",
    "Z",
    "Zs",
    "Zl",
    "Zp",
    "C",
    "Cc",
    "Cf",
    "Co",
    "Cn",
    "Letter",
    "Mark",
    "Number",
    "Punctuation",
    "Symbol",
    "Separator",
    "Any",
    "ASCII",
    "Alphabetic",
    "Lowercase",
    "Uppercase",
    "White_Space",
    "Emoji",
    "ID_Start",
    "ID_Continue",
    "Script=Latin",
    "Script=Greek",
    "Script=Cyrillic",
    "Script=Han",
    "Script=Hiragana",
    "Script=Katakana",
    "Script=Arabic",
    "Script=Hebrew",
    "Script=Hangul",
];

/// Whether a text is a regular expression.
pub(super) fn is_pattern(text: &str) -> bool {
    let mut reader = Parsing {
        rest: text.chars().peekable(),
        groups: 0,
        names: BTreeSet::new(),
        highest: 0,
        wanted: BTreeSet::new(),
    };
    reader.alternatives(0).is_some() && reader.rest.next().is_none() && reader.is_whole()
}

/// What can stand in a class.
enum Element {
    One(char),
    /// It can be no end of a range.
    Set,
}

/// Each step returns nothing where the text is no regular expression.
struct Parsing<'t> {
    rest: Peekable<Chars<'t>>,
    /// Groups that can be referred to.
    groups: u32,
    names: BTreeSet<String>,
    /// The highest group that is referred to, and names of groups.
    highest: u32,
    wanted: BTreeSet<String>,
}

impl Parsing<'_> {
    /// Whether all that is referred to is there.
    fn is_whole(&self) -> bool {
        self.highest <= self.groups && self.wanted.is_subset(&self.names)
    }

    fn take(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        self.take(wanted).then_some(())
    }

    /// Up to the end, or to a `)` that is left there.
    fn alternatives(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        while let Some(next) = self.rest.peek().copied() {
            if next == ')' {
                return (depth > 0).then_some(());
            }
            self.rest.next();
            let can_repeat = match next {
                '|' | '^' | '$' => false,
                '(' => self.group(depth)?,
                '[' => self.class()?,
                '\\' if self.take('b') || self.take('B') => false,
                '\\' => self.escape()?,
                '*' | '+' | '?' | '{' | '}' | ']' => return None,
                _ => true,
            };
            if self.repetition()? && !can_repeat {
                return None;
            }
        }
        Some(())
    }

    /// Whether what comes next says how often what was before it may stand there.
    fn repetition(&mut self) -> Option<bool> {
        if self.take('{') {
            let least = self.digits()?;
            if self.take(',') && self.rest.peek() != Some(&'}') && self.digits()? < least {
                return None;
            }
            self.expect('}')?;
        } else if self.rest.next_if(|next| matches!(next, '*' | '+' | '?')).is_none() {
            return Some(false);
        }
        self.take('?');
        Some(true)
    }

    fn digits(&mut self) -> Option<u32> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().ok()
    }

    /// Behind a `(`. Whether what the group is can be repeated.
    fn group(&mut self, depth: usize) -> Option<bool> {
        let mut is_looking = false;
        if self.take('?') {
            match self.rest.next()? {
                ':' => {}
                '=' | '!' => is_looking = true,
                '<' if self.take('=') || self.take('!') => is_looking = true,
                '<' => {
                    let name = self.name()?;
                    self.groups += 1;
                    self.names.insert(name).then_some(())?;
                }
                _ => return None,
            }
        } else {
            self.groups += 1;
        }
        self.alternatives(depth + 1)?;
        self.expect(')')?;
        Some(!is_looking)
    }

    /// A group's name and the `>` behind it.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            match self.rest.next()? {
                '>' if !name.is_empty() => return Some(name),
                digit if digit.is_ascii_digit() && name.is_empty() => return None,
                next if next.is_ascii_alphanumeric() || matches!(next, '_' | '$') => {
                    name.push(next);
                }
                _ => return None,
            }
        }
    }

    /// Behind a `\`, outside of a class.
    fn escape(&mut self) -> Option<bool> {
        match self.rest.peek().copied()? {
            'k' => {
                self.rest.next();
                self.expect('<')?;
                let name = self.name()?;
                self.wanted.insert(name);
            }
            '1'..='9' => self.highest = self.highest.max(self.digits()?),
            _ => {
                self.character()?;
            }
        }
        Some(true)
    }

    /// Behind a `\`: the character that is meant, or a set of them.
    fn character(&mut self) -> Option<Element> {
        Some(match self.rest.next()? {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Element::Set,
            'p' | 'P' => {
                self.property()?;
                Element::Set
            }
            'f' => Element::One('\u{c}'),
            'n' => Element::One('\n'),
            'r' => Element::One('\r'),
            't' => Element::One('\t'),
            'v' => Element::One('\u{b}'),
            'c' => {
                let letter = self.rest.next_if(char::is_ascii_alphabetic)?;
                Element::One(char::from_u32(u32::from(letter) % 32)?)
            }
            '0' if !self.rest.peek().is_some_and(char::is_ascii_digit) => Element::One('\0'),
            'x' => Element::One(self.hexadecimal(2)?),
            'u' if self.take('{') => {
                let mut code = 0_u32;
                let mut len = 0;
                while let Some(digit) = self.rest.next_if(char::is_ascii_hexdigit) {
                    code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
                    len += 1;
                }
                self.expect('}')?;
                Element::One(char::from_u32(code).filter(|_| len > 0)?)
            }
            // Halves of a pair can stand there, too; who writes them so is left out.
            'u' => Element::One(self.hexadecimal(4)?),
            syntax if "^$\\.*+?()[]{}|/".contains(syntax) => Element::One(syntax),
            _ => return None,
        })
    }

    fn hexadecimal(&mut self, len: usize) -> Option<char> {
        let mut code = 0;
        for _ in 0..len {
            code = code * 16 + self.rest.next()?.to_digit(16)?;
        }
        char::from_u32(code)
    }

    fn property(&mut self) -> Option<()> {
        self.expect('{')?;
        let mut name = String::new();
        loop {
            match self.rest.next()? {
                '}' => break,
                next if name.len() < 32 => name.push(next),
                _ => return None,
            }
        }
        PROPERTIES.contains(&name.as_str()).then_some(())
    }

    /// Behind a `[`, up to its `]`.
    fn class(&mut self) -> Option<bool> {
        self.take('^');
        loop {
            if self.take(']') {
                return Some(true);
            }
            let first = self.member()?;
            if !self.take('-') {
                continue;
            }
            if self.take(']') {
                return Some(true);
            }
            let last = self.member()?;
            match (first, last) {
                (Element::One(first), Element::One(last)) if first <= last => {}
                _ => return None,
            }
        }
    }

    fn member(&mut self) -> Option<Element> {
        let next = self.rest.next()?;
        if next != '\\' {
            return Some(Element::One(next));
        }
        if self.take('b') {
            return Some(Element::One('\u{8}'));
        }
        if self.take('-') {
            return Some(Element::One('-'));
        }
        self.character()
    }
}
