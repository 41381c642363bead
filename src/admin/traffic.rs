//! What went to clients, what was kept for them, and what that saved: for `callmux status` and metrics.

use crate::api::Traffic;
use crate::mux::Hub;

/// Since the daemon started, of all sessions together.
pub fn traffic(hub: &Hub) -> Traffic {
    let (account, cache) = (hub.ledger.account(), hub.cache.statistics());
    let stored = hub.results.stats();
    Traffic {
        calls: account.calls,
        meta_calls: account.meta_calls,
        cache_hits: cache.hits,
        cache_joined: cache.joined,
        cache_misses: cache.misses,
        cache_entries: cache.entries as u64,
        cache_bytes: cache.bytes as u64,
        stored_results: stored.entries as u64,
        stored_bytes: stored.bytes,
        sent_bytes: account.sent_results + account.sent_definitions,
        direct_bytes: account.direct_results + account.direct_definitions,
        saved_bytes: account.saved_bytes(),
        estimated_tokens_sent: account.sent_tokens(),
        estimated_tokens_saved: account.saved_tokens(),
    }
}

/// In the text format of Prometheus, version 0.0.4.
pub fn metrics(traffic: &Traffic) -> String {
    let mut text = String::new();
    let mut add = |name: &str, kind: &str, help: &str, value: String| {
        text += &format!("# HELP callmux_{name} {help}\n# TYPE callmux_{name} {kind}\n");
        text += &format!("callmux_{name} {value}\n");
    };
    let counters = [
        ("tool_calls_total", "Calls of servers' tools.", traffic.calls),
        ("meta_tool_calls_total", "Calls of callmux's own tools.", traffic.meta_calls),
        ("cache_hits_total", "Calls answered from the cache.", traffic.cache_hits),
        ("cache_joined_total", "Calls that joined the same call in flight.", traffic.cache_joined),
        ("cache_misses_total", "Reading calls that were sent.", traffic.cache_misses),
        ("sent_bytes_total", "Results and lists of tools sent to clients.", traffic.sent_bytes),
        ("direct_bytes_total", "The same from direct connections.", traffic.direct_bytes),
    ];
    for (name, help, value) in counters {
        add(name, "counter", help, value.to_string());
    }
    let gauges = [
        ("cache_entries", "Results in the cache.", traffic.cache_entries),
        ("cache_bytes", "Size of the cache.", traffic.cache_bytes),
        ("stored_results", "Results kept because they were too large.", traffic.stored_results),
        ("stored_result_bytes", "Their size.", traffic.stored_bytes),
    ];
    for (name, help, value) in gauges {
        add(name, "gauge", help, value.to_string());
    }
    let help = "Estimated tokens that direct connections would have sent more.";
    add("estimated_tokens_saved", "gauge", help, traffic.estimated_tokens_saved.to_string());
    text
}

#[cfg(test)]
mod tests {
    use super::{Traffic, metrics};

    #[test]
    fn metrics_are_text_that_prometheus_reads() {
        let text = Traffic { saved_bytes: -8, estimated_tokens_saved: -2, ..Traffic::default() };
        let text = metrics(&text);
        assert!(text.ends_with("callmux_estimated_tokens_saved -2\n"), "{text}");
        for line in text.lines() {
            let is_sample = line.starts_with("callmux_") && line.split(' ').count() == 2;
            assert!(is_sample || line.starts_with("# "), "{line}");
        }
    }
}
