//! The mark that every secret of a test bears, and the search for it.

/// A secret: the mark, and what tells it from others.
macro_rules! canary {
    () => {
        "canary7"
    };
    ($rest:literal) => {
        concat!("canary7", $rest)
    };
}
pub(crate) use canary;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// What every secret begins with. It is part of no path, name or text that is none.
pub const CANARY: &str = canary!();

/// The forms in which a secret is one still: as it is, in hexadecimal digits, with each byte as percent-encoding has
/// it, and in Base64 wherever it begins there.
pub fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte)]).collect();
    let percent = |hex: &str| -> String {
        let pairs = hex.as_bytes().chunks(2).map(String::from_utf8_lossy);
        pairs.flat_map(|pair| ["%".to_owned(), pair.into_owned()]).collect()
    };
    let upper = hex.to_uppercase();
    let mut forms = vec![secret.to_owned(), percent(&hex), percent(&upper), hex, upper];
    for before in 0..3 {
        let bytes = ["x".repeat(before).as_bytes(), secret.as_bytes()].concat();
        // Only the digits that no neighbour has a part in.
        let digits = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        forms.push(STANDARD.encode(&bytes)[digits.clone()].to_owned());
        forms.push(URL_SAFE.encode(&bytes)[digits].to_owned());
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn digit(half: u8) -> char {
    char::from_digit(u32::from(half & 15), 16).unwrap()
}

/// The lines of a text that have one of these in them, each with its number, cut around it.
pub fn find(text: &str, wanted: &[String]) -> Vec<String> {
    if !wanted.iter().any(|wanted| text.contains(wanted)) {
        return Vec::new();
    }
    let found = |line: &str| wanted.iter().filter_map(|wanted| line.find(wanted)).min();
    let lines = text.lines().enumerate();
    let lines = lines.filter_map(|(n, line)| Some((n + 1, line, found(line)?)));
    lines.map(|(number, line, at)| format!("{number}: {}", around(line, at))).collect()
}

/// Enough of a line to know what it is.
fn around(line: &str, at: usize) -> &str {
    let start = line.floor_char_boundary(at.saturating_sub(240));
    &line[start..line.ceil_char_boundary(at + 240)]
}
