use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::families::{self, FAMILIES};
use super::family::FamilyKind;
use super::route::{self, ROUTES};
use super::{Bounded, Exposition, Histogram, HttpCounts, OTHER};

#[test]
fn names_are_those_of_prometheus_and_say_their_type_and_unit() {
    let is_name = |name: &str| {
        let is_in = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        name.bytes().all(is_in) && name.starts_with(|c: char| c.is_ascii_lowercase())
    };
    let mut seen = BTreeSet::new();
    for family in FAMILIES {
        let name = family.name;
        assert!(seen.insert(name), "{name} twice");
        assert!(is_name(name) && family.labels.iter().all(|label| is_name(label)), "{name}");
        assert_eq!(name.ends_with("_total"), family.kind == FamilyKind::Counter, "{name}");
        let has_time = matches!(family.kind, FamilyKind::Histogram | FamilyKind::Summary);
        assert_eq!(name.ends_with("_seconds"), has_time, "{name}");
        assert!(family.help.ends_with('.') && !family.unit.is_empty(), "{name}");
        assert!(!family.labels.contains(&"le"), "{name}");
    }
}

#[test]
fn there_are_no_more_series_than_there_may_be_and_nothing_is_lost() {
    let mut bounded: Bounded<u64> = Bounded::new(100);
    for number in 0..1_000 {
        for third in ["a", "b"] {
            *bounded.at(&format!("s{}", number % 3), &format!("t{number}"), third) += 1;
        }
    }
    for number in 0..1_000 {
        *bounded.at(&format!("new{number}"), "t", "a") += 1;
    }
    assert!(bounded.iter().count() <= 100, "{}", bounded.iter().count());
    assert_eq!(bounded.iter().map(|(_, count)| *count).sum::<u64>(), 3_000);
    let others = bounded.iter().find(|(labels, _)| *labels == ["s0", OTHER, "a"]);
    assert!(others.is_some_and(|(_, count)| *count > 100), "of a server that is known");
    let all = bounded.iter().find(|(labels, _)| *labels == [OTHER, OTHER, "a"]);
    assert!(all.is_some_and(|(_, count)| *count > 900), "of servers that are not");
    let before = bounded.iter().count();
    *bounded.at("s0", "t0", "a") += 1;
    assert_eq!(bounded.iter().count(), before, "what is there goes on");
}

#[test]
fn a_duration_falls_into_its_bucket_and_all_above() {
    let mut histogram = Histogram::default();
    for micros in [0, 1_000, 1_001, 299_999_999, 300_000_001] {
        histogram.observe(Duration::from_micros(micros));
    }
    histogram.observe(Duration::from_nanos(1_000_001));
    let buckets: Vec<_> = histogram.buckets().collect();
    assert_eq!(buckets.first(), Some(&("0.001", 2)));
    assert_eq!(buckets.get(1), Some(&("0.002", 4)));
    assert_eq!((buckets.last(), histogram.count()), (Some(&("300", 5)), 6));
    let ends: Vec<f64> = buckets.iter().map(|(end, _)| end.parse().unwrap()).collect();
    assert!(ends.is_sorted());
    assert_eq!(histogram.sum(), Duration::from_nanos(600_003_001_001));
}

#[test]
fn values_of_labels_are_written_so_that_they_end_where_they_end() {
    let mut text = Exposition::default();
    text.family(&families::DENIED).add(&["a\\b\"c\nd} 1"], 3);
    text.alone(&families::LIMITED, 0);
    let text = text.into_text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "# TYPE callmux_denied_total counter");
    assert_eq!(lines[2], r#"callmux_denied_total{rule="a\\b\"c\nd} 1"} 3"#);
    assert_eq!(lines[5], "callmux_limited_total 0");
}

#[test]
fn a_path_counts_by_its_template() {
    for (path, template) in [
        ("/mcp", "/mcp"),
        ("/mcp/", "/mcp"),
        ("/metrics", "/metrics"),
        ("/.well-known/oauth-protected-resource/mcp", "/.well-known/{document}"),
        ("/api/v1/status", "/api/v1/{endpoint}"),
        ("/api/v1", "/api/v1"),
        ("/api/v1/servers/a", "/api/v1/{endpoint}/{name}"),
        ("/api/v1/approvals/1:2/once", "/api/v1/{endpoint}/{name}/{verb}"),
        ("/api/v1/servers/a/restart", "/api/v1/{endpoint}/{name}/{verb}"),
        ("/api/v1/servers/a/login/wait", "/api/v1/{endpoint}/{name}/{verb}/{step}"),
        ("/api/v1/servers/a/b/c/d", "/__unmatched__"),
        ("/", "/__unmatched__"),
        ("", "/__unmatched__"),
        ("/mcp/7", "/__unmatched__"),
        ("*", "/__unmatched__"),
    ] {
        assert_eq!(ROUTES[route::of(path)], template, "{path}");
    }
}

#[test]
fn requests_count_once_they_are_answered_to_their_end() {
    let counts = Arc::new(HttpCounts::default());
    assert!(counts.begin("GET", "/mcp").is_none(), "nobody wants it");
    counts.set(true);
    let told = || {
        let mut text = Exposition::default();
        counts.tell(&mut text);
        text.into_text()
    };
    let mut first = counts.begin("POST", "/mcp").unwrap();
    let mut odd = counts.begin("BREW", "/pot/1").unwrap();
    let gone = counts.begin("GET", "/mcp").unwrap();
    first.answered(200);
    odd.answered(418);
    assert!(told().contains("\ncallmux_http_inflight_requests 3\n"), "{}", told());
    assert!(!told().contains("status="), "{}", told());
    drop((first, odd, gone));
    let text = told();
    for line in [
        "callmux_http_inflight_requests 0",
        r#"callmux_http_requests_total{method="POST",path="/mcp",status="200"} 1"#,
        r#"callmux_http_requests_total{method="OTHER",path="/__unmatched__",status="other"} 1"#,
        r#"callmux_http_request_duration_seconds_count{method="POST",path="/mcp",status="200"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(!text.contains(r#"method="GET""#), "{text}");
    counts.set(false);
    assert_eq!(told(), "");
}
