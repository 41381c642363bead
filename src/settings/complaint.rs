//! What is wrong, and where exactly.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A position in a file. Line and column count from 1; the column counts characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub file: Arc<Path>,
    pub line: usize,
    pub column: usize,
}

impl Place {
    /// The position of byte `offset` in `text`, the content of `file`.
    pub fn in_text(file: &Arc<Path>, text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Self { file: file.clone(), line, column: before[line_start..].chars().count() + 1 }
    }

    /// The whole file, where no position says more.
    pub fn of_file(file: &Arc<Path>) -> Self {
        Self { file: file.clone(), line: 1, column: 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// A path need not be Unicode; JSON must.
fn as_text<S: Serializer>(file: &Arc<Path>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&file.display())
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Path>, D::Error> {
    String::deserialize(deserializer).map(|text| Path::new(&text).into())
}

/// One thing that is wrong, in one sentence that names it and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Complaint {
    #[serde(flatten)]
    pub at: Place,
    /// The key as a person would name it: `servers.github.command`. Empty for a whole file.
    pub key: String,
    pub message: String,
}

impl Complaint {
    /// About a file as a whole.
    pub fn of_file(path: &Path, message: &dyn fmt::Display) -> Self {
        Self { at: Place::of_file(&path.into()), key: String::new(), message: message.to_string() }
    }
}

/// All of them in one line: the first, and how many more there are.
pub fn summary(complaints: &[Complaint]) -> Option<String> {
    match complaints {
        [] => None,
        [only] => Some(only.to_string()),
        [first, rest @ ..] => Some(format!("{first} (and {} more)", rest.len())),
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.at, self.message)
        } else {
            write!(f, "{}: {}: {}", self.at, self.key, self.message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn columns_count_characters() {
        let file: Arc<Path> = Path::new("c.toml").into();
        let check = |text, offset, line, column| {
            let place = Place::in_text(&file, text, offset);
            assert_eq!((place.line, place.column), (line, column), "{text:?} at {offset}");
        };
        check("", 0, 1, 1);
        check("ab\ncd", 4, 2, 2);
        check("é = 1", 3, 1, 3);
        check("é", 1, 1, 1);
    }
}
