use super::read;
use crate::cli::args::Cli;
use clap::Parser;

#[test]
fn a_line_means_the_same_as_among_all_verbs() {
    for line in [
        "callmux call a__b",
        "callmux call a__b x=1 y:=2 --json --socket /x --log-level debug",
        "callmux call --timeout 2s --server a b -- -x",
        "callmux bridge --url http://127.0.0.1:1 --wait 3s",
        "callmux bridge",
        "callmux call",
        "callmux call --help",
        "callmux call a --no-such-option",
        "callmux --log-level debug call a",
        "callmux status",
    ] {
        let words: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
        let all = Cli::try_parse_from(&words).ok();
        if let Some((command, log)) = read(&words) {
            let all = all.unwrap();
            let whole = (all.command.unwrap(), all.log);
            assert_eq!(format!("{:?}", (command, log)), format!("{whole:?}"), "{line}");
        } else {
            let is_left_out =
                all.is_none() || !["call", "bridge"].contains(&line.split(' ').nth(1).unwrap());
            assert!(is_left_out, "{line}");
        }
    }
}
