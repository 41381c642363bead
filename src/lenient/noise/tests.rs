use super::messages;

const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"a":"\u001b{\"b\":1}"}}"#;
const ASKS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;

fn found(line: &str) -> Vec<String> {
    messages(line.as_bytes()).iter().map(|message| message.text().to_owned()).collect()
}

#[test]
fn a_message_is_found_in_whatever_surrounds_it() {
    for before in [
        "\u{feff}",
        "\u{1b}[2K\u{1b}[1;31m",
        "\u{1b}]0;a title\u{7}",
        "\u{1b}]0;a title\u{1b}\\",
        "\u{1b}c\u{8}",
        "10 %\r20 %\r\u{1b}[K",
        "\r",
        "Loading the model {v2} ... ",
        "done {\"a\": 1} ",
    ] {
        for after in ["", "\u{1b}[0m", " ok", "\r100 %"] {
            assert_eq!(found(&format!("{before}{ANSWER}{after}")), [ANSWER], "{before:?}");
        }
    }
    assert_eq!(found(&format!("{ANSWER}{ASKS}")), [ANSWER, ASKS]);
    assert_eq!(found(&format!("\u{feff}{ASKS}")), [ASKS]);
    assert_eq!(messages(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"\xe9\"}}").len(), 1);
    let raw = found("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"\u{1b}[0m\t\"}}");
    assert_eq!(raw, [r#"{"jsonrpc":"2.0","id":1,"result":{"a":"\u001b[0m\u0009"}}"#]);
}

#[test]
fn nothing_is_made_out_of_what_only_talks_of_messages() {
    for line in [
        "Server listening",
        "{}",
        "{\"a\":1}",
        "{",
        "[",
        "\u{1b}",
        "\u{1b}[",
        "\u{1b}]",
        "",
        &format!("DEBUG received {ASKS}"),
        r#"DEBUG sent {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
        &ANSWER[1..],
        &ANSWER[..20],
    ] {
        assert_eq!(found(line), [""; 0], "{line:?}");
    }
}
