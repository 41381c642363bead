//! Changes of the config, and what they would do.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::{bad_body, gone, json, problem, too_large};
use super::desk::Question;
use super::foresight::foresee;
use super::sources::AnswerSources;
use crate::api::section::SectionChange;
use crate::api::{
    ChangeDone, ConfigPlace, ProblemCode, ProblemDetails, SectionKeys, SectionReport,
    VersionReport, WantedChanges, path,
};
use crate::base::Principal;
use crate::changes::ChangeError;
use crate::changes::draft::{Draft, SectionWish, Wish};
use crate::changes::permit;
use crate::changes::section::{Section, SectionName, kind_of};
use crate::changes::versions::{Version, Versions};
use crate::clients::error::ClientError;
use crate::config::owned::is_ours;
use crate::config::patch::is_patch;
use crate::config::source::Text;
use crate::config::{Location, load};
use crate::facts;
use crate::keys::tree::Value as Node;

/// Changes in one plan, at the most.
const CHANGES_MAX: usize = 100;

/// Why nothing came of it.
#[derive(Debug)]
pub(super) enum NotChanged {
    Change(ChangeError),
    /// Neither `If-Match` nor `If-None-Match: *`.
    Unconditional,
    /// It is in another state; the tag and the keys of that, where there is one.
    Stale(Option<(String, Map<String, Value>)>),
    Body(String),
    TooLarge,
    /// The daemon has no config that is a directory of the user's.
    NoFiles,
    /// The daemon is being stopped.
    Gone,
}

impl From<ChangeError> for NotChanged {
    fn from(error: ChangeError) -> Self {
        Self::Change(error)
    }
}

/// What the request says of the state that it means.
#[derive(Debug, Clone)]
enum Precondition {
    Nothing,
    /// `If-None-Match: *`.
    Absent,
    /// `If-Match`, as it is written.
    Tags(String),
}

impl Precondition {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
            (Some(tags), _) => Self::Tags(tags.to_owned()),
            (None, Some("*")) => Self::Absent,
            _ => Self::Nothing,
        }
    }

    /// Whether it holds (RFC 9110, section 13.1).
    fn check(&self, there: Option<&Section>, salt: &[u8; 32]) -> Result<(), NotChanged> {
        let tag = there.map(|section| etag(section, salt));
        let holds = match self {
            Self::Nothing => return Err(NotChanged::Unconditional),
            Self::Absent => tag.is_none(),
            Self::Tags(tags) => tag.as_ref().is_some_and(|tag| {
                tags.split(',').map(str::trim).any(|one| one == "*" || one == tag)
            }),
        };
        let state = || there.zip(tag).map(|(section, tag)| (tag, section.shown.clone()));
        if holds { Ok(()) } else { Err(NotChanged::Stale(state())) }
    }
}

fn etag(section: &Section, salt: &[u8; 32]) -> String {
    format!("\"{}\"", section.tag(salt))
}

/// The files of the config, for work on a thread of its own.
#[derive(Debug, Clone)]
struct ConfigFiles {
    location: Location,
    versions: Versions,
}

impl AnswerSources {
    /// Does work that reads or writes the files.
    async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(ConfigFiles) -> Result<T, NotChanged> + Send + 'static,
    ) -> Result<T, NotChanged> {
        let location = self.config.clone().ok_or(NotChanged::NoFiles)?;
        let versions = Versions::of(&location).ok_or(NotChanged::NoFiles)?;
        let files = ConfigFiles { location, versions };
        tokio::task::spawn_blocking(move || work(files)).await.map_err(|_| NotChanged::Gone)?
    }

    /// Has the daemon read what was written. `made`: the version that is taken back where it is refused after all.
    async fn read_again(&self, made: Option<(Versions, u64)>) -> Result<(), NotChanged> {
        match self.desk.ask(Question::Reload).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(complaints)) => {
                if let Some((versions, id)) = made {
                    let back = tokio::task::spawn_blocking(move || versions.take_back(id));
                    drop(back.await);
                }
                Err(ChangeError::Config(complaints).into())
            }
            Err(_) => Err(NotChanged::Gone),
        }
    }
}

fn texts_of(location: &Location) -> Result<Vec<Text>, ChangeError> {
    location.texts().map_err(ChangeError::Config)
}

pub(super) async fn place(State(sources): State<AnswerSources>) -> Response {
    let why = |permit: Result<(), ChangeError>| permit.err().map(|error| error.to_string());
    let place = sources.with_files(move |files| {
        Ok(ConfigPlace {
            main_file: files.location.main_file().display().to_string(),
            additions_refused: why(permit::may_add(&files.location)),
            changes_refused: why(permit::may_patch(&files.location)),
        })
    });
    match place.await {
        Ok(place) => json(StatusCode::OK, &place),
        Err(error) => refused(error),
    }
}

pub(super) async fn sections(
    State(sources): State<AnswerSources>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let has_keys = path::asks_keys(query.as_deref().unwrap_or_default());
    let listed = sources.with_files(move |files| {
        let kind = kind_of(&kind)?;
        let texts = texts_of(&files.location)?;
        let merged = load::merge(&texts).map_err(ChangeError::Config)?;
        let salt = files.versions.salt()?;
        let names = match merged.get(kind).map(|node| &node.value) {
            Some(Node::Table(all)) => all.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let is_ours = |file: &std::path::Path, section: [&str; 2]| {
            let mut texts = texts.iter().filter(|text| *text.path == *file);
            texts.any(|text| is_ours(file, &text.text, section))
        };
        let report = |name: String| {
            let section = Section::find(&merged, [kind, &name])?;
            let patch = section.places.values().find(|place| is_patch(&place.file));
            Some(SectionReport {
                kind: kind.to_owned(),
                etag: etag(&section, &salt),
                patched_by: patch.map(|place| place.file.display().to_string()),
                is_ours: is_ours(&section.at.file, [kind, &name]),
                keys: has_keys.then_some(SectionKeys(section.shown)),
                at: section.at,
                name,
            })
        };
        Ok(names.into_iter().filter_map(report).collect::<Vec<_>>())
    });
    match listed.await {
        Ok(listed) => json(StatusCode::OK, &listed),
        Err(error) => refused(error),
    }
}

pub(super) async fn section(
    State(sources): State<AnswerSources>,
    Path((kind, name)): Path<(String, String)>,
) -> Response {
    let found = sources.with_files(move |files| {
        let name = SectionName::parse(&kind, &name)?;
        let section = Section::of(&texts_of(&files.location)?, name.path())?;
        let [kind, name] = name.path().map(str::to_owned);
        let section = section.ok_or(ChangeError::Unknown { kind, name })?;
        let etag = etag(&section, &files.versions.salt()?);
        Ok((section, etag))
    });
    match found.await {
        Ok((section, etag)) => tagged(json(StatusCode::OK, &SectionKeys(section.shown)), &etag),
        Err(error) => refused(error),
    }
}

fn tagged(mut response: Response, etag: &str) -> Response {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// PUT, PATCH and DELETE of a section.
pub(super) async fn change(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(path): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let keys =
        |wish: fn(Map<String, Value>) -> Wish| read(body).map(|SectionKeys(keys)| wish(keys));
    let wish = match method {
        Method::PUT => keys(Wish::Put),
        Method::PATCH => keys(Wish::Merge),
        _ => Ok(Wish::Delete),
    };
    let made = match wish.and_then(|wish| wanted(path, wish)) {
        Ok(change) => {
            make(&sources, &principal, change, (&method, Precondition::of(&headers))).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok((done, Some(etag))) => tagged(json(StatusCode::OK, &done), &etag),
        Ok((done, None)) => json(StatusCode::OK, &done),
        Err(error) => refused(error),
    }
}

fn wanted((kind, name): (String, String), wish: Wish) -> Result<SectionWish, NotChanged> {
    Ok(SectionWish { section: SectionName::parse(&kind, &name)?, wish })
}

/// Makes one change, and waits until the daemon goes by it. With the tag of what it is then.
async fn make(
    sources: &AnswerSources,
    principal: &Principal,
    change: SectionWish,
    (method, expected): (&Method, Precondition),
) -> Result<(ChangeDone, Option<String>), NotChanged> {
    let _turn = sources.changing.lock().await;
    let world = sources.desk.ask(Question::World).await.map_err(|_| NotChanged::Gone)?;
    let what = format!("{method} {}", change.section.path().join("."));
    let (who, recorder) = (principal.label(), sources.hub.recorder.clone());
    let written = sources.with_files(move |files| {
        let salt = files.versions.salt()?;
        // The state that is meant is the one that is changed, whoever writes meanwhile.
        let texts = texts_of(&files.location)?;
        expected.check(Section::of(&texts, change.section.path())?.as_ref(), &salt)?;
        let draft = Draft::of_texts(&files.location, &texts, std::slice::from_ref(&change))?;
        let plan = crate::config::plan::plan(&world.config, &draft.config);
        let mut version = None;
        if !draft.files.is_empty() {
            let made = files.versions.write(draft.files, (&who, &what))?;
            // Also where nobody waits for the answer any more.
            recorder.record(fact(what, who, &made));
            version = Some(made);
        }
        let now = Section::of(&texts_of(&files.location)?, change.section.path())?;
        Ok((version, plan, now.map(|now| etag(&now, &salt)), files.versions))
    });
    let (version, plan, etag, versions) = written.await?;
    if let Some(version) = &version {
        sources.read_again(Some((versions, version.id))).await?;
    }
    Ok((ChangeDone { version: version.as_ref().map(report), plan }, etag))
}

fn fact(change: String, principal: Arc<str>, version: &Version) -> facts::ConfigChanged {
    let files = version.files.iter().map(|file| file.path.clone()).collect();
    facts::ConfigChanged { change, principal, files }
}

fn report(version: &Version) -> VersionReport {
    VersionReport {
        id: version.id,
        at: version.at.clone(),
        principal: version.principal.clone(),
        what: version.what.clone(),
        files: version.files.iter().map(|file| file.path.display().to_string()).collect(),
    }
}

pub(super) async fn plan(
    State(sources): State<AnswerSources>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match foreseen(&sources, body).await {
        Ok(plan) => json(StatusCode::OK, &plan),
        Err(error) => refused(error),
    }
}

async fn foreseen(
    sources: &AnswerSources,
    body: Result<Bytes, BytesRejection>,
) -> Result<crate::api::ChangePlan, NotChanged> {
    let WantedChanges { changes } = read(body)?;
    if changes.len() > CHANGES_MAX {
        return Err(NotChanged::Body(format!("it has more than {CHANGES_MAX} changes")));
    }
    let changes = changes.into_iter().map(asked).collect::<Result<Vec<_>, _>>()?;
    let draft = sources.with_files(move |files| Ok(Draft::of(&files.location, &changes)?)).await?;
    foresee(sources, draft).await.map_err(|_| NotChanged::Gone)
}

fn asked(change: SectionChange) -> Result<SectionWish, NotChanged> {
    let SectionChange { kind, name, put, patch, delete } = change;
    let wish = match (put, patch, delete) {
        (Some(SectionKeys(keys)), None, false) => Wish::Put(keys),
        (None, Some(SectionKeys(keys)), false) => Wish::Merge(keys),
        (None, None, true) => Wish::Delete,
        _ => {
            let wrong = format!("{kind}.{name} has one of `put`, `patch` and `delete`");
            return Err(NotChanged::Body(wrong));
        }
    };
    wanted((kind, name), wish)
}

pub(super) async fn versions(State(sources): State<AnswerSources>) -> Response {
    match sources.with_files(|files| Ok(files.versions.list()?)).await {
        Ok(all) => json(StatusCode::OK, &all.iter().map(report).collect::<Vec<_>>()),
        Err(error) => refused(error),
    }
}

pub(super) async fn undo(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
) -> Response {
    match undone(&sources, &principal).await {
        Ok(done) => json(StatusCode::OK, &done),
        Err(error) => refused(error),
    }
}

async fn undone(sources: &AnswerSources, principal: &Principal) -> Result<ChangeDone, NotChanged> {
    let _turn = sources.changing.lock().await;
    let world = sources.desk.ask(Question::World).await.map_err(|_| NotChanged::Gone)?;
    let (who, recorder) = (principal.label(), sources.hub.recorder.clone());
    let done = sources.with_files(move |files| {
        let version = files.versions.undo()?;
        recorder.record(fact(format!("undo: {}", version.what), who, &version));
        let config = files.location.read().config.map_err(ChangeError::Config)?;
        Ok((version, crate::config::plan::plan(&world.config, &config)))
    });
    let (version, plan) = done.await?;
    sources.read_again(None).await?;
    Ok(ChangeDone { version: Some(report(&version)), plan })
}

fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, NotChanged> {
    let body = body.map_err(|_| NotChanged::TooLarge)?;
    serde_json::from_slice(&body).map_err(|error| NotChanged::Body(error.to_string()))
}

/// What is told of it.
fn refused(error: NotChanged) -> Response {
    use ProblemCode as Code;
    let told =
        |code, detail: String, fix: &str| problem(&ProblemDetails::new(code, detail).fixed_by(fix));
    match error {
        NotChanged::Gone => gone(super::desk::Closed),
        NotChanged::Change(error) => of_change(&error),
        NotChanged::NoFiles => told(
            Code::ReadOnly,
            "this daemon has no directory of config files".to_owned(),
            "start it without `--config FILE`",
        ),
        NotChanged::Unconditional => told(
            Code::PreconditionRequired,
            "a change says which state it is of".to_owned(),
            "send the `ETag` of a GET as `If-Match`, or `If-None-Match: *` for what is not there yet",
        ),
        NotChanged::Stale(state) => {
            let detail = match &state {
                Some(_) => "it is in another state than the one that was meant",
                None => "it is not there any more",
            };
            let mut problem = ProblemDetails::new(Code::Stale, detail.to_owned())
                .fixed_by("look at what it is now, in `current`, and change that");
            let etag = state.as_ref().map(|(etag, _)| etag.clone());
            problem.current = state.map(|(_, keys)| Value::Object(keys));
            let response = super::answer::problem(&problem);
            match etag {
                Some(etag) => tagged(response, &etag),
                None => response,
            }
        }
        NotChanged::Body(error) => bad_body(&error),
        NotChanged::TooLarge => too_large(),
    }
}

fn of_change(error: &ChangeError) -> Response {
    use ChangeError as Error;
    use ProblemCode as Code;
    let (code, fix) = match error {
        Error::Config(complaints) => {
            return problem(&ProblemDetails::of_config(complaints.clone()));
        }
        Error::Unknown { .. } | Error::Kind(_) => {
            (Code::UnknownSection, "`GET /api/v1/config/servers` lists those that there are")
        }
        Error::Name(_) | Error::Hidden(_) | Error::Value(_) => {
            (Code::BadSection, "send what the config can say; callmux.toml(5) has all keys")
        }
        Error::Stale(_) | Error::Busy => (Code::Conflict, "try again"),
        Error::NothingToUndo => {
            (Code::Conflict, "`GET /api/v1/versions` lists what can be taken back")
        }
        Error::Moved(_) | Error::Other(_) | Error::Edit { .. } | Error::Occupied(_) => {
            (Code::Conflict, "edit the file that is named by hand")
        }
        Error::OneFile(_) => (Code::ReadOnly, "edit that file; it is read as soon as it is saved"),
        Error::File(
            ClientError::ReadOnly(_) | ClientError::Store(_) | ClientError::Owner { .. },
        ) => (Code::ReadOnly, "change it where that file comes from"),
        Error::File(_) | Error::Versions { .. } => {
            (Code::Conflict, "see that there is room on the disk and that you may write there")
        }
    };
    problem(&ProblemDetails::new(code, error.to_string()).fixed_by(fix))
}
