//! What a package asks for, and what it gets.

use super::drafting::{MixedText, literal};
use super::error::{PackageError, refused};
use super::listing::ListedInput;
use super::question::{PackageAnswers, PackageQuestion};
use crate::base::quoted;
use crate::imports::{SecretsDir, ServerDraft, hidden};

/// So much of a description is shown, in characters.
const SHOWN_MAX: usize = 160;

/// Who answers, and where secrets of the server go.
pub(super) struct Values<'a> {
    pub(super) draft: &'a mut ServerDraft,
    pub(super) secrets: &'a SecretsDir,
    pub(super) answers: &'a mut dyn PackageAnswers,
}

impl Values<'_> {
    /// The value as the config has it; `None`: it has none, and need not. `is_given`: a person says it
    /// elsewhere.
    pub(super) fn of(
        &mut self,
        input: &ListedInput,
        is_given: bool,
    ) -> Result<Option<String>, PackageError> {
        if is_given {
            return Ok(None);
        }
        let Some(value) = &input.value else {
            let answer = self.answer(input)?;
            return Ok(answer.map(|text| self.written(input, &text)));
        };
        self.template(input, value).map(Some)
    }

    /// A value with its variables in place.
    fn template(&mut self, input: &ListedInput, value: &str) -> Result<String, PackageError> {
        let mut out = MixedText::default();
        let mut rest = value;
        while let Some(at) = rest.find('{') {
            let (before, behind) = (&rest[..at], &rest[at + 1..]);
            let name = behind.split('}').next().unwrap_or_default();
            let is_named = |variable: &&ListedInput| variable.name == name;
            match input.variables.iter().find(is_named).filter(|_| behind.len() > name.len()) {
                Some(variable) => {
                    out.plain(before);
                    self.variable(variable, &mut out)?;
                    rest = &behind[name.len() + 1..];
                }
                None => {
                    out.plain(&rest[..=at]);
                    rest = behind;
                }
            }
        }
        out.plain(rest);
        Ok(out.written())
    }

    fn variable(
        &mut self,
        variable: &ListedInput,
        out: &mut MixedText,
    ) -> Result<(), PackageError> {
        if let Some(value) = &variable.value {
            out.plain(value);
            return Ok(());
        }
        let answer = self.answer(variable)?.ok_or_else(|| needed(variable))?;
        if variable.is_secret {
            let reference = hidden::keep(self.draft, self.secrets, &variable.name, &answer);
            out.reference(&reference);
        } else {
            out.plain(&answer);
        }
        Ok(())
    }

    fn written(&mut self, input: &ListedInput, text: &str) -> String {
        if input.is_secret {
            hidden::keep(self.draft, self.secrets, input.name.trim_start_matches('-'), text)
        } else {
            literal(text)
        }
    }

    /// What is given for it, its default, or what a person answers.
    pub(super) fn answer(&mut self, input: &ListedInput) -> Result<Option<String>, PackageError> {
        let key = input.name.trim_start_matches('-');
        let given = self.answers.given(key).pop();
        if let Some(text) = given.or_else(|| input.default.clone()) {
            return judge(input, text).map(Some);
        }
        let about: String = input.description.chars().take(SHOWN_MAX).collect();
        let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
        let question = PackageQuestion {
            title: format!("{}{about}", input.name),
            is_secret: input.is_secret,
            is_required: input.is_required,
            choices: input.choices.clone(),
        };
        if !input.is_required {
            return Ok(None);
        }
        let answer = self.answers.ask(&question).map(|text| text.expose().to_owned());
        match answer.filter(|text| !text.is_empty()) {
            Some(text) => judge(input, text).map(Some),
            None => Err(needed(input)),
        }
    }
}

fn needed(input: &ListedInput) -> PackageError {
    let key = input.name.trim_start_matches('-');
    let about = match input.description.as_str() {
        "" => String::new(),
        about => format!(" ({})", quoted(about)),
    };
    let choices = match input.choices.as_slice() {
        [] => String::new(),
        choices => format!(", one of {}", choices.join(", ")),
    };
    refused(format!("it needs {}{about}{choices}; give it with --set {key}=VALUE", quoted(key)))
}

/// A value that is what it should be.
fn judge(input: &ListedInput, text: String) -> Result<String, PackageError> {
    let key = input.name.trim_start_matches('-');
    let wrong = |wanted: &str| refused(format!("{} has to be {wanted}", quoted(key)));
    if !input.choices.is_empty() && !input.choices.contains(&text) {
        return Err(wrong(&format!("one of {}", input.choices.join(", "))));
    }
    match input.format.as_str() {
        "number" if text.parse::<f64>().is_err() => Err(wrong("a number")),
        "boolean" if !matches!(text.as_str(), "true" | "false") => Err(wrong("true or false")),
        "filepath" | "file_path" => Ok(crate::base::dirs::expand_home(&text).display().to_string()),
        _ => Ok(text),
    }
}
