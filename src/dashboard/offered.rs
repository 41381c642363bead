//! What of the endpoints of operators a visit may ask: all that only tells, and what can be taken back or is safe
//! whoever asks; and to call a tool, where the gate asks of the visit's principal what it asks of everybody. To approve a
//! call wants proof that its agent cannot give, which a browser has none of.

use crate::api::{Order, path};

/// Orders that a visit may give.
const ORDERS: [Order; 4] = [Order::Start, Order::Stop, Order::Restart, Order::Retry];

/// Whether a visit may ask this.
pub fn is_offered(method: &str, at: &str) -> bool {
    match method {
        "GET" | "HEAD" => true,
        "POST" => {
            [path::RELOAD, path::RETRY, path::PLAN, path::UNDO, path::CALL_TOOL].contains(&at)
                || is_order(at)
                || is_denial(at)
        }
        "PUT" | "PATCH" | "DELETE" => at.starts_with(path::CONFIG),
        _ => false,
    }
}

fn is_order(at: &str) -> bool {
    let words: Vec<&str> = at.split('/').collect();
    let ["", "api", "v1", "servers", _, verb] = words[..] else { return false };
    ORDERS.iter().any(|order| order.as_str() == verb)
}

fn is_denial(at: &str) -> bool {
    let words: Vec<&str> = at.split('/').collect();
    matches!(words[..], ["", "api", "v1", "approvals", _, "deny"])
}
