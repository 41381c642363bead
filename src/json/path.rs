//! Where a part of a value lies: `items.3.name`, `items[3].name`, `$.items[3]["a.b"]`.

use std::fmt;

use super::doc::{JsonKind, Slice};
use super::tree::Json;

/// A path to a part of a value. An empty one leads to the value itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(Vec<String>);

/// A path that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write for example `items[0].name` or `items[0][\"a.b\"]`")]
pub struct PathError(&'static str);

impl Path {
    /// Reads a path: names and positions behind dots, or in brackets; `$` at its beginning is the
    /// whole value. A slash at its beginning makes it a JSON pointer (RFC 6901).
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if let Some(pointer) = text.strip_prefix('/') {
            let step = |part: &str| part.replace("~1", "/").replace("~0", "~");
            return Ok(Self(pointer.split('/').map(step).collect()));
        }
        let mut rest = match text.strip_prefix('$') {
            Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => {
                rest.strip_prefix('.').unwrap_or(rest)
            }
            _ => text,
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (step, after) = bracket(inner)?;
                steps.push(step);
                rest = match after.strip_prefix('.') {
                    Some("") => return Err(PathError("a path ends with a dot")),
                    Some(after) => after,
                    None if after.is_empty() || after.starts_with('[') => after,
                    None => return Err(PathError("a `.` is missing behind a `]`")),
                };
                continue;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(PathError("a name in a path is empty"));
            }
            steps.push(rest[..end].to_owned());
            rest = match rest[end..].strip_prefix('.') {
                Some("") => return Err(PathError("a path ends with a dot")),
                Some(after) => after,
                None => &rest[end..],
            };
        }
        Ok(Self(steps))
    }

    /// Whether it leads to the value itself.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// The part of `value` that the path leads to.
    pub fn find<'a>(&self, value: &'a Json) -> Option<&'a Json> {
        self.0.iter().try_fold(value, |value, step| match value {
            Json::Object(_) => value.get(step),
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The same in a text.
    pub fn find_in<'a>(&self, value: Slice<'a>) -> Option<Slice<'a>> {
        self.0.iter().try_fold(value, |value, step| match value.kind() {
            JsonKind::Object => value.get(step),
            JsonKind::Array => value.items().nth(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The part of `value` that as many steps lead to as lead to anything, and the path on from there.
    pub fn find_as_far<'a>(&self, value: Slice<'a>) -> (Slice<'a>, Self) {
        let mut found = value;
        for (done, step) in self.0.iter().enumerate() {
            match Self(vec![step.clone()]).find_in(found) {
                Some(next) => found = next,
                None => return (found, Self(self.0[done..].to_vec())),
            }
        }
        (found, Self::default())
    }

    /// The path to the member, or to the item at the position, that `step` names.
    #[must_use]
    pub fn join(&self, step: impl Into<String>) -> Self {
        Self(self.0.iter().cloned().chain([step.into()]).collect())
    }
}

/// A text that [`Path::parse`] reads as this path.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().any(|step| step.contains('"') && step.contains('\'')) {
            let escaped = |step: &String| step.replace('~', "~0").replace('/', "~1");
            return self.0.iter().try_for_each(|step| write!(f, "/{}", escaped(step)));
        }
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 && step.bytes().all(|byte| byte.is_ascii_digit()) && !step.is_empty() {
                write!(f, "[{step}]")?;
            } else if step.is_empty() || step.starts_with(['$', '/']) || step.contains(['.', '[']) {
                let quote = if step.contains('"') { '\'' } else { '"' };
                write!(f, "[{quote}{step}{quote}]")?;
            } else {
                write!(f, "{}{step}", if index > 0 { "." } else { "" })?;
            }
        }
        Ok(())
    }
}

/// What stands between brackets, and what follows them.
fn bracket(inner: &str) -> Result<(String, &str), PathError> {
    let open = PathError("a `[` has no `]`");
    let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let (step, after) = inner.split_once(']').ok_or(open)?;
        let is_position = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        return if is_position {
            Ok((step.to_owned(), after))
        } else {
            Err(PathError("between brackets stands a position or a name in quotes"))
        };
    };
    let (step, after) = inner[1..].split_once(quote).ok_or(open.clone())?;
    Ok((step.to_owned(), after.strip_prefix(']').ok_or(open)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Json, Path};

    #[test]
    fn parts_are_found() {
        let value = Json::parse(r#"{"a":[{"b":1},{"b.c":2,"":3}],"$x":4,"0":5}"#).unwrap();
        let check = |path: &str, expected: Option<&str>| {
            let found = Path::parse(path).unwrap().find(&value).map(Json::to_string);
            assert_eq!(found.as_deref(), expected, "{path}");
        };
        check("a.0.b", Some("1"));
        check("a[0].b", Some("1"));
        check("$.a[0].b", Some("1"));
        check(r#"a[1]["b.c"]"#, Some("2"));
        check("a[1]['b.c']", Some("2"));
        check("/a/1/b.c", Some("2"));
        check("$x", Some("4"));
        check("0", Some("5"));
        check("a[9]", None);
        check("a.b", None);
        check("a[0].b.c", None);
        assert_eq!(Path::parse("$").unwrap().find(&value), Some(&value));
        assert_eq!(Path::parse("").unwrap().find(&value), Some(&value));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["a..b", ".a", "a.", "a[", "a[x]", "a[]", "a[-1]", "a[0]b", "a[0].", "a[\"b]"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn paths_read_well() {
        for (text, expected) in [
            ("", ""),
            ("$.items.3.name", "items[3].name"),
            ("0.a", "0.a"),
            ("/a/b.c//$", r#"a["b.c"][""]["$"]"#),
        ] {
            assert_eq!(Path::parse(text).unwrap().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn a_path_is_read_as_it_is_written(
            steps in proptest::collection::vec(r#"[a-z0-9.\[\]"'$/~]{0,4}"#, 0..4),
        ) {
            let path = steps.iter().fold(Path::default(), |path, step| path.join(step.as_str()));
            prop_assert_eq!(Path::parse(&path.to_string()).unwrap(), path);
        }
    }
}
