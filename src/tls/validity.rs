//! How long a certificate is good (RFC 5280, section 4.1). Of its DER nothing else is read, and what is
//! not written as it should be says nothing: it is asked of our own certificate, for a warning alone.

use std::time::{Duration, SystemTime};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of its `Validity`.
pub(super) fn end(certificate: &[u8]) -> Option<SystemTime> {
    let mut fields = inside(&mut &*certificate, SEQUENCE)?;
    let mut fields = inside(&mut fields, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        element(&mut fields)?;
    }
    // The serial number, the algorithm of the signature, the issuer.
    for _ in 0..3 {
        element(&mut fields)?;
    }
    let mut validity = inside(&mut fields, SEQUENCE)?;
    element(&mut validity)?;
    let (kind, text) = element(&mut validity)?;
    moment(kind, std::str::from_utf8(text).ok()?)
}

/// Takes one element: its tag and its content.
fn element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (digits.iter().fold(0, |all, digit| all << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, behind) = rest.split_at_checked(length)?;
    *bytes = behind;
    Some((*tag, content))
}

fn inside<'a>(bytes: &mut &'a [u8], expected: u8) -> Option<&'a [u8]> {
    element(bytes).filter(|(tag, _)| *tag == expected).map(|(_, content)| content)
}

/// `YYMMDDHHMMSSZ` up to 2049, `YYYYMMDDHHMMSSZ` from then on.
fn moment(kind: u8, text: &str) -> Option<SystemTime> {
    let text = match (kind, text.len()) {
        (UTC_TIME, 13) => format!("{}{text}", if text < "5" { "20" } else { "19" }),
        (GENERALIZED_TIME, 15) => text.to_owned(),
        _ => return None,
    };
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    let is_one = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_one || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 0000-03-01, of years that begin with March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::{GENERALIZED_TIME, UTC_TIME, end, moment};
    use proptest::prelude::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn moments_are_read_in_both_forms() {
        for (kind, text, expected) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "260727120000Z", Some(1_785_153_600)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "20240229000000Z", Some(1_709_164_800)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (UTC_TIME, "20500101000000Z", None),
            (GENERALIZED_TIME, "700101000000Z", None),
            (UTC_TIME, "261301000000Z", None),
            (UTC_TIME, "é60727120000", None),
        ] {
            let expected = expected.map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at));
            assert_eq!(moment(kind, text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_it_is_given_harms(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            _ = end(&bytes);
        }
    }
}
