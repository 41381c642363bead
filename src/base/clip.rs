//! The beginning of a text that may be of any length.

/// At most the first `max` characters; what is cut off is shown by `…`.
pub fn clipped(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The beginning of a text that has at most `max` bytes.
pub fn start(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::{clipped, start};

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!((clipped("äöü", 3), clipped("äöü", 2)), ("äöü".into(), "äö…".into()));
        assert_eq!((start("äöü", 6), start("äöü", 5), start("äöü", 1)), ("äöü", "äö", ""));
    }
}
