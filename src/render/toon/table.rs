//! Objects that are much alike, as the rows of a table (section 9.3).

use std::collections::{HashMap, HashSet};

use super::{is_scalar, line, write_name, write_scalar};
use crate::json::Json;

/// Of all cells, so many in a hundred have to hold scalars: with less, a list is the better form.
const SCALARS_MIN: usize = 60;
/// More columns are no table that anybody reads.
const COLUMNS_MAX: usize = 256;

/// The rows of a table.
#[derive(Debug)]
pub struct ToonTable<'a> {
    columns: Vec<&'a str>,
    /// For each row, the value of each column.
    rows: Vec<Vec<Option<&'a Json>>>,
    delimiter: char,
}

impl<'a> ToonTable<'a> {
    /// The items as a table, if all are objects whose members stand in the same order, and most of them hold
    /// scalars.
    pub fn of(items: &'a [Json]) -> Option<Self> {
        let rows: Vec<&[(String, Json)]> =
            items.iter().map(Json::as_object).collect::<Option<_>>()?;
        if rows.iter().any(|members| members.is_empty() || members.len() > COLUMNS_MAX) {
            return None;
        }
        let columns = columns(&rows)?;
        let places: HashMap<&str, usize> =
            columns.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let cells = |members: &&'a [(String, Json)]| {
            let mut row = vec![None; columns.len()];
            let mut next = 0;
            for (name, value) in *members {
                let at = *places.get(name.as_str())?;
                // Members of another order would be read back in this one.
                if at < next {
                    return None;
                }
                next = at + 1;
                row[at] = Some(value);
            }
            Some(row)
        };
        let rows: Vec<Vec<Option<&Json>>> = rows.iter().map(cells).collect::<Option<_>>()?;
        let all = rows.iter().flatten();
        let scalars = all.clone().flatten().filter(|value| is_scalar(value)).count();
        if scalars * 100 < columns.len() * rows.len() * SCALARS_MIN {
            return None;
        }
        let has_nested = all.flatten().any(|value| !is_scalar(value));
        // A line must not begin with a tab (section 12), and a colon before the first is that of a member.
        if has_nested && rows.iter().any(|row| !row[0].is_some_and(is_scalar)) {
            return None;
        }
        Some(Self { columns, rows, delimiter: if has_nested { '\t' } else { ',' } })
    }

    /// Writes the head behind the array's name, and the rows below `depth`.
    pub(super) fn write(&self, depth: usize, out: &mut String) {
        let tab = if self.delimiter == '\t' { "\t" } else { "" };
        out.push_str(&format!("[{}{tab}]", self.rows.len()));
        for (index, name) in self.columns.iter().enumerate() {
            out.push(if index == 0 { '{' } else { self.delimiter });
            write_name(name, out);
        }
        out.push_str("}:");
        for row in &self.rows {
            line(depth + 1, out);
            for (index, value) in row.iter().enumerate() {
                if index > 0 {
                    out.push(self.delimiter);
                }
                match value {
                    None => {}
                    Some(value) if is_scalar(value) => write_scalar(value, out),
                    Some(nested) => nested.write(out),
                }
            }
        }
    }
}

/// The names of all members, each behind the one that it follows in its row. A single column cannot lack: a row
/// without any cell would be an empty line.
fn columns<'a>(rows: &[&'a [(String, Json)]]) -> Option<Vec<&'a str>> {
    let mut columns: Vec<&str> = Vec::new();
    let mut known: HashSet<&str> = HashSet::new();
    for members in rows {
        let is_known = |(name, _): &&(String, Json)| known.contains(name.as_str());
        if members.iter().all(|member| is_known(&member)) {
            continue;
        }
        let mut at = 0;
        for (name, _) in *members {
            match columns.iter().position(|column| column == name) {
                Some(place) => at = place + 1,
                None => {
                    columns.insert(at, name);
                    known.insert(name);
                    at += 1;
                }
            }
        }
        if columns.len() > COLUMNS_MAX {
            return None;
        }
    }
    Some(columns)
}
