//! What came of a request, as an exit code.

use crate::terminal::Exit;
use crate::wire::error::code;
use crate::wire::object;

/// What a result of `tools/call` comes to.
pub(super) fn of_result(result: &str) -> Exit {
    if object::get(result, "isError") != Some("true") {
        return Exit::Fine;
    }
    let failure =
        object::get(result, "_meta").and_then(|meta| object::get(meta, "callmux/failure"));
    failure.map_or(Exit::Failed, of_failure)
}

/// What a JSON-RPC error comes to.
pub(super) fn of_error(error: &str) -> Exit {
    let data = object::get(error, "data").filter(|data| object::is_object(data));
    let by_data = data.map_or(Exit::Failed, of_failure);
    let code = object::get(error, "code").and_then(|code| code.parse().ok());
    let is_usage = code == Some(code::INVALID_PARAMS) || code == Some(code::RESOURCE_NOT_FOUND);
    if by_data == Exit::Failed && is_usage { Exit::Usage } else { by_data }
}

/// What the result of several calls in one comes to, which was no error itself. `is_dry`: none was made.
pub(super) fn of_work(result: &str, is_dry: bool) -> Exit {
    let payload = object::get(result, "structuredContent").unwrap_or_default();
    let status = object::get(payload, "status").and_then(object::string);
    let is_bad = matches!(status.as_deref(), Some("partial" | "failed"));
    let is_refused = is_dry && object::get(payload, "valid") == Some("false");
    if is_bad || is_refused { Exit::Failed } else { Exit::Fine }
}

/// What is said of a call without an answer.
fn of_failure(failure: &str) -> Exit {
    match object::get(failure, "outcome").and_then(object::string).as_deref() {
        Some("not_sent" | "limited") => Exit::Again,
        Some("outcome_unknown") => Exit::OutcomeUnknown,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::{of_error, of_result, of_work};
    use crate::terminal::Exit;

    #[test]
    fn work_is_as_good_as_its_worst_part() {
        for (status, exit) in
            [("completed", Exit::Fine), ("partial", Exit::Failed), ("failed", Exit::Failed)]
        {
            let result = format!(r#"{{"structuredContent":{{"status":"{status}"}}}}"#);
            assert_eq!(of_work(&result, false), exit, "{status}");
        }
    }

    #[test]
    fn each_outcome_has_its_code() {
        let failed = |outcome: &str| {
            format!(r#"{{"isError":true,"_meta":{{"callmux/failure":{{"outcome":"{outcome}"}}}}}}"#)
        };
        for (result, exit) in [
            (r#"{"content":[]}"#.to_owned(), Exit::Fine),
            (r#"{"content":[],"isError":false}"#.to_owned(), Exit::Fine),
            (r#"{"content":[],"isError":true}"#.to_owned(), Exit::Failed),
            (failed("not_sent"), Exit::Again),
            (failed("limited"), Exit::Again),
            (failed("outcome_unknown"), Exit::OutcomeUnknown),
            (failed("new"), Exit::Failed),
        ] {
            assert_eq!(of_result(&result), exit, "{result}");
        }
        for (error, exit) in [
            (r#"{"code":-32602,"message":"unknown tool: x"}"#, Exit::Usage),
            (r#"{"code":-32050,"message":"it failed","data":{"why":"asked to"}}"#, Exit::Failed),
            (r#"{"code":-32603,"message":"m","data":{"outcome":"not_sent"}}"#, Exit::Again),
            (
                r#"{"code":-32603,"message":"m","data":{"outcome":"outcome_unknown"}}"#,
                Exit::OutcomeUnknown,
            ),
            ("{}", Exit::Failed),
        ] {
            assert_eq!(of_error(error), exit, "{error}");
        }
    }
}
