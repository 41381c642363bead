//! What it costs to be asked who may what, and to write down what was done: each beside a daemon that is told nothing.

use super::Effort;
use super::measure::{call, list, median, micros, run};
use super::report::{Figure, Goal};
use super::subject::{Subject, cpu};

/// Rules that are about everybody and fit nothing, before the one that fits.
const RULES: usize = 50;
const TOOLS: usize = 500;

/// The tables of each kind of config.
fn kinds() -> Vec<(&'static str, String)> {
    let rule = |number: usize| {
        let (id, tool) = (format!("r{number}"), format!("s{number}x__*"));
        format!("[[access.rules]]\nid = {id:?}\ntools = [{tool:?}]\neffect = \"deny\"\n")
    };
    let rules: String = (1..RULES).map(rule).collect();
    let all = "[[access.rules]]\nid = \"all\"\neffect = \"allow\"\n";
    vec![
        // A floor, by its name.
        ("quiet", String::new()),
        ("rules", format!("{rules}{all}")),
        ("limits", "[access.limits]\ncalls_per_minute = 1000000\nin_flight = 1000\n".to_owned()),
        ("history", "[history]\nenabled = true\n".to_owned()),
        ("metrics", "[metrics]\nenabled = true\n".to_owned()),
        ("audit", "[audit]\nfile = true\n".to_owned()),
        ("arguments", "[audit]\nfile = true\narguments = \"redacted\"\n".to_owned()),
        ("ahead", "[audit]\nfile = true\nrequired = true\n".to_owned()),
    ]
}

pub fn measure(effort: Effort, figures: &mut Vec<Figure>) {
    let kinds = kinds();
    let start = |tools| {
        let start = |(_, keys): &(&str, String)| Subject::callmux_and(1, tools, keys);
        kinds.iter().map(start).collect::<Vec<Subject>>()
    };
    let subjects = start(5);
    let rate = each(&kinds, effort, |at| {
        run(&subjects[at].way, &call(subjects[at].tool), 8, effort.window).per_second()
    });
    let spent = each(&kinds, effort, |at| {
        let before = cpu(subjects[at].pid());
        let seen = run(&subjects[at].way, &call(subjects[at].tool), 8, effort.window);
        // The warm-up has a fifth of the time.
        micros(cpu(subjects[at].pid()).saturating_sub(before)) / (per_window(&seen) * 1.2)
    });
    drop(subjects);
    let subjects = start(TOOLS);
    let lists = each(&kinds[..2], effort, |at| {
        micros(run(&subjects[at].way, &list(), 1, effort.window).quantile(0.5))
    });
    let mut add = |what: &str, unit, values: Vec<f64>| {
        for ((lane, _), value) in kinds.iter().zip(values) {
            figures.push(Figure::new(what.to_owned(), lane, value, unit, Goal::None));
        }
    };
    add("calls of 8 sessions", "/s", rate);
    add("processor for a call, with what follows", "µs", spent);
    add("tools/list of 500 tools, p50", "µs", lists);
}

#[expect(clippy::cast_precision_loss, reason = "a count of calls")]
fn per_window(seen: &super::drive::Load) -> f64 {
    seen.calls as f64
}

/// The median of each, one after the other in each round.
fn each<T>(kinds: &[T], effort: Effort, mut once: impl FnMut(usize) -> f64) -> Vec<f64> {
    let mut values = vec![Vec::new(); kinds.len()];
    for _ in 0..effort.rounds * 3 {
        for (at, values) in values.iter_mut().enumerate() {
            values.push(once(at));
        }
    }
    values.into_iter().map(median).collect()
}
