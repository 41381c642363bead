//! The priority that a program gives a line of its stderr: a number in angle brackets before it, as
//! systemd reads it of services (sd-daemon(3)).

use crate::facts::Priority;

/// What a line of a server has in the journal, and the line without it.
pub(super) fn split(line: &[u8]) -> (Priority, &[u8]) {
    let [b'<', digit @ b'0'..=b'7', b'>', rest @ ..] = line else { return (Priority::Info, line) };
    let priority = match digit {
        b'0'..=b'3' => Priority::Error,
        b'4' => Priority::Warning,
        b'5' => Priority::Notice,
        _ => Priority::Info,
    };
    (priority, rest)
}

#[cfg(test)]
mod tests {
    use super::split;
    use crate::facts::Priority::{Error, Info, Notice, Warning};

    #[test]
    fn a_line_says_its_priority_and_none_that_is_not_its_own() {
        let of = |digit: char| split(format!("<{digit}>").as_bytes()).0;
        let all = [Error, Error, Error, Error, Warning, Notice, Info, Info];
        assert_eq!(('0'..='7').map(of).collect::<Vec<_>>(), all);
        assert_eq!(split(b"<4>a <3>b"), (Warning, b"a <3>b".as_slice()));
        for line in ["", "<", "<4", "<8>a", "<44>a", " <3>a", "<a>b"] {
            assert_eq!(split(line.as_bytes()), (Info, line.as_bytes()));
        }
    }
}
