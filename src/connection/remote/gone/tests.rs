use super::says_so;
use hyper::StatusCode;

#[test]
fn a_session_that_is_gone_is_told_in_many_ways() {
    let check = |status: u16, body: &str, expected: bool| {
        let said = says_so(StatusCode::from_u16(status).unwrap(), &body.to_owned().into());
        assert_eq!(said, expected, "{status} {body}");
    };
    let error = |id: &str, code: i64, message: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{message}"}}}}"#)
    };
    for status in [400, 409, 410] {
        check(status, "", true);
        check(status, "Invalid session ID", true);
        check(status, &error("null", -32000, "Bad Request: No valid session ID"), true);
        check(status, &error("7", -32001, "Session not found"), true);
        check(status, &error("\"server-error\"", -32600, "no"), true);
        check(status, &error("7", -32602, "no such tool"), false);
        check(status, &error("7", -32603, "it failed"), false);
    }
    check(200, &error("7", -32001, "Session expired"), true);
    check(200, &error("7", -32001, "Request timed out"), false);
    check(200, &error("7", -32000, "the tool failed"), false);
    check(200, &error("null", -32600, "Invalid Request"), true);
    check(200, &error("7", -32600, "Invalid Request"), false);
    let packed = r#"{"error":"HTTP 400: {\"code\":-32000,\"message\":\"No valid session ID\"}"}"#;
    check(500, packed, true);
    check(500, "the session of the database is gone", false);
    check(401, packed, false);
    check(403, &error("null", -32001, "Session not found"), false);
}
