//! `callmux_call`: any tool by its name.

use super::inner::{Context, is_error};
use super::input::Fields;
use super::wanted::Wanted;
use crate::base::large;
use crate::json::{Doc, Json, Slice};
use crate::mux::{Maker, Outlet, fit};
use crate::replies::ToolError;
use crate::representation::{Reader, result_for};
use crate::wire::Era;

/// The tool of ours that can be called through this one, so that a preview leads on where only
/// `callmux_call` is listed.
const GET_RESULT: &str = "callmux_get_result";

/// What is to be called.
#[derive(Debug)]
pub(super) enum SinglePlan {
    Tool(Wanted),
    /// `callmux_get_result` with these arguments.
    GetResult(Json),
}

impl SinglePlan {
    pub(super) fn decode(fields: &mut Fields) -> Result<Self, ToolError> {
        // Every call tries a server that is down again, so there is nothing to force.
        fields.flag("forceReconnect")?;
        let wanted = Wanted::decode(fields, false)?;
        let is_ours = wanted.server.as_deref().is_none_or(|server| server == "callmux");
        Ok(if wanted.tool == GET_RESULT && is_ours {
            Self::GetResult(wanted.arguments)
        } else {
            Self::Tool(wanted)
        })
    }
}

impl<O: Outlet> Context<'_, O> {
    /// The result as the server gave it, as this client is to read it.
    pub(super) async fn single(&self, wanted: &Wanted) -> Result<Json, ToolError> {
        let ended = self.run(wanted, Maker::MetaTool).await;
        let result = match ended.result {
            Ok(result) => result,
            Err(error) => return Err(with_misfit(error, ended.misfit)),
        };
        let len = result.text().len();
        let result = match self.single_reader(wanted, &result) {
            Some(reader) => {
                let whole = result.clone();
                let work = move || {
                    let short = result_for(&reader, result.root(), len);
                    short.and_then(|short| Doc::read(short).ok()).unwrap_or(result)
                };
                large::beside(len, work).await.unwrap_or(whole)
            }
            None => result,
        };
        Ok(self.in_era(result.root(), ended.misfit))
    }

    /// Who reads this result; `None` if it is not to be touched.
    fn single_reader(&self, wanted: &Wanted, result: &Doc) -> Option<Reader> {
        let entry = self.seen(wanted).ok()?;
        let mut limits = fit::limits_of(self.view(), &entry.server.config, &entry.item)?;
        limits.format = self.format.unwrap_or(limits.format);
        limits.touch(&[result.text().as_bytes()]).then(|| Reader {
            format: limits.format(),
            max_result: limits.max_result,
            server: Some(entry.server.name.clone()),
            ..self.reader(&entry.shown)
        })
    }

    /// The result as this client's era has it. A tool's own error has what of the arguments does not
    /// fit as a further text.
    fn in_era(&self, result: Slice<'_>, misfit: Option<Json>) -> Json {
        if !result.is_object() {
            return Json::Written(result.to_doc());
        }
        let misfit = misfit.filter(|_| is_error(result));
        let mut members = Vec::new();
        if self.call.era == Era::Modern {
            members.push(("resultType".to_owned(), "complete".into()));
        }
        for (name, value) in result.members() {
            let is_content = name.says("content") && value.is_array();
            let value = match &misfit {
                Some(misfit) if is_content => appended(value, misfit),
                _ => Json::Written(value.to_doc()),
            };
            members.push((name.text().unwrap_or_default().into_owned(), value));
        }
        Json::Object(members)
    }
}

/// An error that says what of the arguments does not fit.
fn with_misfit(mut error: ToolError, misfit: Option<Json>) -> ToolError {
    if let Some(Json::Object(misfit)) = misfit {
        match &mut error.details {
            Some(Json::Object(details)) => details.extend(misfit),
            other => *other = Some(Json::Object(misfit)),
        }
    }
    error
}

fn appended(content: Slice<'_>, misfit: &Json) -> Json {
    let text = Json::object([("_callmux", misfit.clone())]).to_string();
    let items = content.items().map(|item| Json::Written(item.to_doc()));
    let text = Json::object([("type", "text".into()), ("text", text.into())]);
    Json::Array(items.chain([text]).collect())
}
