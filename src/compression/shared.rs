//! What the descriptions of a server's tools all begin with.

/// Shorter beginnings are how tools are described, and not what is said of all of them, in characters.
const LEN_MIN: usize = 40;
/// Fewer tools share nothing.
const TOOLS_MIN: usize = 3;

/// The sentences with which at least half of the descriptions begin, three of them and more: what is said of a server
/// in each of its tools. It ends where a sentence or a heading does, and a blank behind it.
pub fn shared_beginning<'a>(descriptions: &[&'a str]) -> Option<&'a str> {
    // Those that begin alike stand together.
    let mut sorted: Vec<&str> = descriptions.to_vec();
    sorted.sort_unstable();
    let starts = |text: &str, with: &str| text.starts_with(with);
    let mut best: Option<(usize, &str)> = None;
    let mut rest = &sorted[..];
    while let Some(first) = rest.first() {
        let head = &first[..first.floor_char_boundary(LEN_MIN)];
        let count = rest.iter().take_while(|text| starts(text, head)).count();
        let (alike, others) = rest.split_at(count);
        rest = others;
        let is_most = count >= TOOLS_MIN && count * 2 >= descriptions.len();
        if is_most && best.is_none_or(|(most, _)| count > most) {
            // The first and the last of a sorted list have in common what all have.
            best = Some((count, common(first, alike[count - 1])));
        }
    }
    let (_, common) = best?;
    let end = common
        .char_indices()
        .zip(common.chars().skip(1))
        .filter(|((_, sign), next)| matches!(sign, '.' | ':' | '!' | '?') && next.is_whitespace())
        .map(|((at, sign), next)| at + sign.len_utf8() + next.len_utf8())
        .last()?;
    common.get(..end).filter(|shared| shared.len() >= LEN_MIN)
}

/// What two texts both begin with.
fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let len: usize =
        a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    &a[..len]
}

#[cfg(test)]
mod tests {
    use super::shared_beginning;

    #[test]
    fn what_is_said_of_all_is_found() {
        let about = "This tool belongs to the file system, which has files, folders etc. Tool description: ";
        let all =
            ["Copy a file.", "Copy a folder.", "Delete a file."].map(|it| format!("{about}{it}"));
        let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(shared_beginning(&all), Some(about));
        all.extend(["Other things.", "And others.", "Still more."]);
        assert_eq!(shared_beginning(&all), Some(about));
        all.push("One too many.");
        assert_eq!(shared_beginning(&all), None);
        assert_eq!(shared_beginning(&all[..2]), None);
    }

    #[test]
    fn tools_that_are_described_alike_share_nothing() {
        let alike = [
            "Get the list of all things that there are in the store of a user",
            "Get the list of all things that there are in the store of a team",
            "Get the list of all things that there are in the store of a shop",
        ];
        assert_eq!(shared_beginning(&alike), None);
        assert_eq!(shared_beginning(&["Do it: a", "Do it: b", "Do it: c"]), None);
        assert_eq!(shared_beginning(&[]), None);
        assert_eq!(shared_beginning(&["", "", ""]), None);
    }
}
