//! The page of the dashboard, and what it may ask.
//!
//! | endpoint | answer |
//! | --- | --- |
//! | GET `/ui/` and its files | 200; 304; 404 where no config and no link wants a dashboard |
//! | POST `/ui/session`, `{"code", "path"}` | 204 with a cookie; 401, the code opens nothing; 403, another page asks |
//! | DELETE `/ui/session` | 204, the visit has ended |
//! | GET, POST `/ui/plain` | the page without a script, and its form |

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Path, State};
use axum::http::header as names;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::Instant;
use tower::ServiceExt;

use super::answer::problem;
use super::desk::{Desk, Question};
use crate::api::path::STATUS;
use crate::api::{ProblemCode, ProblemDetails};
use crate::base::{Principal, Secret};
use crate::dashboard::cookie::{self, Carried};
use crate::dashboard::offered::is_offered;
use crate::dashboard::origin::Purpose;
use crate::dashboard::problem::{BAD_BODY, BAD_CODE, ELSEWHERE, FOREIGN};
use crate::dashboard::{CameBy, Door, page, plain};
use crate::peers::peer::AtOtherEnd;

/// The largest body that is read here, in bytes.
const BODY_MAX: usize = 4096;

/// What the page stands on.
#[derive(Debug, Clone)]
struct Frontage {
    desk: Desk,
    door: Door,
}

impl Frontage {
    /// Whether there is a dashboard now.
    async fn is_open(&self) -> bool {
        let is_enabled = match self.desk.ask(Question::World).await {
            Ok(world) => world.config.access.dashboard.enabled,
            Err(_) => false,
        };
        self.door.is_open(is_enabled)
    }
}

/// The page, for everybody, and the endpoints of operators, for who comes over TCP: for visitors of the dashboard
/// as far as it goes, and for tokens as far as the gate lets them. For anybody else it is as if they were not there.
pub fn router(desk: Desk, door: Door, endpoints: Router) -> Router {
    let asked = endpoints.clone();
    let show = move |state, came, request| show_plain(asked.clone(), state, came, request);
    let page = Router::new()
        .route("/ui", get(to_the_page))
        .route("/ui/", get(index))
        .route("/ui/{file}", get(file))
        .route("/ui/session", post(enter).delete(leave))
        .route("/ui/plain", get(show).post(enter_plain))
        .with_state(Frontage { desk, door: door.clone() });
    endpoints.layer(middleware::from_fn_with_state(door, only_if_let_in)).merge(page)
}

async fn only_if_let_in(
    State(door): State<Door>,
    Extension(principal): Extension<Principal>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let is_visit = door.visitor(request.headers()).is_some();
    let is_by_token = principal.token_name().is_some() || principal.is_oidc();
    if !is_visit && !is_by_token {
        return not_here();
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    if is_visit && !is_offered(method.as_str(), &path) {
        return ELSEWHERE.response("the page may look, and start and stop what it shows");
    }
    let over = match door.carried(request.headers()) {
        Carried::Own(visit) if is_visit => Some(door.entrances.clone().over(visit.expose())),
        _ => None,
    };
    let mut response = next.run(request).await;
    if let Some(over) = over.filter(|_| is_stream(&response)) {
        // Who is out is shown nothing more.
        let shown = |body: Body| Body::from_stream(body.into_data_stream().take_until(over));
        response = response.map(shown);
    }
    let headers = response.headers_mut();
    headers.insert(names::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(names::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let own = HeaderValue::from_static("same-origin");
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), own);
    response
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(names::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Relative, for there may be a path of a proxy before it.
async fn to_the_page(State(front): State<Frontage>) -> Response {
    if !front.is_open().await {
        return not_here();
    }
    let mut response = dressed(StatusCode::PERMANENT_REDIRECT, Body::empty());
    response.headers_mut().insert(names::LOCATION, HeaderValue::from_static("ui/"));
    response
}

async fn index(state: State<Frontage>, headers: HeaderMap) -> Response {
    file(state, Path(String::new()), headers).await
}

async fn file(
    State(front): State<Frontage>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !front.is_open().await {
        return not_here();
    }
    let Some(file) = page::file(&path) else { return not_here() };
    let known = headers.get_all(names::IF_NONE_MATCH).iter();
    let is_known =
        known.filter_map(|value| value.to_str().ok()).any(|tag| page::is_known(file, tag));
    let (status, body) = if is_known {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(file.bytes))
    };
    let mut response = dressed(status, body);
    let headers = response.headers_mut();
    headers.insert(names::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    if let Ok(etag) = HeaderValue::try_from(&file.etag) {
        headers.insert(names::ETAG, etag);
    }
    // It is asked each time whether there is another one: a daemon may be a newer one.
    headers.insert(names::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// What the page sends.
#[derive(Deserialize)]
struct Entering {
    code: Secretly,
    /// Below which path it is.
    path: Option<String>,
}

/// A code, which is shown nowhere.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Secretly(Secret);

impl From<String> for Secretly {
    fn from(text: String) -> Self {
        Self(Secret::new(text))
    }
}

async fn enter(
    State(front): State<Frontage>,
    Extension(came): Extension<CameBy>,
    request: Request<Body>,
) -> Response {
    if !front.is_open().await {
        return not_here();
    }
    if let Err(foreign) = front.door.check(came, &request, Purpose::Code) {
        return FOREIGN.response(&foreign.to_string());
    }
    // A page of another origin cannot send this type without asking.
    let kind = text_of(request.headers(), &names::CONTENT_TYPE).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return BAD_BODY.response("a code is sent as application/json");
    }
    let body = to_bytes(request.into_body(), BODY_MAX).await.ok();
    let Some(entering) = body.and_then(|body| serde_json::from_slice::<Entering>(&body).ok())
    else {
        return BAD_BODY.response("the body is no {\"code\": …}");
    };
    let path = cookie::path(entering.path.as_deref());
    match begin(&front.door, came, &entering.code.0, path) {
        Some(set) => {
            let mut response = dressed(StatusCode::NO_CONTENT, Body::empty());
            response.headers_mut().insert(names::SET_COOKIE, set);
            response
        }
        None => BAD_CODE
            .response("it was used, is older than a minute, was revoked, or is of another daemon"),
    }
}

/// Uses a code up. What comes back sets the cookie of the visit.
fn begin(door: &Door, came: CameBy, code: &Secret, path: &str) -> Option<HeaderValue> {
    let entered = door.entrances.enter(code.expose(), Instant::now());
    let (visit, _) =
        entered.inspect_err(|no| door.refuse(came, "ui_code", &no.to_string())).ok()?;
    let set = cookie::begins(&visit, door.entrances.instance(), path, came.is_secure);
    let mut value = HeaderValue::try_from(set.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn leave(
    State(front): State<Frontage>,
    Extension(came): Extension<CameBy>,
    request: Request<Body>,
) -> Response {
    if !front.is_open().await {
        return not_here();
    }
    if let Err(foreign) = front.door.check(came, &request, Purpose::Write) {
        return FOREIGN.response(&foreign.to_string());
    }
    let path = text_of(request.headers(), &PATH);
    left(&front.door, came, request.headers(), cookie::path(path), StatusCode::NO_CONTENT)
}

/// Ends the visit of these cookies.
fn left(
    door: &Door,
    came: CameBy,
    headers: &HeaderMap,
    path: &str,
    status: StatusCode,
) -> Response {
    if let Carried::Own(visit) = door.carried(headers) {
        door.entrances.leave(visit.expose());
    }
    let mut response = dressed(status, Body::empty());
    let forget = cookie::ends(door.entrances.instance(), path, came.is_secure);
    if let Ok(forget) = HeaderValue::try_from(forget) {
        response.headers_mut().insert(names::SET_COOKIE, forget);
    }
    response
}

async fn show_plain(
    endpoints: Router,
    State(front): State<Frontage>,
    Extension(came): Extension<CameBy>,
    request: Request<Body>,
) -> Response {
    if !front.is_open().await {
        return not_here();
    }
    let Some(principal) = front.door.visitor(request.headers()) else {
        return plainly(StatusCode::OK, plain::entrance(false));
    };
    if let Err(foreign) = front.door.check(came, &request, Purpose::Read) {
        return FOREIGN.response(&foreign.to_string());
    }
    let mut asked = Request::new(Body::empty());
    *asked.method_mut() = Method::GET;
    *asked.uri_mut() = Uri::from_static(STATUS);
    asked.extensions_mut().insert(principal);
    asked.extensions_mut().insert(AtOtherEnd(None));
    let Ok(answer) = endpoints.oneshot(asked).await;
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
    match plain::of_answer(&body) {
        Ok(page) => plainly(StatusCode::OK, page),
        Err(_) => plainly(status, plain::entrance(false)),
    }
}

async fn enter_plain(
    State(front): State<Frontage>,
    Extension(came): Extension<CameBy>,
    request: Request<Body>,
) -> Response {
    if !front.is_open().await {
        return not_here();
    }
    if let Err(foreign) = front.door.check(came, &request, Purpose::Code) {
        return FOREIGN.response(&foreign.to_string());
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX).await.unwrap_or_default();
    let mut code = None;
    for (name, value) in url::form_urlencoded::parse(&body) {
        match &*name {
            "leave" => {
                let see = StatusCode::SEE_OTHER;
                return to_plain(left(&front.door, came, &head.headers, cookie::BESIDE, see));
            }
            "code" => code = Some(Secret::new(value.trim().to_owned())),
            _ => {}
        }
    }
    let set = code.and_then(|code| begin(&front.door, came, &code, cookie::BESIDE));
    let Some(set) = set else { return plainly(StatusCode::UNAUTHORIZED, plain::entrance(true)) };
    let mut response = dressed(StatusCode::SEE_OTHER, Body::empty());
    response.headers_mut().insert(names::SET_COOKIE, set);
    to_plain(response)
}

fn to_plain(mut response: Response) -> Response {
    response.headers_mut().insert(names::LOCATION, HeaderValue::from_static("plain"));
    response
}

fn plainly(status: StatusCode, page: String) -> Response {
    let mut response = dressed(status, Body::from(page));
    let headers = response.headers_mut();
    headers.insert(names::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // With `no-referrer` a form does not say where it comes from (Fetch, "append a request `Origin` header").
    headers.insert(names::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// An answer with all that a browser is told of what is below `/ui/`.
fn dressed(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in page::HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.insert(names::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Below which path the page says that it is.
const PATH: HeaderName = HeaderName::from_static("x-callmux-path");

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn not_here() -> Response {
    let detail = "there is nothing here".to_owned();
    let fix = "`callmux dashboard` opens the dashboard, if that is wanted";
    problem(&ProblemDetails::new(ProblemCode::NotFound, detail).fixed_by(fix))
}
