use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::error::{ReferenceError, StoredProblem};
use super::references::{has_any, resolve};
use super::roots::Roots;
use crate::base::file;
use crate::json::Json;

mod tricks;

const SECRET: &str = "canary-outside";
const INSIDE: &str = "inside";

/// A root with what a client may read, beside it what it must not.
struct Tree {
    dir: tempfile::TempDir,
    root: PathBuf,
}

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(dir.path()).unwrap();
        let root = top.join("root");
        for (path, text) in [
            ("root/a.txt", INSIDE),
            ("root/sub/b.txt", INSIDE),
            ("root/new\nline.txt", INSIDE),
            ("root/ünï.txt", INSIDE),
            ("root/~/a.txt", INSIDE),
            ("root/%2e%2e/a.txt", INSIDE),
            ("secret.txt", SECRET),
            ("outside/secret.txt", SECRET),
            ("outside/sub/b.txt", SECRET),
            ("rooted/secret.txt", SECRET),
            ("root2/secret.txt", SECRET),
        ] {
            file::replace(&top.join(path), text.as_bytes()).unwrap();
        }
        for (target, link) in [
            ("a.txt", "root/in"),
            ("../a.txt", "root/sub/up"),
            ("sub", "root/dir-in"),
            ("../secret.txt", "root/out"),
            ("../../secret.txt", "root/sub/out"),
            ("../outside", "root/dir-out"),
            ("..", "root/parent"),
            ("../root", "root/round"),
            ("loop", "root/loop"),
            ("dir-out/secret.txt", "root/chain"),
            ("/proc/self/root", "root/proc-root"),
            ("/proc/self/cwd", "root/proc-cwd"),
            ("/proc/self/environ", "root/environ"),
            ("/", "root/slash"),
            ("root", "alias"),
        ] {
            symlink(target, top.join(link)).unwrap();
        }
        symlink(top.join("secret.txt"), root.join("out-abs")).unwrap();
        symlink(top.join("outside"), root.join("dir-out-abs")).unwrap();
        symlink(root.join("a.txt"), root.join("in-abs")).unwrap();
        symlink(root.join("sub"), root.join("dir-in-abs")).unwrap();
        symlink(top.join("outside/../root/a.txt"), root.join("round-abs")).unwrap();
        Self { dir, root }
    }

    fn top(&self) -> PathBuf {
        fs::canonicalize(self.dir.path()).unwrap()
    }

    fn roots(&self) -> Roots {
        Roots { cwd: Some(self.root.clone()), further: Vec::new() }
    }
}

fn no_stored(_: &str, _: &str) -> Result<Json, StoredProblem> {
    Err(StoredProblem::Result("nothing is stored here".into()))
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn read(roots: &Roots, path: impl AsRef<Path>) -> Result<String, ReferenceError> {
    let path = path.as_ref().to_str().unwrap();
    let arguments = Json::object([("body", Json::object([("$file", path.into())]))]);
    let resolved = resolve(arguments, roots, &no_stored)?;
    Ok(resolved.get("body").and_then(Json::as_str).unwrap().to_owned())
}

fn error(roots: &Roots, arguments: &str) -> String {
    resolve(json(arguments), roots, &no_stored).unwrap_err().to_string()
}

#[test]
fn references_are_replaced_at_any_depth() {
    let tree = Tree::new();
    for (name, text) in [
        ("v.json", "\u{feff}{\"b\":12345678901234567890,\"a\":1.10}"),
        ("v.yaml", "b: 12345678901234567890\na: [1.10, yes]\n"),
        ("nested.txt", "{\"$file\":\"a.txt\"}"),
        ("nested.json", "{\"$file\":\"a.txt\",\"x\":\"{\\\"$file\\\":\\\"a.txt\\\"}\"}"),
    ] {
        file::replace(&tree.root.join(name), text.as_bytes()).unwrap();
    }
    let stored = |reference: &str, path: &str| match reference {
        "r_1" => Ok(json(&format!(r#"{{"path":"{path}","$file":"a.txt"}}"#))),
        _ => Err(StoredProblem::Result(
            format!("{reference} is not there; call the tool again").into(),
        )),
    };
    let check = |arguments: &str, expected: &str| {
        let value = json(arguments);
        assert_eq!(has_any(&value), arguments != expected, "{arguments}");
        let resolved = resolve(value, &tree.roots(), &stored).unwrap();
        assert_eq!(resolved.to_string(), expected, "{arguments}");
    };
    check(r#"{"$file":"a.txt"}"#, r#""inside""#);
    check(
        r#"{"b":[1,{"c":{"$file":"a.txt","maxBytes":6}}],"a":2}"#,
        r#"{"b":[1,{"c":"inside"}],"a":2}"#,
    );
    check(r#"[{"$jsonFile":"v.json"}]"#, r#"[{"b":12345678901234567890,"a":1.10}]"#);
    check(r#"[{"$yamlFile":"v.yaml"}]"#, r#"[{"b":12345678901234567890,"a":[1.10,"yes"]}]"#);
    check(r#"[{"$text":"x\n"},{"$text":""}]"#, r#"["x\n",""]"#);
    check(r#"[{"$text":{"lines":["a","b"]}},{"$text":{"lines":[]}}]"#, r#"["a\nb",""]"#);
    check(r#"{"$text":{"lines":["a","b"],"join":", "}}"#, r#""a, b""#);
    check(
        r#"[{"$ref":"r_1"},{"$ref":"r_1","path":"x[0]"}]"#,
        r#"[{"path":"","$file":"a.txt"},{"path":"x[0]","$file":"a.txt"}]"#,
    );
    check(
        r#"[{"$file":"nested.txt"},{"$jsonFile":"nested.json"}]"#,
        r#"["{\"$file\":\"a.txt\"}",{"$file":"a.txt","x":"{\"$file\":\"a.txt\"}"}]"#,
    );
    check(
        r#"["{\"$file\":\"a.txt\"}"," { \"maxBytes\": 9, \"$file\" : \"a.txt\" }\n"]"#,
        r#"["inside","inside"]"#,
    );
    check(r#"["{\"$text\":\"{\\\"$file\\\":\\\"a.txt\\\"}\"}"]"#, r#"["{\"$file\":\"a.txt\"}"]"#);
    for same in [
        r##"{"$ref":"#/definitions/x","description":"y"}"##,
        r#"{"$ref":1,"$schema":"x"}"#,
        r#"{"$text":{"$search":"coffee"},"x":1}"#,
        r#"{"file":"a.txt","$File":"a.txt","x":{"$files":[]}}"#,
        r#"["{\"$file\":\"a.txt\",\"x\":1}","{\"$file\":1}","x {\"$file\":\"a.txt\"}","{\"$ref\":\"x\"}"]"#,
        r#"["[{\"$file\":\"a.txt\"}]","{\"a\":{\"$file\":\"a.txt\"}}","{\"$file\":\"a.txt\"","$file"]"#,
        r#"{"a":1e400,"a":12345678901234567890,"":null}"#,
    ] {
        check(same, same);
    }
}

#[test]
fn errors_name_the_place_and_the_remedy() {
    let tree = Tree::new();
    file::replace(&tree.root.join("x"), b"123").unwrap();
    file::replace(&tree.root.join("binary"), b"ab\xff").unwrap();
    file::replace(&tree.root.join("bad"), b"{\"a\":").unwrap();
    let roots = tree.roots();
    let check = |arguments: &str, expected: &str| {
        let text = error(&roots, arguments);
        assert!(text.contains(expected), "{arguments}: {text}");
    };
    check(
        r#"{"body":{"$file":"x","maxBytes":1}}"#,
        "file reference at arguments.body exceeds maxBytes (3 > 1): x",
    );
    check(
        r#"{"text":{"$file":"x","y":1,"z":2}}"#,
        "invalid $file reference at arguments.text: unexpected keys [y, z]",
    );
    check(
        r#"{"body":{"items":[0,1,{"$file":1}]}}"#,
        "invalid $file reference at arguments.body.items[2]: $file must be",
    );
    check(r#"{"a.b":{"":{"$file":"none"}}}"#, r#"at arguments["a.b"][""] cannot be read"#);
    check(r#"{"$file":"../x"}"#, "file reference at arguments lies outside");
    check(r#"{"$file":"binary"}"#, "is not UTF-8 text (at byte 2): binary");
    check(
        r#"{"$jsonFile":"bad"}"#,
        "is not JSON that can be used (expected a value at byte 5): bad",
    );
    check(r#"{"$yamlFile":"bad"}"#, "is not YAML that can be used (");
    check(r#"{"$file":"sub"}"#, "is not a regular file: sub");
    check(r#"{"$file":"a\nb"}"#, r": a\nb");
    for max in ["0", "10000001", "-1", "1.5", "\"1\"", "null", "1e3"] {
        check(
            &format!(r#"{{"$file":"x","maxBytes":{max}}}"#),
            "maxBytes must be a whole number from 1 to 10000000",
        );
    }
    check(r#"{"$text":1}"#, "$text must be a string");
    check(r#"{"$text":"a","maxBytes":1}"#, "unexpected keys [maxBytes]");
    check(r#"{"$text":{"lines":[1]}}"#, "lines must be an array of strings");
    check(r#"{"$text":{"lines":[],"join":1}}"#, "join must be a string");
    check(r#"{"$text":{"lines":[],"glue":""}}"#, "unexpected keys [glue]");
    check(r#"{"$file":"x","$text":"y"}"#, "unexpected keys [$text]");
    check(r#"{"a":{"$ref":"r_9"}}"#, "stored result at arguments.a: nothing is stored here");
    check(r#"{"$ref":"r_9","path":1}"#, "path must be a string");
    check(r#"{"$ref":"r_9","x":1}"#, "unexpected keys [x]");
}

#[test]
fn a_call_has_its_limits() {
    let tree = Tree::new();
    let many = |count: usize| format!("[{}]", vec![r#"{"$text":"x"}"#; count].join(","));
    assert!(resolve(json(&many(32)), &tree.roots(), &no_stored).is_ok());
    assert!(error(&tree.roots(), &many(33)).contains("at arguments[32] is one too many"));
    let large = vec![b'x'; 10_000_001];
    file::replace(&tree.root.join("most"), &large[1..]).unwrap();
    file::replace(&tree.root.join("more"), &large).unwrap();
    file::replace(&tree.root.join("default"), &large[..1_000_000]).unwrap();
    file::replace(&tree.root.join("above"), &large[..1_000_001]).unwrap();
    assert_eq!(read(&tree.roots(), "default").unwrap().len(), 1_000_000);
    assert!(read(&tree.roots(), "above").unwrap_err().to_string().contains("(1000001 > 1000000)"));
    let most = r#"{"$file":"most","maxBytes":10000000}"#;
    assert!(resolve(json(most), &tree.roots(), &no_stored).is_ok());
    assert!(error(&tree.roots(), &most.replace("most", "more")).contains("exceeds maxBytes"));
    let twice = error(&tree.roots(), &format!("[{most},{most}]"));
    assert!(
        twice.contains("at arguments[1] is too large") && twice.contains("16000000"),
        "{twice}"
    );
    let join = "x".repeat(1_000_000);
    let lines = format!(r#"{{"$text":{{"lines":[{}1],"join":"{join}"}}}}"#, r#""","#.repeat(5000));
    assert!(error(&tree.roots(), &lines.replace("1]", "\"\"]")).contains("more than 16000000"));
    let stored = |_: &str, _: &str| Ok(Json::String("x".repeat(17_000_000)));
    let refused = resolve(json(r#"{"$ref":"r_1"}"#), &tree.roots(), &stored).unwrap_err();
    assert!(matches!(refused, ReferenceError::TooMuch { .. }));
    let mut bomb = "a0: &a0 [lol, lol, lol, lol]\n".to_owned();
    for level in 1..30 {
        bomb +=
            &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 4].join(","));
    }
    file::replace(&tree.root.join("bomb"), bomb.as_bytes()).unwrap();
    assert!(error(&tree.roots(), r#"{"$yamlFile":"bomb"}"#).contains("aliases"));
}
