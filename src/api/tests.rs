//! What was recorded of a running daemon is read and written as it was.

mod document;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Endpoint;
use super::endpoint::BASE;
use super::{
    Asked, Consent, Farewell, Order, Phase, ProblemDetails, ServerReport, Severity, Status,
    ToolList, path,
};
use crate::base::ServerName;
use crate::settings::Plan;

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../tests/recorded/", $name, ".json")).trim_end()
    };
}

fn is_the_same<T: Serialize + DeserializeOwned>(recorded: &str) {
    let read: T = serde_json::from_str(recorded).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), recorded);
}

#[test]
fn what_was_recorded_is_written_again() {
    is_the_same::<Status>(recorded!("status"));
    is_the_same::<Status>(recorded!("status_refused"));
    is_the_same::<ServerReport>(recorded!("start_ready"));
    is_the_same::<ServerReport>(recorded!("start_waiting"));
    is_the_same::<ServerReport>(recorded!("stop_stopped"));
    is_the_same::<Vec<ServerReport>>(recorded!("retry"));
    is_the_same::<Vec<ServerReport>>(recorded!("retry_none"));
    is_the_same::<ToolList>(recorded!("tools"));
    is_the_same::<Plan>(recorded!("plan"));
    is_the_same::<ProblemDetails>(recorded!("plan_refused"));
    is_the_same::<Asked>(recorded!("reload_asked"));
    is_the_same::<ProblemDetails>(recorded!("no_server"));
    is_the_same::<ProblemDetails>(recorded!("no_login"));
    is_the_same::<ProblemDetails>(recorded!("no_address"));
    is_the_same::<ProblemDetails>(recorded!("not_allowed"));
    is_the_same::<ProblemDetails>(recorded!("draining"));
    is_the_same::<ProblemDetails>(recorded!("no_dashboard"));
    is_the_same::<Consent>(recorded!("consent"));
    is_the_same::<Farewell>(recorded!("logout"));
    is_the_same::<Farewell>(recorded!("logout_kept"));
}

#[test]
fn what_was_recorded_means_what_it_says() {
    let status: Status = serde_json::from_str(recorded!("status")).unwrap();
    let phases: Vec<Phase> = status.servers.into_iter().map(|server| server.phase).collect();
    let all = [
        Phase::Starting,
        Phase::Waiting,
        Phase::Ready,
        Phase::Stopped,
        Phase::Asleep,
        Phase::Unusable,
    ];
    assert_eq!(phases, all);
    let severities: Vec<Severity> = status.findings.into_iter().map(|f| f.severity).collect();
    assert_eq!(severities, [Severity::Problem, Severity::Problem, Severity::Note]);
}

#[test]
fn words_of_another_version_are_kept() {
    is_the_same::<Status>(recorded!("status_unknown"));
    let phase: Phase = serde_json::from_str(r#""hibernating""#).unwrap();
    assert_eq!(phase, Phase::Other("hibernating".to_owned()));
    assert!(!phase.is_failed());
    assert!(serde_json::from_str::<Phase>("7").is_err());
}

#[test]
fn paths_are_what_they_were() {
    let server = ServerName::parse("a").unwrap();
    assert_eq!(path::order(&server, Order::Restart), "/api/v1/servers/a/restart");
    assert_eq!(path::login_wait(&server), "/api/v1/servers/a/login/wait");
    assert_eq!(path::login_paste(&server), "/api/v1/servers/a/login/paste");
}

#[test]
fn what_our_verbs_ask_is_in_the_table() {
    let server = ServerName::parse("a").unwrap();
    let asked = [
        ("GET", path::STATUS.to_owned()),
        ("GET", path::PLAN.to_owned()),
        ("POST", path::RELOAD.to_owned()),
        ("GET", path::TOOLS.to_owned()),
        ("GET", path::ARGUMENTS.to_owned()),
        ("POST", path::CALL_TOOL.to_owned()),
        ("GET", path::CALLS.to_owned()),
        ("GET", path::EVENTS.to_owned()),
        ("GET", path::APPROVALS.to_owned()),
        ("POST", path::approval("{id}", "once")),
        ("POST", path::approval("{id}", "hour")),
        ("POST", path::approval("{id}", "deny")),
        ("POST", path::RETRY.to_owned()),
        ("POST", path::login_wait(&server).replace("/a/", "/{name}/")),
        ("POST", path::login_paste(&server).replace("/a/", "/{name}/")),
    ];
    let orders = [
        Order::Start,
        Order::Stop,
        Order::Restart,
        Order::Retry,
        Order::Review,
        Order::Login,
        Order::Logout,
    ];
    let orders =
        orders.map(|order| ("POST", path::order(&server, order).replace("/a/", "/{name}/")));
    for (method, path) in asked.into_iter().chain(orders) {
        assert!(Endpoint::find(&path, method).is_some(), "{method} {path}");
    }
}

#[test]
fn a_query_is_understood_or_refused() {
    let find = |method, path: &str| Endpoint::find(&format!("{BASE}{path}"), method).unwrap();
    let cases = [
        ("GET", "/status", "", None),
        ("GET", "/status", "x=1", Some("there is no parameter `x` here, and no other")),
        ("GET", "/calls", "since=4", None),
        ("GET", "/calls", "since=-4", Some("`since` is given once, and is a number")),
        ("GET", "/calls", "since=1&since=2", Some("`since` is given once, and is a number")),
        ("HEAD", "/calls", "sinze=1", Some("there is no parameter `sinze` here; known: since")),
        ("POST", "/reload", "wait=false", None),
        ("POST", "/reload", "wait=", Some("`wait` is given once, and is true or false")),
        ("GET", "/arguments", "tool=", Some("`tool` is given once, and is a text")),
        ("GET", "/arguments", "", Some("`tool` is missing, which is a text")),
        ("GET", "/arguments", "server=a", Some("`tool` is missing, which is a text")),
        ("GET", "/arguments", "server=a&tool=b", None),
    ];
    for (method, path, query, expected) in cases {
        assert_eq!(find(method, path).complaint(query).as_deref(), expected, "{path}?{query}");
    }
    assert_eq!(Endpoint::allowed("/api/v1/status"), "GET, HEAD");
    assert_eq!(Endpoint::allowed("/api/v1/nothing"), "");
}
