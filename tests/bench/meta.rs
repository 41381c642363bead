//! The tools of callmux itself: what they add to the calls that they make.

use std::time::{Duration, Instant};

use super::Effort;
use super::drive::{Session, Way};
use super::measure::{block_on, call, median, micros, open, run};
use super::report::{Figure, Goal};
use super::subject::Subject;

fn meta(tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn times(count: usize, text: &str) -> String {
    vec![text; count].join(",")
}

pub fn measure(effort: Effort, figures: &mut Vec<Figure>) {
    fan_out(effort, figures);
    pipeline(effort, figures);
    cached(effort, figures);
}

/// Calls of 10 ms each at the same time: in one call of a meta-tool, and from as many sessions of the
/// floor.
fn fan_out(effort: Effort, figures: &mut Vec<Figure>) {
    let (floor, mux) = (Subject::floor(5), Subject::callmux(1, 5));
    let parallel = |count: usize| {
        let calls = times(count, r#"{"tool":"s0__slow"}"#);
        meta("callmux_parallel", &format!(r#"{{"calls":[{calls}]}}"#))
    };
    let batch = |count: usize| {
        let items = times(count, r#"{"arguments":{}}"#);
        meta("callmux_batch", &format!(r#"{{"tool":"s0__slow","items":[{items}]}}"#))
    };
    let rows = [
        ("parallel of 32 calls of 10 ms", 32, parallel(32)),
        ("batch of 100 calls of 10 ms", 100, batch(100)),
    ];
    for (what, count, body) in rows {
        let (mut ideal, mut seen) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds * 5 {
            ideal.push(at_once(&floor.way, &call("slow"), count));
            seen.push(at_once(&mux.way, &body, 1));
        }
        figures.push(Figure::new(what.into(), "floor", median(ideal), "µs", Goal::None));
        let goal = Goal::RatioAtMost(1.3);
        figures.push(Figure::new(what.into(), "tcp", median(seen), "µs", goal));
    }
}

/// Until as many sessions, which all ask at once, have their answers. In µs.
fn at_once(way: &Way, body: &str, sessions: usize) -> f64 {
    block_on(async {
        let mut opened = open(way, sessions).await;
        let began = Instant::now();
        for session in &mut opened {
            session.send(body).await;
        }
        for session in &mut opened {
            session.receive().await;
        }
        micros(began.elapsed())
    })
}

/// Five calls in turn: in one pipeline, and one after the other.
fn pipeline(effort: Effort, figures: &mut Vec<Figure>) {
    const STEPS: usize = 5;
    let mux = Subject::callmux(1, 5);
    let first = r#"{"tool":"s0__echo","arguments":{"text":"hello"}}"#;
    let next = r#"{"tool":"s0__echo","inputMapping":{"text":"$text"}}"#;
    let steps = format!("{first},{}", times(STEPS - 1, next));
    let body = meta("callmux_pipeline", &format!(r#"{{"steps":[{steps}]}}"#));
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        alone.push(in_turn(&mux.way, &call(mux.tool), STEPS, effort.window));
        together.push(micros(run(&mux.way, &body, 1, effort.window).quantile(0.5)));
    }
    let (alone, together) = (median(alone), median(together));
    let what = "pipeline of 5 steps, p50";
    figures.push(Figure::new(what.into(), "floor", alone, "µs", Goal::None));
    figures.push(Figure::new(what.into(), "tcp", together, "µs", Goal::None));
    let what = "what a pipeline of 5 steps adds, p50";
    let added = (together - alone) / 1000.0;
    figures.push(Figure::new(what.into(), "tcp", added, "ms", Goal::AtMost(1.0)));
}

/// The median time of `count` calls, one after the other. In µs.
fn in_turn(way: &Way, body: &str, count: usize, window: Duration) -> f64 {
    block_on(async {
        let mut session = Session::open(way).await;
        let (began, mut seen) = (Instant::now(), Vec::new());
        while began.elapsed() < window {
            let sent = Instant::now();
            for _ in 0..count {
                session.send(body).await;
                session.receive().await;
            }
            seen.push(micros(sent.elapsed()));
        }
        median(seen)
    })
}

/// A call that is answered from the cache, beside a request that the daemon answers without a look at
/// anything: what lies between is the time inside the daemon.
fn cached(effort: Effort, figures: &mut Vec<Figure>) {
    let mux = Subject::callmux_and(1, 5, "cache_ttl = \"1h\"\ncache_tools = [\"echo\"]\n");
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let way = mux.unix();
    let (mut pings, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        pings.push(micros(run(&way, ping, 1, effort.window).quantile(0.5)));
        reads.push(micros(run(&way, &call(mux.tool), 1, effort.window).quantile(0.5)));
    }
    let (ping, read) = (median(pings), median(reads));
    figures.push(Figure::new("a cached read, p50".into(), "unix", read, "µs", Goal::None));
    let what = "a cached read inside the daemon, p50";
    figures.push(Figure::new(what.into(), "unix", read - ping, "µs", Goal::AtMost(50.0)));
}
