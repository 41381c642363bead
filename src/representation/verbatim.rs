//! Which JSON keeps the white space that it is written with.

use memchr::memmem;

use crate::wire::object;

/// Shorter answers have little to lose, in bytes.
const LEN_MIN: usize = 256;

/// White space of JSON in a text of JSON: behind a name, or at the beginning of an array or an object.
const SPACED: [&[u8]; 3] = [br#"\": "#, br"[\n", br"{\n"];

/// Last words of arguments that name a file, and of those that are a program: what such a tool gives may be the
/// text of a file, and an agent that changes the file says what to replace to the letter.
const NAMING: [&str; 10] =
    ["path", "paths", "filepath", "file", "files", "filename", "command", "cmd", "script", "code"];

/// Whether an answer may hold a text of JSON with white space, by its bytes.
pub(super) fn has_white_space(answer: &[u8]) -> bool {
    answer.len() >= LEN_MIN && SPACED.iter().any(|spaced| memmem::find(answer, spaced).is_some())
}

/// Whether a tool with this definition may give the text of a file as it is.
pub(super) fn gives_what_it_is_given(definition: &str) -> bool {
    let properties =
        object::get(definition, "inputSchema").and_then(|schema| object::get(schema, "properties"));
    properties.is_some_and(|properties| object::all(properties).iter().any(|(name, _)| names(name)))
}

/// Whether an argument of this name names a file or a program: `path`, `file_name`, `notebookPath`.
fn names(argument: &str) -> bool {
    let last = argument.rsplit(['_', '-']).next().unwrap_or_default();
    let word = last.rfind(char::is_uppercase).and_then(|at| last.get(at..)).unwrap_or(last);
    let is_it = |name: &str| word.eq_ignore_ascii_case(name) || last.eq_ignore_ascii_case(name);
    // `file_name` is two words.
    NAMING.iter().any(|name| is_it(name))
        || argument.to_ascii_lowercase().ends_with("file_name")
        || argument.ends_with("fileName")
}

#[cfg(test)]
mod tests {
    use super::{gives_what_it_is_given, has_white_space};
    use crate::json::Json;

    #[test]
    fn tools_that_are_told_of_a_file_give_it_as_it_is() {
        let with = |argument: &str| {
            format!(r#"{{"name":"t","inputSchema":{{"properties":{{"{argument}":{{}}}}}}}}"#)
        };
        for argument in
            ["path", "Path", "file_path", "notebookPath", "fileName", "file_name", "command"]
        {
            assert!(gives_what_it_is_given(&with(argument)), "{argument}");
        }
        for argument in ["query", "repo", "profile", "name", "userName"] {
            assert!(!gives_what_it_is_given(&with(argument)), "{argument}");
        }
        assert!(!gives_what_it_is_given("{}") && !gives_what_it_is_given("no"));
    }

    #[test]
    fn white_space_is_seen_where_there_is_much() {
        let value = serde_json::json!({"rows": vec![serde_json::json!({"id": 1}); 40]});
        let answer = |text: &str| Json::from(text).to_string();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert!(has_white_space(answer(&pretty).as_bytes()));
        let python = value.to_string().replace("\":", "\": ");
        assert!(has_white_space(answer(&python).as_bytes()));
        assert!(!has_white_space(answer(&value.to_string()).as_bytes()));
        assert!(!has_white_space(answer("{\"a\": 1}").as_bytes()));
        assert!(!has_white_space(answer(&"line\n".repeat(100)).as_bytes()));
    }
}
