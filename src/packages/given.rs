//! What a person says, and the servers that they mean by it.

use super::described;
use super::drafting::{draft, set_command};
use super::error::{PackageError, refused};
use super::fetch::WantedFile;
use super::form::{FORMS, Form, Whence};
use super::listing::Listing;
use super::question::PackageAnswers;
use super::registry;
use super::wishes::{FoundServers, Wishes};
use super::{bundle, launch, line, naming, snippet};
use crate::base::ServerName;
use crate::imports::{ForeignFile, ImportPlace, import};
use crate::json::Json;

/// What is to be added.
#[derive(Debug)]
pub enum Given {
    /// A program and its arguments.
    Command(Vec<String>),
    /// The address of a server.
    Url(String),
    /// Anything else.
    Form(Form),
}

/// Finds them.
pub(super) fn found(
    given: Given,
    wishes: &Wishes,
    place: &ImportPlace,
    answers: &mut dyn PackageAnswers,
) -> Result<FoundServers, PackageError> {
    let name = |usual: ServerName| wishes.name.clone().unwrap_or(usual).to_string();
    match given {
        Given::Command(words) => {
            let mut draft = draft(name(naming::of_command(&words)));
            let (program, args) = words
                .split_first()
                .ok_or_else(|| PackageError::Usage(format!("there is nothing to add; {FORMS}")))?;
            draft.set("command", Json::from(program.as_str()));
            if !args.is_empty() {
                draft
                    .set("args", Json::Array(args.iter().map(|arg| arg.as_str().into()).collect()));
            }
            Ok(FoundServers { drafts: vec![draft], ..FoundServers::default() })
        }
        Given::Url(url) | Given::Form(Form::Address(url)) => {
            let mut draft = draft(name(naming::of_url(&url)));
            draft.set("url", Json::from(url));
            Ok(FoundServers { drafts: vec![draft], ..FoundServers::default() })
        }
        Given::Form(Form::Snippet(text)) => of_file(&snippet::read(&text)?, place),
        Given::Form(Form::Line(words)) => of_file(&line::read(&words)?, place),
        Given::Form(Form::Document(Whence::File(path))) => {
            let file = ForeignFile::read(&path, None)?;
            if Listing::is_in(file.tree()) {
                return described::of(file.tree(), None, wishes, place, answers);
            }
            of_file(&snippet::named(file), place)
        }
        Given::Form(Form::Document(Whence::Url(url))) => {
            let said = registry::document_at(&url)?;
            if Listing::is_in(&said.tree) {
                return described::of(&said.tree, Some(&said.url), wishes, place, answers);
            }
            // A config on the net would be run unread.
            Err(refused(format!("{url} is no server.json; read it, and paste what you want of it")))
        }
        Given::Form(Form::Listed { name, version }) => {
            let said = wishes.registries.server(&name, version.as_deref())?;
            described::of(&said.tree, Some(&said.url), wishes, place, answers)
        }
        Given::Form(Form::Package(package)) => {
            let command = launch::of_name(&package, &wishes.registries, &WantedFile::named)?;
            let mut draft = draft(name(naming::of_package(&package.identifier)));
            set_command(&mut draft, command.program, command.args);
            Ok(FoundServers {
                drafts: vec![draft],
                from: vec![command.from],
                ..FoundServers::default()
            })
        }
        Given::Form(Form::Bundle(whence)) => bundle::of(&whence, None, wishes, place, answers),
    }
}

fn of_file(file: &ForeignFile, place: &ImportPlace) -> Result<FoundServers, PackageError> {
    let (drafts, notes) = import::drafts(file, place)?;
    Ok(FoundServers { drafts, notes, ..FoundServers::default() })
}
