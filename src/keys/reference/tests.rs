use super::{Node, Sources, Value, resolve, run_programs};
use crate::settings::complaint::Place;

fn sources(base: &std::path::Path) -> Sources {
    let variable = |name: &str| match name {
        "SET" => Some("value".to_owned()),
        "EMPTY" => Some(String::new()),
        "TRICK" => Some("${SET}".to_owned()),
        _ => None,
    };
    let (base, credentials) = (base.to_path_buf(), Some(base.join("creds")));
    let (consulted, printed, remarks) = <_>::default();
    Sources { base, credentials, variable, consulted, printed, remarks }
}

#[test]
fn every_form_resolves() {
    let dir = tempfile::tempdir().unwrap();
    crate::base::file::replace(&dir.path().join("token"), b"t0k\n").unwrap();
    crate::base::file::replace(&dir.path().join("creds/gh"), b"c\r\n").unwrap();
    let check = |text: &str, expected: &str, secret: bool| {
        let found = resolve(text, &sources(dir.path())).unwrap();
        assert_eq!((found.text.expose(), found.secret), (expected, secret), "{text}");
    };
    check("plain $ {x} $$", "plain $ {x} $$", false);
    check("a ${SET} b ${SET}", "a value b value", false);
    check("${NOT:-fall back}", "fall back", false);
    check("${EMPTY:-fall back}", "fall back", false);
    check("${EMPTY}", "", false);
    check("$${SET} ${SET}", "${SET} value", false);
    check("${TRICK}", "${SET}", false);
    check("Bearer ${file:token}", "Bearer t0k", true);
    check("${cred:gh}", "c", true);
}

#[test]
fn every_failure_names_the_reference() {
    let dir = tempfile::tempdir().unwrap();
    let (pipe, mode) = (dir.path().join("pipe"), rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    std::fs::File::create(dir.path().join("large")).unwrap().set_len(10 << 30).unwrap();
    let check = |text: &str, words: &str| {
        let error = resolve(text, &sources(dir.path())).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    };
    check("${NOT}", "the environment variable NOT is not set");
    check("x ${SET", "not closed");
    check("${file:none}", "none: No such file");
    check("${file:.}", "it is a directory, not a regular file");
    check(
        "${file:pipe}",
        "it is a named pipe, not a regular file; name a regular file, or have a program read it: `${cmd:cat PATH}`",
    );
    check("${file:large}", "larger than 1 MiB");
    check("${cred:../x}", "no credential name");
    check("${cred:none}", "no such credential; add `LoadCredential=none:…`");
    check("${cmd:date}", "was not run");
    check("${cmd:echo '}", "not closed");
    check("${date}x${more:date}", "the environment variable date is not set");
    check("${more:date}", "no reference; known are");
    check("${}", "no reference");
    check("${1A}", "no reference");
}

#[test]
fn programs_run_once_and_beside_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let sources = sources(dir.path());
    let text = |text: &str| Node {
        at: Place::of_file(&std::path::Path::new("c").into()),
        value: Value::Text(text.to_owned()),
    };
    // Two that wait for each other.
    let meet = |mine: &str, other: &str| {
        format!(
            "${{cmd:sh -c 'echo x >> {mine}; until [ -e {other} ]; do sleep 0.01; done; echo {mine}'}}"
        )
    };
    let (a, b) = (meet("a", "b"), meet("b", "a"));
    let again = format!("{a} and {a}, but not $${{cmd:no-such-program}}");
    let braces = "${cmd:echo '}' \"{}\"}|";
    let texts = [&a, &b, &again, braces, "${cmd:false x}", "${cmd:echo \"}"];
    let list = Value::List(texts.iter().map(|line| text(line)).collect());
    run_programs(&Node { value: list, ..text("") }, &sources);
    let printed = |text: &str| resolve(text, &sources).map(|found| found.text);
    assert_eq!(printed(&again).unwrap().expose(), "a and a, but not ${cmd:no-such-program}");
    assert_eq!(printed(&b).unwrap().expose(), "b");
    assert_eq!(printed(braces).unwrap().expose(), "} {}|");
    assert!(resolve(&a, &sources).unwrap().secret);
    assert_eq!(std::fs::read_to_string(dir.path().join("a")).unwrap(), "x\n", "run once");
    let why = printed("${cmd:false x}").unwrap_err().to_string();
    assert!(why.contains("`${cmd:false …}` failed with exit status: 1"), "{why}");
}
