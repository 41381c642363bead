//! An answer for good, as it stands in the config.

use std::path::PathBuf;

use toml::Value;

use crate::api::ApprovalReport;
use crate::base::file;
use crate::config::Location;
use crate::settings::complaint::Complaint;

const HEAD: &str = "# Written by `callmux approvals`. Without this file a person is asked again.\n";

/// Why it is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotWritten {
    #[error("{}: the config is one file, and that is yours: add the text below to it", .0.display())]
    OneFile(PathBuf),
    #[error("the config would be wrong with it: {}", first(.0))]
    Config(Vec<Complaint>),
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, std::io::Error),
}

fn first(complaints: &[Complaint]) -> String {
    complaints.first().map(ToString::to_string).unwrap_or_default()
}

/// The text of a file for all that a question is about.
pub(super) fn text(approval: &ApprovalReport) -> String {
    let mut text = HEAD.to_owned();
    let mut said: Vec<(&str, &str)> = Vec::new();
    for call in &approval.calls {
        if said.contains(&(&call.kind, &call.name)) {
            continue;
        }
        said.push((&call.kind, &call.name));
        let quoted = |text: &str| Value::from(text).to_string();
        let name = format!("{}-{}", approval.id, said.len());
        text += &format!(
            "\n[access.approved.{}]\nprincipal = {}\n{} = {}\n",
            quoted(&name),
            quoted(&approval.principal),
            call.kind,
            quoted(&call.name)
        );
    }
    text
}

/// Writes it, if the config is one with it.
pub(super) fn write(location: &Location, approval: &ApprovalReport) -> Result<PathBuf, NotWritten> {
    let path = location
        .dropin_of(&format!("approved-{}", approval.id))
        .ok_or_else(|| NotWritten::OneFile(location.path().to_path_buf()))?;
    let text = text(approval);
    location.read_as_if(&path, Some(&text)).map_err(NotWritten::Config)?;
    file::replace(&path, text.as_bytes()).map_err(|error| NotWritten::File(path.clone(), error))?;
    Ok(path)
}
