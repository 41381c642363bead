//! Columns, the last of which is a text.

use super::style::Style;
use super::wrap::wrapped;

/// Between two columns.
const GAP: usize = 2;
/// How far a text stands to the right that has lines of its own.
const INDENT: usize = 4;
/// In fewer columns a text of several lines is not read well: it gets lines of its own.
const TEXT_MIN: usize = 36;

/// The parts of a line, each with its look.
pub type Parts = Vec<(Style, String)>;

/// The rows under their headings as lines of at most `width` characters, if it is given. Columns of
/// `spare` are left out, in this order, where the line would be too long without any text.
pub fn lines<const N: usize>(
    headings: [&str; N],
    rows: &[[String; N]],
    style: impl Fn(usize, &str) -> Style,
    spare: &[usize],
    width: Option<usize>,
) -> Vec<Parts> {
    let len = |text: &str| text.chars().count();
    let widest = |column: usize| {
        let cells = rows.iter().map(|row| len(&row[column]));
        cells.chain([len(headings[column])]).max().unwrap_or(0)
    };
    let mut columns: Vec<(usize, usize)> = (0..N - 1).map(|it| (it, widest(it))).collect();
    let taken =
        |columns: &[(usize, usize)]| columns.iter().map(|(_, len)| len + GAP).sum::<usize>();
    for column in spare {
        if width.is_some_and(|width| taken(&columns) + len(headings[N - 1]) > width) {
            columns.retain(|(it, _)| it != column);
        }
    }
    let room = width.map(|width| width.saturating_sub(taken(&columns)));
    let mut out = Vec::new();
    let heads = headings.map(str::to_owned);
    for (index, row) in std::iter::once(&heads).chain(rows).enumerate() {
        let look =
            |column: usize| if index == 0 { Style::Dim } else { style(column, &row[column]) };
        let mut line: Parts = columns
            .iter()
            .map(|(column, len)| (look(*column), format!("{:1$}", row[*column], len + GAP)))
            .collect();
        let text = &row[N - 1];
        match room {
            Some(room) if len(text) > room && room >= TEXT_MIN => {
                let before = " ".repeat(width.unwrap_or(0).saturating_sub(room));
                for (at, text) in wrapped(text, room).into_iter().enumerate() {
                    if at > 0 {
                        line.push((Style::Plain, before.clone()));
                    }
                    line.push((look(N - 1), text));
                    out.push(std::mem::take(&mut line));
                }
            }
            Some(room) if len(text) > room => {
                out.push(line);
                let lines = wrapped(text, width.unwrap_or(0).saturating_sub(INDENT));
                out.extend(
                    lines
                        .into_iter()
                        .map(|text| vec![(Style::Plain, " ".repeat(INDENT)), (look(N - 1), text)]),
                );
            }
            _ => {
                line.push((look(N - 1), text.clone()));
                out.push(line);
            }
        }
    }
    out.iter_mut().for_each(trim);
    out
}

/// Nothing stands at the end of a line that is not seen.
fn trim(line: &mut Parts) {
    while let Some((_, last)) = line.last_mut() {
        last.truncate(last.trim_end().len());
        if !last.is_empty() {
            break;
        }
        line.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, lines};

    fn shown(rows: &[[&str; 4]], width: Option<usize>) -> Vec<String> {
        let rows: Vec<[String; 4]> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        let plain = |_: usize, _: &str| Style::Plain;
        let lines = lines(["NAME", "PHASE", "PID", "WHY"], &rows, plain, &[2], width);
        lines.iter().map(|line| line.iter().map(|(_, text)| &**text).collect()).collect()
    }

    const LONG: &str = "try 3 in 4 s: its process ended with exit status 1";

    #[test]
    fn columns_line_up_and_a_text_is_never_cut() {
        let rows = [["a", "ready", "1", ""], ["long-name", "waiting", "-", LONG]];
        let whole = format!("long-name  waiting  -    {LONG}");
        assert_eq!(
            shown(&rows, None),
            ["NAME       PHASE    PID  WHY", "a          ready    1", &whole]
        );
        assert_eq!(
            shown(&rows, Some(64))[2..],
            [
                "long-name  waiting  -    try 3 in 4 s: its process ended with",
                "                         exit status 1"
            ]
        );
        assert_eq!(
            shown(&rows, Some(40))[2..],
            [
                "long-name  waiting  -",
                "    try 3 in 4 s: its process ended with",
                "    exit status 1"
            ]
        );
        assert_eq!(shown(&rows, Some(26))[0], "NAME       PHASE    WHY");
    }

    #[test]
    fn no_line_is_too_long() {
        let rows = [["a", "ready", "1", ""], ["long-name", "waiting", "123456", LONG]];
        for width in 26..100 {
            for line in shown(&rows, Some(width)) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
