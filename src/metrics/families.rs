//! Every family there is. The page docs/metrics.md has the same table, which a test compares.

use super::family::{Family, FamilyKind};

/// Lists families: the name in the house, the type, the name outside, the labels, the unit, the help.
macro_rules! families {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal),*] $unit:literal $help:literal;)+) => {
        $(pub const $constant: Family = Family {
            name: $name,
            kind: FamilyKind::$kind,
            labels: &[$($label),*],
            unit: $unit,
            help: $help,
        };)+

        /// All of them, in the order in which they are told.
        #[cfg(test)]
        pub const FAMILIES: &[&Family] = &[$(&$constant),+];
    };
}

families! {
    BUILD_INFO: Gauge "callmux_build_info" ["version"] "1"
        "The version that runs.";
    SERVER_UP: Gauge "callmux_server_up" ["server"] "1 or 0"
        "Whether a server can be called: it is ready, or asleep until the next call.";
    INFLIGHT: Gauge "callmux_inflight" ["server"] "requests"
        "Requests that a server is at, of all its instances.";
    QUEUE_DEPTH: Gauge "callmux_queue_depth" ["server"] "requests"
        "Requests that wait for room at a server, because of its max_concurrency.";
    PINS_CHANGED: Gauge "callmux_pins_changed" ["server"] "definitions"
        "Definitions of a server that are not what was accepted.";
    TOOLS: Gauge "callmux_tools" [] "tools"
        "Tools of servers that clients are shown.";
    SESSIONS: Gauge "callmux_sessions" [] "sessions"
        "Sessions that are open.";
    CALLS_RUNNING: Gauge "callmux_calls_running" [] "calls"
        "Calls of clients that run.";
    APPROVALS_PENDING: Gauge "callmux_approvals_pending" [] "questions"
        "Questions that wait for a person.";
    TOOL_CALLS: Counter "callmux_tool_calls_total" [] "calls"
        "Calls of servers' tools.";
    META_TOOL_CALLS: Counter "callmux_meta_tool_calls_total" [] "calls"
        "Calls of callmux's own tools.";
    CACHE_HITS: Counter "callmux_cache_hits_total" [] "calls"
        "Calls answered from the cache.";
    CACHE_JOINED: Counter "callmux_cache_joined_total" [] "calls"
        "Calls that joined the same call in flight.";
    CACHE_MISSES: Counter "callmux_cache_misses_total" [] "calls"
        "Reading calls that were sent.";
    SENT_BYTES: Counter "callmux_sent_bytes_total" [] "bytes"
        "Results and lists of tools sent to clients.";
    DIRECT_BYTES: Counter "callmux_direct_bytes_total" [] "bytes"
        "The same from direct connections.";
    CACHE_ENTRIES: Gauge "callmux_cache_entries" [] "results"
        "Results in the cache.";
    CACHE_BYTES: Gauge "callmux_cache_bytes" [] "bytes"
        "Size of the cache.";
    STORED_RESULTS: Gauge "callmux_stored_results" [] "results"
        "Results kept because they were too large.";
    STORED_RESULT_BYTES: Gauge "callmux_stored_result_bytes" [] "bytes"
        "Their size.";
    SAVED_BYTES: Gauge "callmux_saved_bytes" [] "bytes"
        "What direct connections would have sent more; negative if they would have sent less.";
    ESTIMATED_TOKENS_SAVED: Gauge "callmux_estimated_tokens_saved" [] "tokens"
        "Estimated tokens that direct connections would have sent more.";
    JOURNAL_SENT: Counter "callmux_journal_entries_total" [] "entries"
        "Entries of calls that were sent to the journal.";
    JOURNAL_MISSING: Counter "callmux_journal_entries_missing_total" [] "entries"
        "Entries of calls that the journal did not take, as far as it was looked.";
    CALLS: Counter "callmux_calls_total" ["server", "tool", "outcome"] "calls"
        "Calls of tools that ended, those inside of callmux's own tools among them.";
    CALL_DURATION: Histogram "callmux_call_duration_seconds" ["server", "tool"] "seconds"
        "How long they took, with the wait for their server.";
    REQUESTS: Counter "callmux_requests_total" ["kind", "outcome"] "requests"
        "What clients did that ended, by what it was about: a tool, a prompt, a resource, a subscription.";
    SERVER_OPERATION: Histogram "mcp_server_operation_duration_seconds"
        ["mcp_method_name", "gen_ai_tool_name", "error_type"] "seconds"
        "OpenTelemetry's mcp.server.operation.duration: requests of clients, from their coming to their answer.";
    DENIED: Counter "callmux_denied_total" ["rule"] "requests"
        "What was denied, by the access rule that did; `none` if no rule fits.";
    LIMITED: Counter "callmux_limited_total" [] "requests"
        "What came too early for its limit.";
    APPROVALS_ASKED: Counter "callmux_approvals_asked_total" [] "questions"
        "Questions to a person.";
    APPROVALS_ANSWERED: Counter "callmux_approvals_answered_total" ["decision"] "questions"
        "Questions that a person answered: once, hour or deny.";
    SERVER_RESTARTS: Counter "callmux_server_restarts_total" ["server", "reason"] "restarts"
        "Servers that began anew: they failed and are tried again, somebody ordered it, their config changed.";
    SERVER_STARTS: Counter "callmux_server_starts_total" ["server"] "starts"
        "Servers that became ready.";
    SESSIONS_OPENED: Counter "callmux_sessions_opened_total" [] "sessions"
        "Sessions that were opened.";
    LINKS_LOST: Counter "callmux_links_lost_total" [] "links"
        "Bridges that were cut off.";
    LINKS_RESUMED: Counter "callmux_links_resumed_total" [] "links"
        "Bridges that came back.";
    PEERS_REFUSED: Counter "callmux_peers_refused_total" ["cause"] "connections"
        "Who was not let in, by the kind of reason.";
    CAPS_REACHED: Counter "callmux_caps_reached_total" ["what"] "times"
        "There were as many connections, links or sessions as there may be when one more came.";
    FACTS_LOST: Counter "callmux_facts_lost_total" [] "facts"
        "What there was no room to write down, nor to count.";
    AUDIT_LOST: Counter "callmux_audit_lost_total" [] "records"
        "What the audit file has no record of.";
    HTTP_INFLIGHT: Gauge "callmux_http_inflight_requests" [] "requests"
        "HTTP requests whose answer is not sent to its end; streams of events among them.";
    HTTP_REQUESTS: Counter "callmux_http_requests_total" ["method", "path", "status"] "requests"
        "HTTP requests that were answered, by the template of their path.";
    HTTP_DURATION: Summary "callmux_http_request_duration_seconds" ["method", "path", "status"] "seconds"
        "How long they took, to the end of their answer.";
}
