//! The words behind a tool's name.

use std::io::Read;
use std::path::Path;

use super::trouble::Trouble;
use crate::base::{file, quoted};
use crate::json::Json;

/// The largest JSON text that is read, in bytes.
const JSON_MAX: u64 = 64 << 20;
/// What stands for stdin.
const STDIN: &str = "-";

/// Arguments as they were given.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Given {
    /// What is JSON already.
    pub(super) members: Vec<(String, Json)>,
    /// Names with the texts that stand for their values, each once, in the order of the words.
    pub(super) texts: Vec<(String, Vec<String>)>,
}

impl Given {
    /// Reads the words, and the files that they name.
    pub(super) fn read(words: &[String]) -> Result<Self, Trouble> {
        let mut given = Self::default();
        let mut is_stdin_read = false;
        for word in words {
            if word == STDIN && std::mem::replace(&mut is_stdin_read, true) {
                return Err(Trouble::Usage("stdin can be read once only".to_owned()));
            }
            given.take(word)?;
        }
        Ok(given)
    }

    fn take(&mut self, word: &str) -> Result<(), Trouble> {
        if word == STDIN || word.starts_with(['@', '{', '[']) {
            return self.take_object(&object(word)?);
        }
        let Some((name, value)) = word.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Trouble::Usage(format!(
                "{} is no argument; write NAME=VALUE, NAME:=JSON, a JSON object, @FILE or -",
                quoted(word)
            )));
        };
        match name.strip_suffix(':') {
            Some(name) => {
                let value = Json::parse(value).map_err(|error| {
                    let name = quoted(name);
                    Trouble::Usage(format!(
                        "the value of {name} is no JSON: {error}; {name}=VALUE takes a text"
                    ))
                })?;
                self.put(name, value)
            }
            None if self.members.iter().any(|(other, _)| other == name) => Err(twice(name)),
            None => {
                match self.texts.iter_mut().find(|(other, _)| other == name) {
                    Some((_, values)) => values.push(value.to_owned()),
                    None => self.texts.push((name.to_owned(), vec![value.to_owned()])),
                }
                Ok(())
            }
        }
    }

    fn take_object(&mut self, object: &Json) -> Result<(), Trouble> {
        let members = object.as_object().unwrap_or_default();
        members.iter().try_for_each(|(name, value)| self.put(name, value.clone()))
    }

    fn put(&mut self, name: &str, value: Json) -> Result<(), Trouble> {
        let is_given = self.members.iter().any(|(other, _)| other == name)
            || self.texts.iter().any(|(other, _)| other == name);
        if is_given {
            return Err(twice(name));
        }
        self.members.push((name.to_owned(), value));
        Ok(())
    }
}

fn twice(name: &str) -> Trouble {
    Trouble::Usage(format!("{} is given twice", quoted(name)))
}

/// The JSON object that `word` is, or that is in the file that it names.
fn object(word: &str) -> Result<Json, Trouble> {
    let value = json(word)?;
    if value.is_object() {
        return Ok(value);
    }
    Err(Trouble::Usage(format!("arguments are a JSON object, and this is {}", value.title())))
}

/// The JSON that `word` is, or that is in the file that it names.
pub(super) fn json(word: &str) -> Result<Json, Trouble> {
    let (text, place) = match word.strip_prefix('@') {
        _ if word == STDIN => (stdin()?, "stdin".to_owned()),
        Some(path) => (from_file(Path::new(path))?, quoted(path).to_string()),
        None => (word.as_bytes().to_vec(), "the argument".to_owned()),
    };
    let wrong = |what: String| Trouble::Usage(format!("{place} is no JSON: {what}"));
    let text = String::from_utf8(text).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    Json::parse(text.trim()).map_err(|error| wrong(error.to_string()))
}

fn from_file(path: &Path) -> Result<Vec<u8>, Trouble> {
    file::read(path, JSON_MAX).map_err(|error| Trouble::Usage(error.to_string()))
}

fn stdin() -> Result<Vec<u8>, Trouble> {
    let mut text = Vec::new();
    let read = std::io::stdin().lock().take(JSON_MAX + 1).read_to_end(&mut text);
    match read {
        Err(error) => Err(Trouble::Usage(format!("stdin cannot be read: {error}"))),
        Ok(len) if len as u64 > JSON_MAX => {
            Err(Trouble::Usage(format!("stdin has more than {} MiB", JSON_MAX >> 20)))
        }
        Ok(_) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::Given;

    fn read(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let given = Given::read(&words).map_err(|trouble| trouble.to_string())?;
        let members = given.members.iter().map(|(name, value)| format!("{name}:={value}"));
        let texts = given.texts.iter().map(|(name, texts)| format!("{name}={}", texts.join("|")));
        Ok(members.chain(texts).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn each_form_of_a_word_is_read() {
        for (words, expected) in [
            (&[][..], ""),
            (&["a=1", "b=", "c=x=y"], "a=1 b= c=x=y"),
            (&["a:=1.10", "b:={\"c\":[ ]}"], "a:=1.10 b:={\"c\":[]}"),
            (&["{\"n\":12345678901234567890}"], "n:=12345678901234567890"),
            (&["{\"a\":1}", "b=2"], "a:=1 b=2"),
            (&["a=1", "b=2", "a=3"], "a=1|3 b=2"),
        ] {
            assert_eq!(read(words).as_deref(), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn what_is_no_argument_is_told_with_the_way_out() {
        for (words, part) in [
            (&["word"][..], "NAME=VALUE"),
            (&["=1"], "NAME=VALUE"),
            (&["a:=x"], "a=VALUE takes a text"),
            (&["[1]"], "arguments are a JSON object, and this is an array"),
            (&["{\"a\":1"], "the argument is no JSON"),
            (&["{\"a\":1}", "a=2"], "a is given twice"),
            (&["a=2", "a:=1"], "a is given twice"),
            (&["@/no/such/file"], "/no/such/file"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }
}
