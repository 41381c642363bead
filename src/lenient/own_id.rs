//! The ids of our requests, as servers write them back.

/// Our id in what a server wrote. We write a number; some send it back as a text, or with a fraction of
/// nothing.
pub fn read(written: &str) -> Option<u64> {
    written.parse().ok().or_else(|| read_otherwise(written))
}

/// Whether both are the same id of ours.
pub fn are_equal(one: &str, other: &str) -> bool {
    read(one).is_some_and(|id| read(other) == Some(id))
}

#[cold]
fn read_otherwise(written: &str) -> Option<u64> {
    let text = written.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let number = text.unwrap_or(written);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_nothing = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let is_digits = whole.bytes().all(|digit| digit.is_ascii_digit());
    if is_nothing && is_digits { whole.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
