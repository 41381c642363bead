//! The closing table.

use std::time::Duration;

/// One thing that was shown.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) seen: String,
    pub(super) took: Duration,
}

/// The rows in three columns.
pub(super) fn render(rows: &[Row], colour: bool) -> String {
    let width = |text: fn(&Row) -> usize| rows.iter().map(text).max().unwrap_or_default();
    let what_width = width(|row| row.what.chars().count());
    let seen_width = width(|row| row.seen.chars().count());
    let (bold, dim, end) = if colour { ("\x1b[1m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let line = |row: &Row| {
        let took = format!("{:.1} ms", row.took.as_secs_f64() * 1000.0);
        format!(
            "{bold}{:what_width$}{end}  {:seen_width$}  {dim}{took:>9}{end}",
            row.what, row.seen
        )
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Row, render};
    use std::time::Duration;

    #[test]
    fn columns_line_up() {
        let row =
            |what, seen: &str, ms| Row { what, seen: seen.into(), took: Duration::from_millis(ms) };
        let table = render(&[row("a", "one", 1), row("longer", "é", 1000)], false);
        assert_eq!(table, "a       one     1.0 ms\nlonger  é    1000.0 ms");
    }
}
