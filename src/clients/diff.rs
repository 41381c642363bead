//! What changes in a file, in its lines.

/// Lines shown before and behind those that change.
const AROUND: usize = 3;

/// The lines that change, each behind `-` or `+`, with some around them; for texts that differ in one
/// place. A line is cut off behind `width` characters.
pub fn diff(before: &str, after: &str, width: usize) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let first = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - first;
    let ends = old.iter().rev().zip(new.iter().rev());
    let last = ends.take_while(|(a, b)| a == b).count().min(most);
    let line = |sign: char, text: &&str| {
        format!("{sign} {}\n", crate::base::clip::clipped(text.trim_end(), width))
    };
    let mut out = String::new();
    out.extend(old[first.saturating_sub(AROUND)..first].iter().map(|text| line(' ', text)));
    out.extend(old[first..old.len() - last].iter().map(|text| line('-', text)));
    out.extend(new[first..new.len() - last].iter().map(|text| line('+', text)));
    let behind = &new[new.len() - last..];
    out.extend(behind[..behind.len().min(AROUND)].iter().map(|text| line(' ', text)));
    out
}
