//! What a collector of metrics reads, and who may.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{Daemon, Http, Lines, Sandbox, callmux, operators, tables, until};

const MAIN: &str = "config/callmux/config.toml";
const WANTED: &str = "[metrics]\nenabled = true\n";
const RULES: &str = r#"
[[access.rules]]
id = "scraping"
principals = ["token:scraper"]
endpoints = ["/metrics"]
effect = "allow"

[[access.rules]]
id = "no-reset"
tools = ["counter__reset"]
effect = "deny"

[[access.rules]]
id = "mine"
principals = ["user:*"]
effect = "allow"
"#;

fn start(sandbox: &Sandbox, config: &str) -> Daemon {
    let counter = tables(&[("counter", &[callmux(), "example-server", "counter"])]);
    sandbox.write(MAIN, &format!("{config}{counter}{RULES}"));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

/// The samples of an answer, by their series.
type Samples = BTreeMap<String, f64>;

/// Reads the text format of Prometheus, version 0.0.4, and fails on anything else: a family is described before
/// its samples, which stand together; no series is there twice; a histogram is one.
fn read(text: &str) -> Samples {
    assert!(text.ends_with('\n'), "{text}");
    let (mut samples, mut families) = (Samples::new(), BTreeMap::new());
    let mut lines = text.lines();
    let mut family = ("", "");
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            let kind = lines.next().and_then(|line| line.strip_prefix("# TYPE ")).unwrap();
            let kind = kind.strip_prefix(name).unwrap().trim_start();
            assert!(["counter", "gauge", "histogram", "summary"].contains(&kind), "{line}");
            assert!(!help.is_empty() && families.insert(name, kind).is_none(), "{line}");
            family = (name, kind);
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        let suffix = name.strip_prefix(family.0).unwrap_or_else(|| panic!("{line} of {family:?}"));
        let allowed: &[&str] = match family.1 {
            "histogram" => &["_bucket", "_sum", "_count"],
            "summary" => &["_sum", "_count"],
            _ => &[""],
        };
        assert!(allowed.contains(&suffix), "{line}");
        labels(&series[name.len()..]);
        let value: f64 = value.parse().unwrap();
        assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
    }
    are_histograms(&samples);
    samples
}

/// `{NAME="VALUE",…}`, or nothing.
fn labels(text: &str) {
    let Some(mut rest) = text.strip_prefix('{') else { return assert_eq!(text, "") };
    loop {
        let (name, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{text}");
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("{text}")) {
                (_, '\\') => {
                    let (_, escaped) = chars.next().unwrap();
                    assert!(matches!(escaped, '\\' | '"' | 'n'), "{text}");
                }
                (at, '"') => break at,
                _ => {}
            }
        };
        rest = &value[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return assert_eq!(rest, "}", "{text}"),
        }
    }
}

/// What took no longer than a bucket's end took no longer than the next one's either, and all are counted.
fn are_histograms(samples: &Samples) {
    let mut buckets: BTreeMap<(&str, &str), Vec<(f64, f64)>> = BTreeMap::new();
    for (series, count) in samples {
        let Some((name, labels)) = series.split_once("_bucket{") else { continue };
        let (labels, end) = labels.split_once("le=\"").unwrap();
        let end = end.strip_suffix("\"}").unwrap().replace("+Inf", "inf");
        buckets.entry((name, labels)).or_default().push((end.parse().unwrap(), *count));
    }
    for ((name, labels), mut found) in buckets {
        found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        assert!(found.is_sorted_by(|(_, a), (_, b)| a <= b), "{name} {labels}: {found:?}");
        let (last, all) = *found.last().unwrap();
        let labels = labels.trim_end_matches(',');
        assert_eq!(
            (last, samples.get(&format!("{name}_count{{{labels}}}"))),
            (f64::INFINITY, Some(&all))
        );
    }
}

/// What is told over the unix socket, once this is.
#[track_caller]
fn until_told(daemon: &Daemon, series: &str, value: f64) -> Samples {
    until(series, || {
        let reply = Http::unix(daemon).bare("GET", "/metrics", &[]);
        assert_eq!(reply.status, 200, "{reply:?}");
        let told = read(&reply.body);
        (told.get(series) == Some(&value)).then_some(told)
    })
}

#[test]
fn calls_are_counted_by_what_they_were_and_how_they_ended() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, WANTED);
    let mut client = Lines::bridge(&sandbox);
    client.call("counter__increment", &json!({}));
    client.call("counter__increment", &json!({}));
    client.call("counter__reset", &json!({}));
    client.call("counter__made_up", &json!({}));
    client.call("callmux_call", &json!({ "tool": "counter__value" }));
    let counted = |tool: &str, outcome: &str| {
        let server = tool.split("__").next().unwrap();
        let server = server.strip_suffix("_call").unwrap_or(server);
        format!(r#"callmux_calls_total{{server="{server}",tool="{tool}",outcome="{outcome}"}}"#)
    };
    let told = until_told(&daemon, &counted("callmux_call", "done"), 1.0);
    for (series, value) in [
        (counted("counter__increment", "done"), 2.0),
        (counted("counter__reset", "denied"), 1.0),
        (counted("other", "refused"), 1.0),
        (counted("counter__value", "done"), 1.0),
        (r#"callmux_call_duration_seconds_count{server="counter",tool="counter__increment"}"#.into(), 2.0),
        (
            r#"mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call",gen_ai_tool_name="counter__increment",error_type=""}"#
                .into(),
            2.0,
        ),
        (r#"callmux_denied_total{rule="no-reset"}"#.into(), 1.0),
        (r#"callmux_server_up{server="counter"}"#.into(), 1.0),
        (r#"callmux_server_starts_total{server="counter"}"#.into(), 1.0),
        (r#"callmux_inflight{server="counter"}"#.into(), 0.0),
        (r#"callmux_pins_changed{server="counter"}"#.into(), 0.0),
        ("callmux_sessions".into(), 1.0),
        ("callmux_sessions_opened_total".into(), 1.0),
        ("callmux_approvals_pending".into(), 0.0),
        ("callmux_tool_calls_total".into(), 3.0),
        ("callmux_facts_lost_total".into(), 0.0),
        (format!(r#"callmux_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert_eq!(told.get(&series), Some(&value), "{series}: {told:#?}");
    }
    let inner = r#"gen_ai_tool_name="counter__value""#;
    assert!(!told.keys().any(|series| series.contains(inner)), "no client asked for it itself");

    let restart = sandbox.command().args(["restart", "counter"]).output().unwrap();
    assert_eq!(restart.status.code(), Some(0));
    let ordered = r#"callmux_server_restarts_total{server="counter",reason="ordered"}"#;
    until_told(&daemon, ordered, 1.0);
}

#[test]
fn over_tcp_metrics_are_for_whom_the_config_lets_and_nobody_else() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "");
    let ask = |path: &str, token: Option<&str>| {
        let proof = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = proof.iter().map(|it| ("Authorization", it.as_str())).collect();
        Http::tcp(&daemon).bare("GET", path, &headers)
    };
    let (unwanted, nothing) = (ask("/metrics", None), ask("/nothing", None));
    assert_eq!((unwanted.status, &unwanted.body), (404, &nothing.body), "as if it were not there");
    let told = until_told(&daemon, r#"callmux_server_up{server="counter"}"#, 1.0);
    let is_counted = |series: &String| {
        ["callmux_calls_total", "callmux_requests_total", "callmux_http_", "callmux_facts_lost"]
            .iter()
            .any(|family| series.starts_with(family))
    };
    assert!(!told.keys().any(is_counted), "what nobody counts is not told: {told:#?}");

    let token = |name| operators::token(&sandbox, &daemon, name);
    let (scraper, other) = (token("scraper"), token("other"));
    assert_eq!(ask("/metrics", Some(&scraper)).status, 404);
    let before = daemon.count("config_reloaded", |_| true);
    sandbox.write("config/callmux/conf.d/metrics.toml", WANTED);
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);

    for whom in [None, Some(&*scraper)] {
        let reply = ask("/metrics", whom);
        assert_eq!(reply.status, 200, "{whom:?}: {reply:?}");
        assert!(reply.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
        read(&reply.body);
    }
    assert_eq!(ask("/metrics", Some(&other)).status, 403);
    assert_eq!(ask("/metrics", Some("cmx_no_token")).status, 401);
    assert_eq!(Http::tcp(&daemon).bare("POST", "/metrics", &[]).status, 405);
    let proof = format!("Bearer {scraper}");
    let mut unix = Http::unix(&daemon);
    let status = unix.bare("GET", "/api/v1/status", &[("Authorization", &proof)]);
    assert_eq!(status.status, 403, "it may scrape and do nothing else");
    daemon.wait_for("call_finished", |fact| {
        fact["endpoint"] == "/metrics" && fact["outcome"] == "denied"
    });

    let answered = |path: &str, status: u16| {
        let labels = format!(r#"{{method="GET",path="{path}",status="{status}"}}"#);
        (
            format!("callmux_http_requests_total{labels}"),
            format!("callmux_http_request_duration_seconds_count{labels}"),
        )
    };
    for (path, status) in [("/metrics", 403), ("/metrics", 401), ("/api/v1/{endpoint}", 403)] {
        let (requests, durations) = answered(path, status);
        let told = until_told(&daemon, &requests, 1.0);
        assert_eq!(told.get(&durations), Some(&1.0));
    }
    // The one that asks.
    let told = until_told(&daemon, "callmux_http_inflight_requests", 1.0);
    assert!(told.get(&answered("/metrics", 200).0) >= Some(&2.0), "{told:#?}");
    assert_eq!(told.get(r#"callmux_denied_total{rule="none"}"#), Some(&2.0), "{told:#?}");
}
