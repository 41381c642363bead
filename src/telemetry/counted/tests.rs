use std::time::Duration;

use super::FactCounts;
use crate::base::ServerName;
use crate::facts::{self, CallFinished, CallOrigin, CallOutcome, Fact};
use crate::metrics::Exposition;

fn server() -> ServerName {
    ServerName::parse("s").unwrap()
}

fn call() -> CallFinished {
    let origin = CallOrigin { is_listed: true, ..CallOrigin::default() };
    let (name, outcome) = ("s__t".into(), CallOutcome::Done);
    CallFinished { server: Some(server()), name, outcome, origin, ..CallFinished::example() }
}

/// The lines that are told of these, without those that describe families.
fn told(facts: impl IntoIterator<Item = Fact>) -> Vec<String> {
    let mut counts = FactCounts::default();
    facts.into_iter().for_each(|fact| {
        assert!(FactCounts::wants(&fact), "{fact:?}");
        counts.note(&fact);
    });
    let mut text = Exposition::default();
    counts.tell(&mut text);
    let text = text.into_text();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn calls(calls: impl IntoIterator<Item = CallFinished>) -> Vec<String> {
    told(calls.into_iter().map(|call| Box::new(call).into()))
}

#[track_caller]
fn has(lines: &[String], line: &str) {
    assert!(lines.iter().any(|found| found == line), "{line} is not in:\n{}", lines.join("\n"));
}

#[test]
fn a_call_counts_by_server_tool_and_outcome_and_falls_into_a_bucket() {
    let failed = CallFinished { outcome: CallOutcome::ToolError, ..call() };
    let slow = CallFinished { took: Duration::from_secs(7), ..call() };
    let lines = calls([call(), failed, slow]);
    has(&lines, r#"callmux_calls_total{server="s",tool="s__t",outcome="done"} 2"#);
    has(&lines, r#"callmux_calls_total{server="s",tool="s__t",outcome="tool_error"} 1"#);
    let buckets = r#"callmux_call_duration_seconds_bucket{server="s",tool="s__t","#;
    has(&lines, &format!(r#"{buckets}le="0.002"}} 2"#));
    has(&lines, &format!(r#"{buckets}le="+Inf"}} 3"#));
    has(&lines, r#"callmux_call_duration_seconds_sum{server="s",tool="s__t"} 7.003"#);
    has(&lines, r#"callmux_requests_total{kind="tool",outcome="done"} 2"#);
    let operation = "mcp_server_operation_duration_seconds_count{mcp_method_name=\"tools/call\",";
    has(&lines, &format!(r#"{operation}gen_ai_tool_name="s__t",error_type=""}} 2"#));
    has(&lines, &format!(r#"{operation}gen_ai_tool_name="s__t",error_type="tool_error"}} 1"#));
}

#[test]
fn what_a_tool_of_ours_calls_is_a_call_and_no_operation_of_a_client() {
    let origin = CallOrigin { is_inner: true, is_listed: true, ..CallOrigin::default() };
    let lines = calls([CallFinished { origin, ..call() }]);
    has(&lines, r#"callmux_calls_total{server="s",tool="s__t",outcome="done"} 1"#);
    assert!(!lines.iter().any(|line| line.starts_with("mcp_server_operation")), "{lines:?}");
}

#[test]
fn a_name_that_a_client_made_up_makes_no_series() {
    let made_up = (0..5_000).map(|number| CallFinished {
        name: format!("s__{number}").into(),
        origin: CallOrigin::default(),
        outcome: CallOutcome::NotSent,
        ..call()
    });
    let nowhere = CallFinished {
        server: None,
        name: "?".into(),
        origin: CallOrigin::default(),
        outcome: CallOutcome::Refused,
        ..call()
    };
    let own = CallFinished { server: None, name: "callmux_status".into(), ..call() };
    let lines = calls(made_up.chain([nowhere, own, call()]));
    has(&lines, r#"callmux_calls_total{server="s",tool="other",outcome="not_sent"} 5000"#);
    has(&lines, r#"callmux_calls_total{server="other",tool="other",outcome="refused"} 1"#);
    has(&lines, r#"callmux_calls_total{server="callmux",tool="callmux_status",outcome="done"} 1"#);
    let series = lines.iter().filter(|line| line.starts_with("callmux_calls_total"));
    assert_eq!(series.count(), 4);
}

#[test]
fn a_family_has_so_many_series_and_what_is_more_counts_with_others() {
    let many = (0..9_000).map(|number| CallFinished {
        server: ServerName::parse(&format!("s{}", number % 500)).ok(),
        name: format!("t{number}").into(),
        ..call()
    });
    let lines = calls(many);
    for family in ["callmux_calls_total", "callmux_call_duration", "mcp_server_operation"] {
        let series = lines.iter().filter(|line| line.starts_with(family)).count();
        assert!((1_000..=2_000).contains(&series), "{family}: {series}");
    }
    let value = |line: &&String| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    let all = lines.iter().filter(|line| line.starts_with("callmux_calls_total"));
    assert_eq!(all.map(|line| value(&line)).sum::<u64>(), 9_000, "none is lost");
}

#[test]
fn what_is_told_to_a_terminal_does_nothing_to_it() {
    let lines = calls([CallFinished { name: "s__\u{1b}[2J\"\n".into(), ..call() }]);
    let shown = r#"callmux_calls_total{server="s",tool="s__\\u{1b}[2J\"\\n",outcome="done"} 1"#;
    let shown_by_number = shown.replace(r"\\n", r"\\u{a}");
    assert!(lines.iter().any(|line| *line == shown || *line == shown_by_number), "{lines:?}");
}

#[test]
fn what_else_happens_counts_too() {
    let refused = |rule: Option<&str>, outcome| CallFinished {
        rule: rule.map(Into::into),
        outcome,
        ..call()
    };
    let took = Duration::ZERO;
    let mut facts: Vec<Fact> = vec![
        facts::ServerReady {
            server: server(),
            era: "legacy",
            revision: "x".into(),
            tools: 1,
            took,
        }
        .into(),
        facts::ServerFailed { server: server(), reason: "x".into(), retry_in: took }.into(),
        facts::ServerOrdered { server: server(), order: "restart", principal: "p".into() }.into(),
        facts::ServerOrdered { server: server(), order: "stop", principal: "p".into() }.into(),
        facts::ConfigReloaded {
            added: Vec::new(),
            removed: Vec::new(),
            restarted: vec![server()],
            adjusted: Vec::new(),
            unchanged: 0,
        }
        .into(),
        facts::PeerRefused { address: None, cause: "token", reason: "x".into() }.into(),
        facts::CapReached { what: "session", max: 1, evicted: true }.into(),
        facts::ApprovalAnswered { id: "1".into(), decision: "once", by: "p".into() }.into(),
        facts::FactsLost { lost: 3 }.into(),
        facts::AuditGap { lost: 2, set_aside: None }.into(),
    ];
    for call in [
        refused(Some("no-reset"), CallOutcome::Denied),
        refused(None, CallOutcome::Denied),
        refused(None, CallOutcome::Limited),
    ] {
        facts.push(Box::new(call).into());
    }
    let lines = told(facts);
    for line in [
        r#"callmux_server_starts_total{server="s"} 1"#,
        r#"callmux_server_restarts_total{server="s",reason="failed"} 1"#,
        r#"callmux_server_restarts_total{server="s",reason="ordered"} 1"#,
        r#"callmux_server_restarts_total{server="s",reason="config"} 1"#,
        r#"callmux_peers_refused_total{cause="token"} 1"#,
        r#"callmux_caps_reached_total{what="session"} 1"#,
        r#"callmux_approvals_answered_total{decision="once"} 1"#,
        "callmux_facts_lost_total 3",
        "callmux_audit_lost_total 2",
        r#"callmux_denied_total{rule="no-reset"} 1"#,
        r#"callmux_denied_total{rule="none"} 1"#,
        "callmux_limited_total 1",
    ] {
        has(&lines, line);
    }
}
