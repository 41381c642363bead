//! The closing table.

use std::time::Duration;

use crate::terminal::style::Style;
use crate::terminal::table::{Parts, lines};

/// One thing that was shown.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) seen: String,
    pub(super) took: Duration,
}

/// The rows in three columns, in lines of at most `width` characters.
pub(super) fn render(rows: &[Row], width: usize) -> Vec<Parts> {
    let cells = |row: &Row| {
        let took = format!("{:.1} ms", row.took.as_secs_f64() * 1000.0);
        [row.what.to_owned(), format!("{took:>9}"), row.seen.clone()]
    };
    let rows: Vec<[String; 3]> = rows.iter().map(cells).collect();
    let look = |column: usize, _: &str| [Style::Bold, Style::Dim, Style::Plain][column];
    lines(["WHAT", "     TOOK", "SEEN"], &rows, look, &[], Some(width))
}

#[cfg(test)]
mod tests {
    use super::{Row, render};
    use std::time::Duration;

    #[test]
    fn columns_line_up() {
        let row =
            |what, seen: &str, ms| Row { what, seen: seen.into(), took: Duration::from_millis(ms) };
        let rows = render(&[row("a", "one", 1), row("longer", "é", 1000)], 80);
        let text = |parts: &Vec<_>| {
            parts.iter().map(|(_, text): &(_, String)| &**text).collect::<String>()
        };
        let lines: Vec<String> = rows.iter().map(text).collect();
        assert_eq!(
            lines,
            ["WHAT         TOOK  SEEN", "a          1.0 ms  one", "longer  1000.0 ms  é"]
        );
    }
}
