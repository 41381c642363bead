//! What is measured, in which order.

use std::time::{Duration, Instant};

use super::Effort;
use super::drive::{Load, Session, Way, load};
use super::report::{Figure, Goal};
use super::subject::{self, Subject, cpu, pss_kib};

/// A call of the echo tool of `tool`'s server.
pub fn call(tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"text":"hello"}}}}}}"#
    )
}

pub fn list() -> String {
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.to_owned()
}

/// Runs `work` on a fresh runtime of this thread.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

pub async fn open(way: &Way, count: usize) -> Vec<Session> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(Session::open(way).await);
    }
    sessions
}

/// The load of `sessions` sessions over `way`, after a warm-up.
pub fn run(way: &Way, body: &str, sessions: usize, window: Duration) -> Load {
    block_on(async {
        let opened = open(way, sessions).await;
        let (opened, _) = load(opened, body, window / 5).await;
        load(opened, body, window).await.1
    })
}

/// Load on a server that runs already, for a profiler beside it.
pub fn only_load(args: &[String]) {
    let [address, sessions, seconds, tool] = args else {
        panic!("load ADDRESS SESSIONS SECONDS TOOL");
    };
    let way =
        if address.contains('/') { Way::Unix(address.into()) } else { Way::Tcp(address.clone()) };
    let window = Duration::from_secs(seconds.parse().unwrap());
    let seen = run(&way, &call(tool), sessions.parse().unwrap(), window);
    let (p50, p99) = (micros(seen.quantile(0.5)), micros(seen.quantile(0.99)));
    println!("{:.0} calls per second, p50 {p50:.1} µs, p99 {p99:.1} µs", seen.per_second());
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// One way to the echo tool, by name.
struct Lane {
    name: &'static str,
    way: Way,
    body: String,
    /// The process whose processor time counts.
    pid: Option<u32>,
}

/// Everything, in one run; what is compared alternates round by round.
pub fn everything(effort: Effort, with_npm: bool) -> Vec<Figure> {
    let mut figures = Vec::new();
    let floor = Subject::floor(5);
    let mux = Subject::callmux(1, 5);
    let npm = if with_npm { Subject::npm(5) } else { None };
    let mut lanes = vec![
        Lane { name: "server", way: subject::direct(5), body: call("echo"), pid: None },
        Lane { name: "floor", way: floor.way.clone(), body: call("echo"), pid: Some(floor.pid()) },
        Lane { name: "tcp", way: mux.way.clone(), body: call(mux.tool), pid: Some(mux.pid()) },
        Lane { name: "unix", way: mux.unix(), body: call(mux.tool), pid: Some(mux.pid()) },
        Lane { name: "bridge", way: mux.bridge(), body: call(mux.tool), pid: Some(mux.pid()) },
    ];
    if let Some(npm) = &npm {
        lanes.push(Lane {
            name: "npm",
            way: npm.way.clone(),
            body: call(npm.tool),
            pid: Some(npm.pid()),
        });
    }
    calls(&lanes, effort, &mut figures);
    drop((floor, mux, npm));
    remote("HTTP", &Subject::remote(), effort, &mut figures);
    remote("the SDK over HTTP", &Subject::usual(), effort, &mut figures);
    large(effort, &mut figures);
    lists(effort, &mut figures);
    starts(effort, &mut figures);
    super::door::measure(effort, &mut figures);
    super::meta::measure(effort, &mut figures);
    memory(&mut figures);
    figures
}

fn calls(lanes: &[Lane], effort: Effort, figures: &mut Vec<Figure>) {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for sessions in [1, 8, 32, 128] {
        let mut p50 = vec![Vec::new(); lanes.len()];
        let mut p99 = vec![Vec::new(); lanes.len()];
        let mut rates = vec![Vec::new(); lanes.len()];
        let mut costs = vec![Vec::new(); lanes.len()];
        for _ in 0..effort.rounds {
            for (index, lane) in lanes.iter().enumerate() {
                // A server of one's own has one session; bridges are processes, and many are slow to start.
                if (lane.name == "server" && sessions > 1)
                    || (lane.name == "bridge" && sessions > 32)
                {
                    continue;
                }
                // One session has everything on one core: no wake-up crosses to another.
                let cores = if sessions == 1 { 0..1 } else { 0..all };
                lane.pid
                    .into_iter()
                    .chain([std::process::id()])
                    .for_each(|pid| subject::pin(pid, cores.clone()));
                let before = lane.pid.map(cpu).unwrap_or_default();
                let seen = run(&lane.way, &lane.body, sessions, effort.window);
                let spent = lane.pid.map(cpu).unwrap_or_default().saturating_sub(before);
                p50[index].push(micros(seen.quantile(0.5)));
                p99[index].push(micros(seen.quantile(0.99)));
                rates[index].push(seen.per_second());
                // The warm-up is a fifth more.
                #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
                costs[index].push(micros(spent) / (seen.calls as f64 * 1.2));
            }
        }
        let mut note = |what: &str, unit, values: &[Vec<f64>], goal: &dyn Fn(&str) -> Goal| {
            for (lane, values) in lanes.iter().zip(values) {
                if !values.is_empty() {
                    let name = format!("{what}, {sessions} sessions");
                    figures.push(Figure::new(
                        name,
                        lane.name,
                        median(values.clone()),
                        unit,
                        goal(lane.name),
                    ));
                }
            }
        };
        note("p50", "µs", &p50, &|lane| match (sessions, lane) {
            (1, "tcp" | "unix") => Goal::RatioAtMost(1.5),
            (1, "bridge") => Goal::AtMost(90.0),
            _ => Goal::None,
        });
        note("p99", "µs", &p99, &|_| Goal::None);
        note("calls per second", "/s", &rates, &|lane| match (sessions, lane) {
            (8.., "tcp" | "unix") => Goal::RatioAtLeast(1.0 / 1.5),
            (8, "bridge") => Goal::AtLeast(25_000.0),
            _ => Goal::None,
        });
        note("CPU per call", "µs", &costs, &|lane| match (sessions, lane) {
            (8, "tcp" | "unix") => Goal::AtMost(20.0),
            _ => Goal::None,
        });
    }
}

/// To a server over HTTP: directly, through a bare forwarder, through callmux.
fn remote(name: &str, server: &Subject, effort: Effort, figures: &mut Vec<Figure>) {
    let (hop, mux) = (Subject::hop(server), Subject::callmux_to(server));
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let lanes = [
        ("direct", &server.way, call(server.tool)),
        ("hop", &hop.way, call(hop.tool)),
        ("tcp", &mux.way, call(mux.tool)),
    ];
    for sessions in [1, 32] {
        let cores = if sessions == 1 { 0..1 } else { 0..all };
        for pid in [server.pid(), hop.pid(), mux.pid(), std::process::id()] {
            subject::pin(pid, cores.clone());
        }
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..effort.rounds {
            for ((_, way, body), rates) in lanes.iter().zip(&mut rates) {
                rates.push(run(way, body, sessions, effort.window).per_second());
            }
        }
        for ((lane, ..), rates) in lanes.iter().zip(rates) {
            let goal = if *lane == "tcp" { Goal::RatioAtLeast(1.0 / 1.5) } else { Goal::None };
            let what = format!("calls/s to {name}, {sessions} sessions");
            figures.push(Figure::new(what, lane, median(rates), "/s", goal));
        }
    }
}

fn alternate(lanes: &[(&'static str, Way, String)], effort: Effort) -> Vec<(&'static str, f64)> {
    let mut seen = vec![Vec::new(); lanes.len()];
    for _ in 0..effort.rounds {
        for (index, (_, way, body)) in lanes.iter().enumerate() {
            seen[index].push(micros(run(way, body, 1, effort.window).quantile(0.5)));
        }
    }
    lanes.iter().zip(seen).map(|((name, _, _), values)| (*name, median(values))).collect()
}

fn large(effort: Effort, figures: &mut Vec<Figure>) {
    let (floor, mux) = (Subject::floor(5), Subject::callmux(1, 5));
    let lanes = [
        ("floor", floor.way.clone(), call("big")),
        ("tcp", mux.way.clone(), call("s0__big")),
        ("unix", mux.unix(), call("s0__big")),
        ("bridge", mux.bridge(), call("s0__big")),
    ];
    for (lane, value) in alternate(&lanes, effort) {
        let goal = if lane == "tcp" { Goal::RatioAtMost(1.0) } else { Goal::None };
        figures.push(Figure::new("result of 1 MiB, p50".into(), lane, value, "µs", goal));
    }
}

fn lists(effort: Effort, figures: &mut Vec<Figure>) {
    let (floor, mux) = (Subject::floor(500), Subject::callmux(1, 500));
    let lanes = [
        ("floor", floor.way.clone(), list()),
        ("tcp", mux.way.clone(), list()),
        ("unix", mux.unix(), list()),
    ];
    for (lane, value) in alternate(&lanes, effort) {
        let goal = if lane == "tcp" { Goal::RatioAtMost(1.0) } else { Goal::None };
        figures.push(Figure::new("tools/list of 500 tools, p50".into(), lane, value, "µs", goal));
    }
}

/// From the start of the program to the first complete list of five servers.
fn starts(effort: Effort, figures: &mut Vec<Figure>) {
    let once = |make: &dyn Fn() -> Subject, lists: usize| {
        let began = Instant::now();
        let subject = make();
        block_on(async {
            let mut session = Session::open(&subject.way).await;
            for _ in 0..lists {
                session.send(&list()).await;
            }
            for _ in 0..lists {
                session.receive().await;
            }
        });
        began.elapsed().as_secs_f64() * 1e3
    };
    let (mut floors, mut muxes) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds * 3 {
        // The forwarder has one list for each of its servers.
        floors.push(once(&|| Subject::floor_of(5, 5), 5));
        muxes.push(once(&|| Subject::callmux(5, 5), 1));
    }
    let what = "start to the first list of 5 servers";
    figures.push(Figure::new(what.into(), "floor", median(floors), "ms", Goal::None));
    figures.push(Figure::new(what.into(), "tcp", median(muxes), "ms", Goal::RatioAtMost(1.5)));
}

fn memory(figures: &mut Vec<Figure>) {
    const SESSIONS: usize = 128;
    let weigh = |subject: &Subject,
                 lane,
                 body: &str,
                 goals: [Goal; 3],
                 figures: &mut Vec<Figure>| {
        run(&subject.way, body, 1, Duration::from_millis(100));
        let idle = pss_kib(subject.pid());
        let held = block_on(async {
            let opened = open(&subject.way, SESSIONS).await;
            let (opened, _) = load(opened, body, Duration::from_millis(300)).await;
            let held = pss_kib(subject.pid());
            drop(opened);
            held
        });
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let each = (held - idle) / SESSIONS as f64;
        let [first, second, third] = goals;
        figures.push(Figure::new(
            "PSS, five servers, idle".into(),
            lane,
            idle / 1024.0,
            "MiB",
            first,
        ));
        figures.push(Figure::new("PSS, 128 sessions".into(), lane, held / 1024.0, "MiB", second));
        figures.push(Figure::new("memory per session".into(), lane, each, "KiB", third));
    };
    let floor = Subject::floor(5);
    weigh(&floor, "floor", &call("echo"), [Goal::None, Goal::None, Goal::None], figures);
    let mux = Subject::callmux(5, 5);
    let goals = [Goal::AtMost(8.0), Goal::AtMost(16.0), Goal::AtMost(32.0)];
    weigh(&mux, "tcp", &call("s0__echo"), goals, figures);
    let bridge = block_on(async {
        let sessions = open(&mux.bridge(), 4).await;
        let (sessions, _) = load(sessions, &call("s0__echo"), Duration::from_millis(300)).await;
        let weights = sessions
            .iter()
            .filter_map(|session| Some(pss_kib(session.child.as_ref()?.id()) / 1024.0));
        median(weights.collect())
    });
    figures.push(Figure::new("PSS of a bridge".into(), "bridge", bridge, "MiB", Goal::AtMost(3.0)));
}
