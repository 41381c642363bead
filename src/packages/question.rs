//! What only the person knows: values that a server needs.

use super::drafting::{literal, put_member};
use super::error::{PackageError, refused};
use super::placeholder::is_placeholder;
use crate::base::secret::may_name_secret;
use crate::base::{Secret, quoted};
use crate::imports::draft::HiddenText;
use crate::imports::{SecretsDir, ServerDraft, hidden};
use crate::json::Json;

/// How the name of a file begins that stands for a question of an editor.
const INPUT: &str = "input-";

/// A value that is wanted.
#[derive(Debug, Clone, Default)]
pub struct PackageQuestion {
    /// What it is, for people.
    pub title: String,
    pub is_secret: bool,
    pub is_required: bool,
    pub choices: Vec<String>,
}

/// Who is asked for values.
pub trait PackageAnswers {
    /// Values that were given ahead for this key, in their order.
    fn given(&mut self, key: &str) -> Vec<String>;
    /// What a person answers; `None`: there is nobody, or they know nothing.
    fn ask(&mut self, question: &PackageQuestion) -> Option<Secret>;
}

/// Asks for what a README leaves to its readers. What is given is taken as it is.
pub(super) fn fill(
    draft: &mut ServerDraft,
    secrets: &SecretsDir,
    answers: &mut dyn PackageAnswers,
) -> Result<(), PackageError> {
    if let Some(words) = draft.get("args").and_then(Json::as_array)
        && let Some(word) = words.iter().filter_map(Json::as_str).find(|word| is_placeholder(word))
    {
        return Err(refused(format!(
            "the argument `{}` is only an example; put your own in its place",
            quoted(word)
        )));
    }
    for table in ["env", "headers"] {
        let members = draft.get(table).and_then(Json::as_object).unwrap_or_default();
        let is_open = |(_, value): &&(String, Json)| value.as_str().is_some_and(is_placeholder);
        let open: Vec<(String, String)> = members
            .iter()
            .filter(is_open)
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect();
        for (name, example) in open {
            let value = answer(table, &name, answers)?;
            let scheme = example.split_once(' ').filter(|_| table == "headers").map(|(s, _)| s);
            let scheme = scheme.filter(|scheme| matches!(*scheme, "Bearer" | "Basic" | "token"));
            let is_whole = scheme.is_none_or(|scheme| value.expose().starts_with(scheme));
            let start = scheme.filter(|_| !is_whole).map_or_else(String::new, |s| format!("{s} "));
            let text = if may_name_secret(&name) {
                hidden::keep(draft, secrets, &name, value.expose())
            } else {
                literal(value.expose())
            };
            put_member(draft, table, &name, Json::from(format!("{start}{text}")));
        }
    }
    Ok(())
}

/// Files that a person is to write, as what editors ask for is translated: what is given for one, or
/// answered, goes into it. Gives the names of those that are filled.
pub(super) fn inputs(
    draft: &mut ServerDraft,
    secrets: &SecretsDir,
    answers: &mut dyn PackageAnswers,
) -> Vec<String> {
    let start = format!("${{file:{}/{INPUT}", secrets.reference);
    let mut texts = String::new();
    for (_, value) in &draft.keys {
        value.write(&mut texts);
    }
    let mut filled: Vec<String> = Vec::new();
    for rest in texts.split(&start).skip(1) {
        let id = rest.split('}').next().unwrap_or_default();
        let name = format!("{INPUT}{id}");
        let is_there = secrets.path.join(&name).symlink_metadata().is_ok();
        if filled.contains(&name) || id.contains('/') {
            continue;
        }
        let given = answers.given(id).pop().map(Secret::new);
        let asked = || {
            let title = format!("{id} (a secret of {})", draft.name);
            let question =
                PackageQuestion { title, is_secret: true, is_required: true, choices: Vec::new() };
            if is_there { None } else { answers.ask(&question) }
        };
        if let Some(text) = given.or_else(asked).filter(|text| !text.expose().is_empty()) {
            let text = Secret::new(format!("{}\n", text.expose()));
            draft.hidden.push(HiddenText { name: name.clone(), text });
            filled.push(name);
        }
    }
    filled
}

fn answer(
    table: &str,
    name: &str,
    answers: &mut dyn PackageAnswers,
) -> Result<Secret, PackageError> {
    if let Some(value) = answers.given(name).pop() {
        return Ok(Secret::new(value));
    }
    let question = PackageQuestion {
        title: format!("{name} ({table})"),
        is_secret: may_name_secret(name),
        is_required: true,
        choices: Vec::new(),
    };
    let way = if table == "env" {
        format!("-e {name}=VALUE")
    } else {
        format!("--header '{name}: VALUE'")
    };
    answers.ask(&question).filter(|value| !value.expose().is_empty()).ok_or_else(|| {
        refused(format!(
            "{name} in `{table}` is only an example; give your own: {way}, or --set {name}=VALUE"
        ))
    })
}
