//! What only the person knows: values that a server needs.

use super::drafting::{literal, put_member};
use super::error::{PackageError, refused};
use super::placeholder::is_placeholder;
use crate::base::secret::may_name_secret;
use crate::base::{Secret, quoted};
use crate::imports::{SecretsDir, ServerDraft, hidden};
use crate::json::Json;

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
    desk: &mut dyn PackageAnswers,
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
            let value = answer(table, &name, desk)?;
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

fn answer(table: &str, name: &str, desk: &mut dyn PackageAnswers) -> Result<Secret, PackageError> {
    if let Some(value) = desk.given(name).pop() {
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
    desk.ask(&question).filter(|value| !value.expose().is_empty()).ok_or_else(|| {
        refused(format!(
            "{name} in `{table}` is only an example; give your own: {way}, or --set {name}=VALUE"
        ))
    })
}
