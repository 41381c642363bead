//! What was recorded of a running daemon is read and written as it was.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Asked, Consent, Failure, Farewell, Order, Phase, Refusal, ServerReport, Severity, Status,
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
    is_the_same::<Refusal>(recorded!("plan_refused"));
    is_the_same::<Asked>(recorded!("reload_asked"));
    is_the_same::<Failure>(recorded!("no_server"));
    is_the_same::<Failure>(recorded!("no_login"));
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
    assert_eq!(path::pattern::any_order(), "/api/v1/servers/{name}/{verb}");
    assert_eq!(path::pattern::order(Order::Logout), "/api/v1/servers/{name}/logout");
    for word in ["start", "stop", "restart", "retry", "login", "logout"] {
        assert_eq!(Order::parse(word).map(Order::as_str), Some(word));
    }
    assert_eq!(Order::parse("explode"), None);
}
