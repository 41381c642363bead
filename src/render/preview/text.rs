//! Of a long text, the first lines and a few of the last.

/// Last lines that are shown at most.
const LAST_LINES_MAX: usize = 5;

/// The text if it has at most `budget` bytes; else leading lines and a few of the last ones, with
/// `[… 120 lines, 4711 bytes left out …]` on a line between them. A line is cut only where hardly
/// anything else could be shown.
pub fn preview_text(text: &str, budget: usize) -> String {
    if text.len() <= budget {
        return text.to_owned();
    }
    // No number in the note is larger than this one.
    let note_max = note(text.len(), text.len()).len() + 2;
    let Some(room) = budget.checked_sub(note_max) else { return cut(text, budget).to_owned() };
    let last = last_lines(text, room / 4);
    let room = room - last;
    let rest = &text[..text.len() - last];
    let mut head = leading_lines(rest, room);
    if head < room / 2 {
        head += cut(&rest[head..], room - head).len();
    }
    let (shown, left_out) = rest.split_at(head);
    let lines = left_out.split_inclusive('\n').count();
    let gap = if shown.is_empty() || shown.ends_with('\n') { "" } else { "\n" };
    let note = note(lines, left_out.len());
    let line_end = if last > 0 { "\n" } else { "" };
    format!("{shown}{gap}{note}{line_end}{}", &text[text.len() - last..])
}

fn note(lines: usize, bytes: usize) -> String {
    format!("[… {lines} lines, {bytes} bytes left out …]")
}

/// The beginning of the text, up to the end of a character.
fn cut(text: &str, len: usize) -> &str {
    &text[..text.floor_char_boundary(len)]
}

/// Bytes of the leading lines that fit.
fn leading_lines(text: &str, room: usize) -> usize {
    let mut len = 0;
    for line in text.split_inclusive('\n') {
        if len + line.len() > room {
            break;
        }
        len += line.len();
    }
    len
}

/// Bytes of the last lines that fit.
fn last_lines(text: &str, room: usize) -> usize {
    let mut len = 0;
    for line in text.split_inclusive('\n').rev().take(LAST_LINES_MAX) {
        if len + line.len() > room {
            break;
        }
        len += line.len();
    }
    len
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::preview_text;

    #[test]
    fn the_first_and_the_last_lines_are_shown() {
        let lines: Vec<String> = (0..1000).map(|line| format!("line {line}\n")).collect();
        let text = lines.concat();
        let shown = preview_text(&text, 200);
        assert!(shown.starts_with("line 0\nline 1\n"), "{shown}");
        assert!(
            shown.ends_with("left out …]\nline 996\nline 997\nline 998\nline 999\n"),
            "{shown}"
        );
        assert!(shown.contains("\n[… 980 lines, 8736 bytes left out …]\n"), "{shown}");
        assert_eq!(preview_text(&text, text.len()), text);
    }

    #[test]
    fn one_long_line_is_cut_between_characters() {
        let shown = preview_text(&"ä".repeat(500), 101);
        let cut = "ä".repeat(29);
        assert_eq!(shown, format!("{cut}\n[… 1 lines, 942 bytes left out …]"));
        let text = format!("head\n{}\ntail\n", "x".repeat(10_000));
        let shown = preview_text(&text, 300);
        assert!(
            shown.starts_with("head\nxxx") && shown.ends_with("left out …]\ntail\n"),
            "{shown}"
        );
        assert_eq!(preview_text("äää", 5), "ää");
    }

    proptest! {
        #[test]
        fn nothing_is_too_long_or_made_up(
            text in "([a-zä ]{0,40}\n?){0,40}",
            budget in 0..600usize,
        ) {
            let shown = preview_text(&text, budget);
            prop_assert!(shown.len() <= budget.min(text.len()));
            if let Some((head, rest)) = shown.split_once("[… ") {
                let (note, last) = rest.split_once(" …]").unwrap();
                let last = last.strip_prefix('\n').unwrap_or(last);
                prop_assert!(text.ends_with(last));
                let bytes: usize = note.split(' ').nth(2).unwrap().parse().unwrap();
                let at = text.len() - last.len() - bytes;
                prop_assert!(head == &text[..at] || head.strip_suffix('\n') == Some(&text[..at]));
            } else {
                prop_assert!(text.starts_with(&shown));
            }
        }
    }
}
