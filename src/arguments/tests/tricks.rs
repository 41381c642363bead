//! Ways to read what lies outside of the roots, none of which may work.

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{INSIDE, SECRET, Tree, read};
use crate::arguments::error::{FileProblem, ReferenceError};
use crate::arguments::roots::Roots;
use crate::base::file;

/// Ways out of the root.
const CLIMBS: &[&str] = &[
    "..",
    "./..",
    "sub/../..",
    "sub/../../root/..",
    "..//",
    ".//..",
    "parent",
    "parent/root/..",
    "dir-in/../..",
    "dir-in-abs/../..",
    "sub/./.././..",
    "round/..",
    "round/parent",
    "a/../..",
    "slash",
    "proc-root",
    "slash/..",
    "in/../..",
    "new\nline.txt/../..",
    "%2e%2e/../..",
    "~/../..",
];

/// What lies there, seen from beside the root.
const TARGETS: &[&str] =
    &["secret.txt", "outside/secret.txt", "rooted/secret.txt", "./outside/../secret.txt"];

/// Paths that are no good in any directory.
const RELATIVE: &[&str] = &[
    "out",
    "sub/out",
    "out-abs",
    "dir-out/secret.txt",
    "dir-out-abs/secret.txt",
    "chain",
    "dir-out/sub/b.txt",
    "dir-out/../secret.txt",
    "round/out",
    "round/round/out-abs",
    "loop",
    "loop/secret.txt",
    "proc-cwd",
    "environ",
    "proc-root/etc/passwd",
    "slash/etc/passwd",
    "out/",
    "out/.",
    "./out",
    ".//out",
    "..\\secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%00/secret.txt",
    "．．/secret.txt",
    "‥/secret.txt",
    "..∕secret.txt",
    "..／secret.txt",
    "․․/secret.txt",
    "..\u{200b}/secret.txt",
    "\u{feff}../secret.txt",
    "..;/secret.txt",
    ".../secret.txt",
    "../secret.txt\0",
    "..\0/secret.txt",
    "../secret.txt ",
    " ../secret.txt",
    "../secret.txt.",
    "../secret.txt\n",
    "..\n/secret.txt",
    "../secret.txt/",
    "../secret.txt/.",
    "../secret.txt/..",
    "../secret.txt//",
    "file:../secret.txt",
    "",
    ".",
    "/",
    "//",
    "~",
    "~/../secret.txt",
    "~root/secret.txt",
    "$HOME/secret.txt",
    "sub",
    "sub/",
    "dir-out",
    "${file:../secret.txt}",
    "../root2/secret.txt",
    "../rooted/secret.txt",
    "../alias/../secret.txt",
    "/etc/passwd",
    "/etc/../etc/passwd",
    "/proc/self/environ",
    "/proc/self/fd/0",
    "/proc/self/maps",
    "/proc/self/root/etc/passwd",
    "/proc/self/cwd/../secret.txt",
    "/proc/1/environ",
    "/dev/null",
    "/dev/zero",
    "/dev/stdin",
    "/dev/tty",
    "/proc/self/task/../environ",
    "/sys/kernel/notes",
];

/// With `{}` for the directory around the root.
const FORMS: &[&str] = &[
    "{}/secret.txt",
    "{}/root/../secret.txt",
    "{}/root/sub/../../secret.txt",
    "{}/root2/secret.txt",
    "{}/rooted/secret.txt",
    "{}/root/out",
    "{}/root/dir-out/secret.txt",
    "{}/root/dir-out-abs/sub/b.txt",
    "{}/root//../secret.txt",
    "{}//secret.txt",
    "/{}/secret.txt",
    "//{}/secret.txt",
    "{}/./secret.txt",
    "{}/root/./../secret.txt",
    "{}/alias/../secret.txt",
    "{}/root/../alias/out",
    "file://{}/secret.txt",
    "file:{}/secret.txt",
    "file://localhost{}/secret.txt",
    "FILE://{}/secret.txt",
    "/proc/self/root{}/secret.txt",
    "/proc/self/root{}/root/a.txt",
    "/proc/thread-self/root{}/secret.txt",
    "{}/outside/../secret.txt",
    "{}/outside/../root/../secret.txt",
    "{}/root/parent/secret.txt",
    "{}/root/proc-root{}/secret.txt",
    "{}/root/slash{}/secret.txt",
    "/..{}/secret.txt",
    "/../..{}/root/../secret.txt",
];

#[test]
fn no_trick_reads_what_lies_outside() {
    let tree = Tree::new();
    let (top, root) = (tree.top(), tree.root.clone());
    let mut tricks: Vec<String> = Vec::new();
    for climb in CLIMBS {
        tricks.extend(TARGETS.iter().map(|target| format!("{climb}/{target}")));
    }
    let absolute = top.to_str().unwrap();
    for link in ["slash", "proc-root", "proc-root/proc/self/root", "slash/.", "slash//"] {
        tricks.push(format!("{link}{absolute}/secret.txt"));
    }
    tricks.extend(RELATIVE.iter().map(|&path| path.to_owned()));
    for form in FORMS {
        tricks.push(form.replace("{}", absolute));
    }
    tricks.push(format!("{}secret.txt", "../".repeat(50)));
    tricks.push(format!("{}secret.txt", "sub/../".repeat(400) + "../"));
    tricks.push("x".repeat(300));
    tricks.push("x/".repeat(3000));
    for descriptor in
        [fs::File::open(&top).unwrap(), fs::File::open(top.join("secret.txt")).unwrap()]
    {
        let number = std::os::fd::AsRawFd::as_raw_fd(&descriptor);
        tricks.push(format!("/proc/self/fd/{number}"));
        tricks.push(format!("/proc/self/fd/{number}/secret.txt"));
        tricks.push(format!("slash/proc/self/fd/{number}"));
        let link = root.join(format!("fd{number}"));
        symlink(format!("/proc/self/fd/{number}"), link).unwrap();
        tricks.push(format!("fd{number}"));
        tricks.push(format!("fd{number}/secret.txt"));
        // The descriptors are looked for while they are open.
        let alias = Roots { cwd: Some(top.join("alias")), further: Vec::new() };
        for roots in [&tree.roots(), &alias] {
            for trick in &tricks {
                let read = read(roots, trick);
                assert!(read.is_err(), "{trick:?} {read:?}");
                let text = read.unwrap_err().to_string();
                assert!(!text.contains(SECRET), "{trick:?} {text}");
            }
        }
    }
    assert!(tricks.len() >= 200, "{}", tricks.len());
}

#[test]
fn what_lies_inside_is_read() {
    let tree = Tree::new();
    let (top, root) = (tree.top(), tree.root.clone());
    let absolute = |path: &str| root.join(path).to_str().unwrap().to_owned();
    let paths = [
        "a.txt",
        "./a.txt",
        ".//a.txt",
        "sub/../a.txt",
        "sub/b.txt",
        "in",
        "sub/up",
        "dir-in/b.txt",
        "in-abs",
        "dir-in-abs/b.txt",
        "round-abs",
        "new\nline.txt",
        "ünï.txt",
        "./~/a.txt",
        "%2e%2e/a.txt",
        "sub//b.txt",
        "dir-in/../a.txt",
    ];
    for path in paths.iter().map(|path| (*path).to_owned()).chain(paths.map(absolute)) {
        for cwd in [root.clone(), top.join("alias"), top.join("root/sub/.."), top.join("alias/.")] {
            let roots = Roots { cwd: Some(cwd.clone()), further: Vec::new() };
            assert_eq!(read(&roots, &path).unwrap(), INSIDE, "{path:?} in {}", cwd.display());
        }
    }
    let wider = Roots { cwd: Some(root.join("sub")), further: vec![root.clone()] };
    for path in ["b.txt", "../a.txt", "../dir-in/b.txt", "up", &absolute("a.txt")] {
        assert_eq!(read(&wider, path).unwrap(), INSIDE, "{path:?} in a root around the client's");
    }
    let far = Roots { cwd: Some("/".into()), further: vec![top.join("alias")] };
    assert_eq!(read(&far, absolute("a.txt")).unwrap(), INSIDE);
    assert_eq!(read(&far, top.join("alias/a.txt")).unwrap(), INSIDE);
    let other = Roots { cwd: Some(root.clone()), further: vec![top.join("outside")] };
    assert_eq!(read(&other, "dir-out-abs/secret.txt").unwrap(), SECRET, "from root to root");
    assert_eq!(read(&other, "dir-out/sub/b.txt").unwrap(), SECRET);
    assert!(read(&other, "out").is_err());
}

#[test]
fn what_is_no_root_opens_nothing() {
    let tree = Tree::new();
    let secret = tree.top().join("secret.txt");
    let secret = secret.to_str().unwrap();
    for cwd in [
        "/",
        "//",
        "/.",
        "/..",
        "/tmp/..",
        "",
        ".",
        "relative",
        "/proc/self/root",
        "/proc/self/cwd",
    ] {
        let roots = Roots { cwd: Some(cwd.into()), further: Vec::new() };
        for path in [secret, &secret[1..], "proc/self/environ"] {
            assert!(read(&roots, path).is_err(), "{path} in {cwd}");
        }
    }
    for cwd in ["/proc", "/proc/self"] {
        let roots = Roots { cwd: Some(cwd.into()), further: Vec::new() };
        for path in
            ["self/environ", "environ", "/proc/self/environ", "cmdline", "self/root/etc/passwd"]
        {
            assert!(read(&roots, path).is_err(), "{path} in {cwd}");
        }
    }
    let slash = Roots { cwd: Some(tree.root.join("slash")), further: Vec::new() };
    assert!(read(&slash, secret).is_err() && read(&slash, &secret[1..]).is_err());
    let none = read(&Roots::default(), "a.txt").unwrap_err().to_string();
    assert!(none.contains("file_roots") && none.contains("arguments.body"), "{none}");
    let only_further = Roots { cwd: None, further: vec![tree.root.clone()] };
    assert!(read(&only_further, "a.txt").unwrap_err().to_string().contains("absolute"));
    let gone = Roots { cwd: Some(tree.root.join("gone")), further: Vec::new() };
    assert!(read(&gone, "a.txt").is_err());
}

#[test]
fn only_regular_files_are_read_and_none_is_waited_for() {
    let tree = Tree::new();
    let at = |name: &str| tree.root.join(name);
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    let make = |name: &str, kind, device| {
        rustix::fs::mknodat(rustix::fs::CWD, at(name), kind, mode, device)
    };
    make("fifo", rustix::fs::FileType::Fifo, 0).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    let mut names = vec!["fifo", "socket", "sub", "."];
    // Only root may make devices.
    if make("zero", rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, 5)).is_ok() {
        names.push("zero");
    }
    for name in names {
        let error = read(&tree.roots(), name).unwrap_err();
        let is_kind = matches!(error, ReferenceError::File { problem: FileProblem::Kind, .. });
        // A device may not even open where devices are not allowed.
        assert!(is_kind || name == "zero", "{name} {error}");
    }
}

#[test]
fn renaming_under_way_opens_nothing() {
    let tree = Tree::new();
    let (root, outside) = (tree.root.clone(), tree.top().join("outside"));
    file::replace(&root.join("dir/secret.txt"), INSIDE.as_bytes()).unwrap();
    file::replace(&root.join("dir/deep/x"), b"").unwrap();
    symlink(&outside, root.join("swap")).unwrap();
    let stop = AtomicBool::new(false);
    let path = |name: &str| CString::new(root.join(name).to_str().unwrap()).unwrap();
    let (one, two) = (path("dir"), path("swap"));
    let mut seen = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(rustix::fs::CWD, &*one, rustix::fs::CWD, &*two, flags)
                    .unwrap();
            }
        });
        let roots = tree.roots();
        for round in 0..3000 {
            let path = ["dir/secret.txt", "dir/deep/../secret.txt", "swap/secret.txt"][round % 3];
            if let Ok(text) = read(&roots, path) {
                seen += usize::from(text == INSIDE);
                if text != INSIDE {
                    stop.store(true, Ordering::Relaxed);
                    panic!("{path}: {text}");
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(seen > 0, "the file is there half of the time");
}
