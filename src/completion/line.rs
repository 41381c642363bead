//! A command line that somebody still writes, divided as shells do.

/// Its words; the last is the one that is written now, and may be empty.
///
/// What a shell would put in place of a part, such as a variable, stays as it is written. A quote that is
/// not closed yet reaches to the end.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.push(word.unwrap_or_default());
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_line_is_divided_as_far_as_it_is_written() {
        for (line, expected) in [
            ("", &[""][..]),
            ("callmux", &["callmux"]),
            ("callmux ", &["callmux", ""]),
            ("callmux  stop\tno", &["callmux", "stop", "no"]),
            ("a 'b c' \"d e", &["a", "b c", "d e"]),
            ("a b\\ c 'd\\' ''", &["a", "b c", "d\\", ""]),
            ("a \\", &["a", ""]),
            ("a --x=\"1 ", &["a", "--x=1 "]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }
}
