//! Who is asked by a notification.

use serde_json::{Value, json};

use super::{Asked as Daemon, begin, id_of, text};
use crate::support::Lines;
use crate::support::desktop::{Asked, Desktop};

const ALL: &[&str] = &["body", "body-markup", "actions"];

/// The notification that is shown now: its id, text and the keys of its buttons.
fn shown(desktop: &Desktop) -> (u32, String, String, Vec<String>) {
    match desktop.next() {
        Asked::Shown { id, summary, body, actions } => {
            (id, summary, body, actions.into_iter().step_by(2).collect())
        }
        closed @ Asked::Closed(_) => panic!("{closed:?}"),
    }
}

fn agent(daemon: &Daemon) -> Lines {
    let mut agent = daemon.agent();
    agent.greet(&json!({}));
    agent
}

#[test]
fn a_call_waits_for_who_sees_its_notification() {
    let daemon = begin("");
    let Some(desktop) = Desktop::start(&daemon.sandbox, ALL) else { return };
    let mut agent = agent(&daemon);
    let id = agent.start_call("tools__echo", &json!({ "text": "<b>\u{202e}x" }));
    let (notification, title, body, keys) = shown(&desktop);
    assert_eq!(title, "May `tools__echo` of server tools be called?");
    assert!(
        body.contains(r"&lt;b&gt;\u202ex") && body.contains("the access rule careful"),
        "{body}"
    );
    assert_eq!(keys, ["once", "hour", "deny"]);
    // Others' buttons, and what is no answer.
    desktop.press(notification + 7, "once");
    desktop.press(notification, "always");
    desktop.press(notification, "once");
    assert_eq!(agent.answer(id)["result"]["isError"], Value::Null);
    assert_eq!(desktop.next(), Asked::Closed(notification));
    daemon.daemon.wait_for("approval_answered", |fact| {
        fact["by"] == "desktop" && fact["decision"] == "once"
    });

    let id = agent.start_call("tools__echo", &json!({ "text": "no" }));
    let (notification, ..) = shown(&desktop);
    desktop.press(notification, "deny");
    assert!(text(&agent.answer(id)).contains("approval_denied"));
    assert_eq!(desktop.next(), Asked::Closed(notification));
    assert_eq!(daemon.calls().len(), 1);
}

#[test]
fn who_answers_elsewhere_has_the_notification_taken_away() {
    let daemon = begin("");
    let Some(desktop) = Desktop::start(&daemon.sandbox, ALL) else { return };
    let mut agent = agent(&daemon);
    let id = agent.start_call("tools__echo", &json!({ "text": "x" }));
    let (notification, ..) = shown(&desktop);
    let question = daemon.waiting()[0]["id"].as_str().unwrap().to_owned();
    let (code, shown, err) = daemon.run(&["approvals", "deny", &question]);
    assert_eq!(code, Some(0), "{shown}{err}");
    assert!(text(&agent.answer(id)).contains("approval_denied"));
    assert_eq!(desktop.next(), Asked::Closed(notification));
}

#[test]
fn what_has_no_room_in_a_notification_can_only_be_denied_there() {
    let daemon = begin("");
    let Some(desktop) = Desktop::start(&daemon.sandbox, &["actions"]) else { return };
    let mut agent = agent(&daemon);
    let id = agent.start_call("tools__echo", &json!({ "text": "a < b ".repeat(1000) }));
    let (notification, _, body, keys) = shown(&desktop);
    assert!(
        body.contains("a < b") && body.contains("not all of it"),
        "no markup is read here: {body}"
    );
    assert!(body.len() < 1200 && keys == ["deny"], "{keys:?}");
    desktop.press(notification, "deny");
    assert!(text(&agent.answer(id)).contains("approval_denied"));
}

#[test]
fn a_desktop_that_is_the_agents_own_or_has_no_buttons_is_not_asked() {
    let daemon = begin("");
    let Some(desktop) = Desktop::start(&daemon.sandbox, ALL) else { return };
    // This test is the desktop, and here it is the agent as well.
    let mut own = Lines::bridge(&daemon.sandbox);
    own.greet(&json!({}));
    let _id = id_of(&own.call("tools__echo", &json!({ "text": "x" })));
    assert!(!desktop.is_asked());
    drop(desktop);

    let desktop = Desktop::start(&daemon.sandbox, &["body"]).unwrap();
    let _id = id_of(&agent(&daemon).call("tools__echo", &json!({ "text": "y" })));
    assert!(!desktop.is_asked());
}

#[test]
fn who_wants_no_notifications_gets_none() {
    let daemon = begin("[access.approvals]\ndesktop = false\n");
    let Some(desktop) = Desktop::start(&daemon.sandbox, ALL) else { return };
    let mut agent = agent(&daemon);
    let _id = id_of(&agent.call("tools__echo", &json!({ "text": "x" })));
    assert!(!desktop.is_asked());
    let before = daemon.daemon.count("config_reloaded", |_| true);
    let config = "config/callmux/config.toml";
    let text_now = std::fs::read_to_string(daemon.sandbox.path(config)).unwrap();
    daemon.sandbox.write(config, &text_now.replace("desktop = false", "desktop = true"));
    daemon.daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    let id = agent.start_call("tools__echo", &json!({ "text": "z" }));
    let (notification, ..) = shown(&desktop);
    desktop.press(notification, "");
    desktop.press(notification, "once");
    let is_it = |open: &Value| open["calls"][0]["arguments"].to_string().contains('z');
    let waiting = daemon.waiting();
    let question = waiting.iter().find(|open| is_it(open)).unwrap()["id"].as_str().unwrap();
    daemon.run(&["approvals", "deny", question]);
    assert!(text(&agent.answer(id)).contains("approval_denied"), "put away, it is not answered");
}
