//! The text format of Prometheus, version 0.0.4 ("Exposition formats", "Text-based format").

use std::fmt::{Display, Write};
use std::time::Duration;

use super::family::Family;
use super::histogram::Histogram;

/// Text of families, one after the other.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

impl Exposition {
    /// The media type of it.
    pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Begins a family. What is added goes with it until the next begins.
    pub fn family(&mut self, family: &'static Family) -> Samples<'_> {
        let (name, kind) = (family.name, family.kind.as_str());
        let help = family.help.replace('\\', r"\\").replace('\n', r"\n");
        _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Samples { text: &mut self.text, family }
    }

    /// A family without labels.
    pub fn alone(&mut self, family: &'static Family, value: impl Display) {
        self.family(family).add(&[], value);
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// The samples of a family.
#[derive(Debug)]
pub struct Samples<'a> {
    text: &'a mut String,
    family: &'static Family,
}

impl Samples<'_> {
    /// A series with these values of the family's labels.
    pub fn add(&mut self, values: &[&str], value: impl Display) {
        self.sample("", values, None, value);
    }

    pub fn histogram(&mut self, values: &[&str], histogram: &Histogram) {
        for (end, count) in histogram.buckets() {
            self.sample("_bucket", values, Some(end), count);
        }
        self.sample("_bucket", values, Some("+Inf"), histogram.count());
        self.sum(values, histogram.sum(), histogram.count());
    }

    pub fn sum(&mut self, values: &[&str], sum: Duration, count: u64) {
        self.sample("_sum", values, None, sum.as_secs_f64());
        self.sample("_count", values, None, count);
    }

    fn sample(&mut self, suffix: &str, values: &[&str], le: Option<&str>, value: impl Display) {
        debug_assert_eq!(values.len(), self.family.labels.len(), "{}", self.family.name);
        self.text.push_str(self.family.name);
        self.text.push_str(suffix);
        let labels = self.family.labels.iter().copied().zip(values.iter().copied());
        let mut before = '{';
        for (label, value) in labels.chain(le.map(|le| ("le", le))) {
            self.text.push(before);
            self.text.push_str(label);
            self.text.push_str("=\"");
            escape(self.text, value);
            self.text.push('"');
            before = ',';
        }
        if before == ',' {
            self.text.push('}');
        }
        _ = writeln!(self.text, " {value}");
    }
}

fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str(r"\n"),
            c => out.push(c),
        }
    }
}
