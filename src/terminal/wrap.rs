//! Texts in lines.

/// The text in lines of at most `width` characters, broken at spaces where there are some.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut len = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut rest: Vec<char> = word.chars().collect();
        if len > 0 && len + 1 + rest.len() > width {
            lines.push(std::mem::take(&mut line));
            len = 0;
        }
        while rest.len() > width {
            // It is longer than a whole line.
            let behind = rest.split_off(width);
            lines.push(rest.into_iter().collect());
            rest = behind;
        }
        if len > 0 {
            line.push(' ');
            len += 1;
        }
        len += rest.len();
        line.extend(rest);
    }
    if len > 0 {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;
    use proptest::prelude::*;

    #[test]
    fn lines_end_between_words() {
        assert_eq!(wrapped("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrapped("/a/long/path is it", 8), ["/a/long/", "path is", "it"]);
        assert_eq!(wrapped("äöü äöü", 3), ["äöü", "äöü"]);
        assert!(wrapped("  ", 3).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in "[a-cü ]{0,80}", width in 1_usize..20) {
            let lines = wrapped(&text, width);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
            let plain = |text: &str| text.replace(' ', "");
            prop_assert_eq!(plain(&lines.concat()), plain(&text));
        }
    }
}
