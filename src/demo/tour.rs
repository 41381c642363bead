//! What the demo shows, one thing after the other.

use std::time::Instant;

use serde_json::{Value, json};

use super::client::DemoClient;
use super::ends;
use super::home::Home;
use super::step::{StepError, StepResult};
use super::table::Row;
use crate::terminal::print::Progress;

/// Parallel calls, and how long each takes.
const PARALLEL: u64 = 20;
const EACH_SECONDS: f64 = 0.3;

/// Shows everything, and returns what was seen.
pub(super) fn tour(home: &mut Home) -> StepResult<Vec<Row>> {
    let mut guide = Guide { rows: Vec::new(), progress: Progress::default() };
    guide.show("start the daemon", || {
        home.start_daemon()?;
        Ok("listening on a unix socket".to_owned())
    })?;
    let mut client = None;
    guide.show("connect a client", || {
        let started = DemoClient::start(home)?;
        let pid = started.pid();
        client = Some(started);
        Ok(format!("`callmux bridge` is process {pid}, its session is open"))
    })?;
    let mut client = client.ok_or(StepError::Missing("there is no client"))?;
    guide.show("list the tools", || list(&mut client))?;
    guide.show("call a tool", || {
        let value = count(&mut client, 5)?;
        Ok(format!("counter__increment by 5 gives {value}"))
    })?;
    guide.show("call 20 slow tools at once", || parallel(&mut client))?;
    guide.show("kill a server under a call", || kill_under_call(home, &mut client))?;
    guide.show("its neighbour meanwhile", || {
        let value = count(&mut client, 1)?;
        Ok(format!("counter__increment by 1 gives {value}: same process, same state"))
    })?;
    guide.show("restart the daemon", || restart(home, &mut client))?;
    guide.progress.clear();
    Ok(guide.rows)
}

struct Guide {
    rows: Vec<Row>,
    progress: Progress,
}

impl Guide {
    fn show(
        &mut self,
        what: &'static str,
        act: impl FnOnce() -> StepResult<String>,
    ) -> StepResult<()> {
        self.progress.show(&format!("{} of 8: {what} …", self.rows.len() + 1));
        let began = Instant::now();
        let seen = act().map_err(|error| {
            self.progress.clear();
            StepError::when(what)(&error)
        })?;
        self.rows.push(Row { what, seen, took: began.elapsed() });
        Ok(())
    }
}

fn list(client: &mut DemoClient) -> StepResult<String> {
    let result = client.request("tools/list", &json!({}))?;
    let tools = result["tools"].as_array().ok_or(StepError::Missing("the list has no tools"))?;
    let names = tools.iter().filter_map(|tool| tool["name"].as_str());
    let (own, names): (Vec<&str>, Vec<&str>) = names.partition(|name| name.starts_with("callmux_"));
    if names.len() == 4 {
        Ok(format!("{}, and {} of callmux's own", names.join(", "), own.len()))
    } else {
        Err(StepError::Tools(format!("{names:?}")))
    }
}

fn count(client: &mut DemoClient, by: i64) -> StepResult<i64> {
    let result = client.call("counter__increment", &json!({ "by": by }))?;
    result["structuredContent"]["value"]
        .as_i64()
        .ok_or_else(|| StepError::NoValue(result.to_string()))
}

fn parallel(client: &mut DemoClient) -> StepResult<String> {
    let arguments = json!({ "seconds": EACH_SECONDS, "steps": 1 });
    let began = Instant::now();
    let ids: Vec<u64> = (0..PARALLEL)
        .map(|_| client.start_call("slow__wait", &arguments))
        .collect::<StepResult<_>>()?;
    for id in ids {
        expect_success(&client.answer(id)?)?;
    }
    Ok(format!("{PARALLEL} × {EACH_SECONDS} s took {:.2} s", began.elapsed().as_secs_f64()))
}

fn kill_under_call(home: &mut Home, client: &mut DemoClient) -> StepResult<String> {
    let id = client.start_call("slow__wait", &json!({ "seconds": 60 }))?;
    // An answer to a later request shows that the call before it has been sent.
    expect_success(&client.call("slow__wait", &json!({ "seconds": 0, "steps": 1 }))?)?;
    ends::send(home.server_pid("slow")?, rustix::process::Signal::KILL);
    let answer = client.answer(id)?;
    let outcome =
        answer["_meta"]["callmux/failure"]["outcome"].as_str().unwrap_or_default().to_owned();
    if outcome != "outcome_unknown" {
        return Err(StepError::Due("outcome_unknown", answer.to_string()));
    }
    expect_success(&client.call("slow__wait", &json!({ "seconds": 0, "steps": 1 }))?)?;
    Ok(format!("the call says {outcome}; the next one finds the server restarted"))
}

fn restart(home: &mut Home, client: &mut DemoClient) -> StepResult<String> {
    home.stop_daemon()?;
    // The client asks while there is no daemon at all.
    let id = client.start_call("counter__value", &json!({}))?;
    home.start_daemon()?;
    expect_success(&client.answer(id)?)?;
    Ok("a call made while it was away is answered, in the same session".to_owned())
}

fn expect_success(result: &Value) -> StepResult<()> {
    let failed = result["isError"] == true || !result["content"].is_array();
    if failed { Err(StepError::Unexpected(result.to_string())) } else { Ok(()) }
}
