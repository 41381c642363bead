//! Figures beside the forwarder's and beside what callmux wants to reach.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    None,
    AtMost(f64),
    AtLeast(f64),
    /// Against the forwarder, or the server itself, of the same run.
    RatioAtMost(f64),
    RatioAtLeast(f64),
}

/// One measured number.
#[derive(Debug, Clone)]
pub struct Figure {
    pub what: String,
    pub lane: &'static str,
    pub value: f64,
    pub unit: &'static str,
    pub goal: Goal,
}

impl Figure {
    pub fn new(
        what: String,
        lane: &'static str,
        value: f64,
        unit: &'static str,
        goal: Goal,
    ) -> Self {
        Self { what, lane, value, unit, goal }
    }

    /// The goal in words, and whether it is hit.
    fn verdict(&self, ratio: Option<f64>) -> Option<(String, bool)> {
        match (self.goal, ratio) {
            (Goal::None, _) | (Goal::RatioAtMost(_) | Goal::RatioAtLeast(_), None) => None,
            (Goal::AtMost(limit), _) => {
                Some((format!("≤ {limit:.0} {}", self.unit), self.value <= limit))
            }
            (Goal::AtLeast(limit), _) => {
                Some((format!("≥ {limit:.0} {}", self.unit), self.value >= limit))
            }
            (Goal::RatioAtMost(limit), Some(ratio)) => {
                Some((format!("≤ {limit:.2}×"), ratio <= limit))
            }
            (Goal::RatioAtLeast(limit), Some(ratio)) => {
                Some((format!("≥ {limit:.2}×"), ratio >= limit))
            }
        }
    }
}

/// What others are compared with: a remote server needs no forwarder to be called without callmux, and
/// the daemon's own unix socket, or a quiet time, is a measure for what happens to it.
fn is_floor(figure: &Figure) -> bool {
    ["floor", "direct", "socket", "quiet"].contains(&figure.lane)
}

fn floors(figures: &[Figure]) -> BTreeMap<&str, f64> {
    figures.iter().filter(|figure| is_floor(figure)).map(|f| (f.what.as_str(), f.value)).collect()
}

fn ratio(figure: &Figure, floors: &BTreeMap<&str, f64>) -> Option<f64> {
    floors.get(figure.what.as_str()).filter(|_| !is_floor(figure)).map(|floor| figure.value / floor)
}

/// The table for people.
pub fn table(figures: &[Figure]) -> String {
    let floors = floors(figures);
    let mut out =
        format!("{:38} {:7} {:>12} {:>8}  {}\n", "", "way", "measured", "× floor", "goal");
    let (mut hit, mut all) = (0, 0);
    let mut last = "";
    for figure in figures {
        let ratio = ratio(figure, &floors);
        let shown = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let verdict = figure.verdict(ratio).map(|(goal, is_hit)| {
            all += 1;
            hit += usize::from(is_hit);
            format!("{goal} {}", if is_hit { "hit" } else { "MISSED" })
        });
        let what = if figure.what == last { "" } else { &figure.what };
        let value =
            format!("{:.*} {}", usize::from(figure.value < 1000.0), figure.value, figure.unit);
        out += &format!(
            "{what:38} {:7} {value:>12} {shown:>8}  {}\n",
            figure.lane,
            verdict.unwrap_or_default()
        );
        last = &figure.what;
    }
    out + &format!("\n{hit} of {all} goals hit\n")
}

/// The figures for programs.
pub fn json(figures: &[Figure]) -> Value {
    let floors = floors(figures);
    let item = |figure: &Figure| {
        let ratio = ratio(figure, &floors);
        let verdict = figure.verdict(ratio);
        json!({
            "what": figure.what, "way": figure.lane, "value": figure.value, "unit": figure.unit,
            "ratio_to_floor": ratio,
            "goal": verdict.as_ref().map(|(goal, _)| goal),
            "hit": verdict.map(|(_, is_hit)| is_hit),
        })
    };
    Value::Array(figures.iter().map(item).collect())
}
