//! The closing table.

use std::time::Duration;

use crate::terminal::style::Style;

/// One thing that was shown.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) seen: String,
    pub(super) took: Duration,
}

/// The rows in three columns, each in its parts.
pub(super) fn render(rows: &[Row]) -> Vec<Vec<(Style, String)>> {
    let width = |text: fn(&Row) -> usize| rows.iter().map(text).max().unwrap_or_default();
    let what_width = width(|row| row.what.chars().count());
    let seen_width = width(|row| row.seen.chars().count());
    let line = |row: &Row| {
        let took = format!("{:.1} ms", row.took.as_secs_f64() * 1000.0);
        vec![
            (Style::Bold, format!("{:what_width$}", row.what)),
            (Style::Plain, format!("  {:seen_width$}  ", row.seen)),
            (Style::Dim, format!("{took:>9}")),
        ]
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{Row, render};
    use std::time::Duration;

    #[test]
    fn columns_line_up() {
        let row =
            |what, seen: &str, ms| Row { what, seen: seen.into(), took: Duration::from_millis(ms) };
        let rows = render(&[row("a", "one", 1), row("longer", "é", 1000)]);
        let text = |parts: &Vec<_>| {
            parts.iter().map(|(_, text): &(_, String)| &**text).collect::<String>()
        };
        let lines: Vec<String> = rows.iter().map(text).collect();
        assert_eq!(lines, ["a       one     1.0 ms", "longer  é    1000.0 ms"]);
    }
}
