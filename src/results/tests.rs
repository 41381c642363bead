use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::reference::Ref;
use super::store::{Caps, Results, Unknown};
use crate::base::file;

const SMALL: Caps = Caps { entries: 4, entry_bytes: 100, total_bytes: 200, owner_bytes: 120 };

fn keep(results: &Results, owner: &str, data: &str) -> String {
    results.keep(owner, "files__read", data.to_owned()).unwrap().to_string()
}

fn text(results: &Results, owner: &str, reference: &str) -> Option<String> {
    let stored = results.get(owner, reference).ok()?;
    assert_eq!(stored.tool, "files__read");
    Some(String::from_utf8(stored.data.to_vec()).unwrap())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// In memory and on a disk.
fn both(caps: Caps, check: impl Fn(&Results, Option<&Path>)) {
    check(&Results::open(None, caps), None);
    let dir = tempfile::tempdir().unwrap();
    check(&Results::open(Some(dir.path().to_path_buf()), caps), Some(dir.path()));
}

#[test]
fn what_was_kept_is_found_by_its_owner_only() {
    both(Caps::default(), |results, _| {
        let before = SystemTime::now() - Duration::from_secs(2);
        let reference = keep(results, "anna", "text");
        assert_eq!(text(results, "anna", &reference).as_deref(), Some("text"));
        assert!(results.get("anna", &reference).unwrap().time > before);
        for owner in ["berta", "", "anna ", "Anna"] {
            assert_eq!(results.get(owner, &reference), Err(Unknown), "{owner}");
        }
        let unknown = Ref::random().to_string();
        for other in [&*unknown, "", "r_", "r_../../x", &reference.to_uppercase(), &reference[2..]]
        {
            assert_eq!(results.get("anna", other), Err(Unknown), "{other}");
        }
        assert_eq!(text(results, "anna", &reference).as_deref(), Some("text"), "still there");
        let empty = keep(results, "", "");
        assert_eq!(text(results, "", &empty).as_deref(), Some(""));
    });
}

#[test]
fn handles_have_one_form() {
    let mut seen = HashSet::new();
    for _ in 0..1000 {
        let reference = Ref::random();
        let text = reference.to_string();
        assert_eq!((Ref::parse(&text), text.len()), (Some(reference), 34));
        assert!(seen.insert(text));
    }
    for bad in ["r_+0000000000000000000000000000000", "R_00000000000000000000000000000000"] {
        assert_eq!(Ref::parse(bad), None);
    }
}

#[test]
fn what_no_cap_allows_is_not_kept() {
    both(SMALL, |results, dir| {
        assert!(results.keep("a", "t", vec![b'x'; 101]).is_none());
        assert!(results.keep("a", "t", vec![b'x'; 100]).is_some());
        let stats = results.stats();
        assert_eq!((stats.entries, stats.bytes, stats.kept, stats.too_large), (1, 100, 1, 1));
        assert!(dir.is_none_or(|dir| files(dir).len() == 1));
    });
    for caps in [
        Caps { entries: 0, ..SMALL },
        Caps { owner_bytes: 9, ..SMALL },
        Caps { total_bytes: 9, ..SMALL },
    ] {
        both(caps, |results, _| assert!(results.keep("a", "t", "0123456789").is_none()));
    }
}

#[test]
fn the_oldest_goes_first() {
    both(SMALL, |results, dir| {
        let kept: Vec<String> =
            (0..6).map(|number| keep(results, &format!("o{}", number % 2), "x")).collect();
        let is_there: Vec<bool> = (0..6)
            .map(|number| text(results, &format!("o{}", number % 2), &kept[number]).is_some())
            .collect();
        assert_eq!(is_there, [false, false, true, true, true, true], "at most four");
        assert_eq!(results.stats().entries, 4);
        assert!(dir.is_none_or(|dir| files(dir).len() == 4));
    });
    both(SMALL, |results, _| {
        let large = "x".repeat(60);
        let [first, second] = [keep(results, "a", &large), keep(results, "b", &large)];
        let third = keep(results, "c", &large);
        let fourth = keep(results, "d", &large);
        assert_eq!(results.stats().bytes, 180, "at most 200 in all");
        assert!(text(results, "a", &first).is_none() && text(results, "b", &second).is_some());
        assert!(text(results, "c", &third).is_some() && text(results, "d", &fourth).is_some());
    });
}

#[test]
fn one_owner_pushes_out_only_its_own() {
    both(SMALL, |results, _| {
        let others = keep(results, "quiet", &"q".repeat(50));
        let loud: Vec<String> = (0..5).map(|_| keep(results, "loud", &"l".repeat(50))).collect();
        assert!(text(results, "quiet", &others).is_some());
        let is_there: Vec<bool> =
            loud.iter().map(|reference| text(results, "loud", reference).is_some()).collect();
        assert_eq!(is_there, [false, false, false, true, true], "at most 120 for one");
        assert_eq!(results.stats().bytes, 150);
    });
}

#[test]
fn a_restart_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let open = |caps| Results::open(Some(dir.path().join("state/results")), caps);
    let first = open(Caps::default());
    let data = "line\n\0ü".repeat(10_000);
    let kept: Vec<String> =
        (0..3).map(|number| keep(&first, "a", &format!("{number}{data}"))).collect();
    let reference = keep(&first, "owner with\nnewline \"é\"/..", "b");
    // A crash: nothing is dropped in order.
    std::mem::forget(first);
    let again = open(Caps::default());
    assert_eq!((again.stats().entries, again.stats().kept), (4, 0));
    assert_eq!(again.stats().bytes, 3 * (1 + data.len() as u64) + 1);
    for (number, reference) in kept.iter().enumerate() {
        assert_eq!(text(&again, "a", reference), Some(format!("{number}{data}")));
    }
    assert_eq!(text(&again, "owner with\nnewline \"é\"/..", &reference).as_deref(), Some("b"));
    drop(again);
    let fewer = open(Caps { entries: 2, ..Caps::default() });
    assert_eq!(fewer.stats().entries, 2, "smaller caps");
    assert_eq!(files(&dir.path().join("state/results")).len(), 2);
    drop(fewer);
    let shorter = open(Caps { entry_bytes: 10, ..Caps::default() });
    assert!(shorter.stats().entries <= 1 && shorter.stats().bytes <= 1, "too large now");
}

#[test]
fn the_order_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Results::open(Some(dir.path().to_path_buf()), SMALL);
    let first = open();
    let mut kept = Vec::new();
    for _ in 0..4 {
        kept.push(keep(&first, "a", "x"));
        // Order on a disk is by milliseconds.
        let now = SystemTime::now();
        while now.elapsed().unwrap_or_default() < Duration::from_millis(2) {}
    }
    let again = open();
    keep(&again, "a", "x");
    keep(&again, "a", "x");
    let is_there: Vec<bool> =
        kept.iter().map(|reference| text(&again, "a", reference).is_some()).collect();
    assert_eq!(is_there, [false, false, true, true]);
}

#[test]
fn files_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("results");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
    let results = Results::open(Some(inner.clone()), SMALL);
    keep(&results, "a", "x");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    let files = files(&inner);
    assert_eq!((files.len(), mode(&files[0])), (1, 0o600));
}

fn put(path: &Path, content: &[u8]) {
    file::replace(path, content).unwrap();
}

#[test]
fn what_is_broken_is_removed_and_what_is_not_ours_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let first = Results::open(Some(dir.path().to_path_buf()), SMALL);
    let good = keep(&first, "a", "good");
    let sample_path = files(dir.path()).remove(0);
    let sample = fs::read(&sample_path).unwrap();
    let suffix = sample_path.to_str().unwrap().rsplit_once('.').unwrap().1.to_owned();
    let mut removed = Vec::new();
    let mut broken = |content: &[u8]| {
        let path = at(&format!("{}.{suffix}", Ref::random()));
        put(&path, content);
        removed.push(path);
    };
    broken(b"");
    broken(b"\n");
    broken(&sample[..10]);
    broken(&sample[..sample.len() - 1]);
    broken(&[&sample[..], b"x"].concat());
    broken(&vec![b'x'; 100_000]);
    let text = String::from_utf8(sample.clone()).unwrap();
    broken(text.replacen("result 1", "result 2", 1).as_bytes());
    broken(text.replacen("\"owner\"", "\"other\"", 1).as_bytes());
    broken(text.replacen('{', "{\"more\":1,", 1).as_bytes());
    broken(text.replacen("\"a\"", "\"b\"", 1).as_bytes());
    broken(text.replacen("\"length\":4", "\"length\":18446744073709551615", 1).as_bytes());
    broken(text.replacen("\"length\":4", "\"length\":-4", 1).as_bytes());
    let large = text.replacen("\"length\":4", "\"length\":101", 1);
    broken(large.replace("good", &"x".repeat(101)).as_bytes());
    let abandoned = at(".0123abcd.tmp");
    put(&abandoned, &sample[..20]);
    let old = SystemTime::now() - Duration::from_hours(1);
    File::options().write(true).open(&abandoned).unwrap().set_modified(old).unwrap();
    removed.push(abandoned);
    let mut left = vec![sample_path];
    for name in ["README", "r_1", ".89abcdef.tmp", ".x.tmp", "r_00.0", "x.0123456789abcdef"] {
        put(&at(name), b"garbage");
        left.push(at(name));
    }
    let not_a_file = at(&format!("{}.{suffix}", Ref::random()));
    fs::create_dir(&not_a_file).unwrap();
    left.push(not_a_file);
    let link = at(&format!("{}.{suffix}", Ref::random()));
    std::os::unix::fs::symlink(&left[0], &link).unwrap();
    left.push(link);
    let again = Results::open(Some(dir.path().to_path_buf()), SMALL);
    assert_eq!(again.stats().entries, 1);
    assert_eq!(again.get("a", &good).unwrap().data, "good");
    left.sort();
    assert_eq!(files(dir.path()), left);
    for path in removed {
        assert!(!path.exists(), "{}", path.display());
    }
}

#[test]
fn two_processes_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Results::open(Some(dir.path().to_path_buf()), SMALL);
    let old = open();
    let before = keep(&old, "a", "before");
    let new = open();
    let after = keep(&old, "a", "after");
    assert_eq!(text(&new, "a", &before).as_deref(), Some("before"));
    assert_eq!(text(&new, "a", &after).as_deref(), Some("after"), "looked for on the disk");
    assert_eq!(text(&new, "b", &after), None);
    assert_eq!(new.stats().entries, 2, "found again without the disk being asked twice");
    for _ in 0..4 {
        keep(&new, "a", "x");
    }
    assert_eq!(text(&old, "a", &before), None, "gone");
    assert_eq!(old.stats().entries, 1);
    keep(&old, "a", "goes on");
    fs::remove_dir_all(dir.path()).unwrap();
    assert_eq!(text(&old, "a", &after), None);
    let later = keep(&old, "a", "the directory is made again");
    assert!(text(&old, "a", &later).is_some());
}

#[test]
fn a_directory_that_cannot_be_used_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    put(&path, b"");
    let results = Results::open(Some(path.join("results")), SMALL);
    let reference = keep(&results, "a", "x");
    assert!(text(&results, "a", &reference).is_some());
    let results = Results::open(Some(dir.path().join("good")), SMALL);
    put(&dir.path().join("good2"), b"");
    fs::remove_dir(dir.path().join("good")).unwrap();
    fs::rename(dir.path().join("good2"), dir.path().join("good")).unwrap();
    assert!(results.keep("a", "t", "x").is_none());
    let stats = results.stats();
    assert_eq!((stats.entries, stats.failed, stats.kept), (0, 1, 0));
    let name = "t".repeat(10_000);
    let results = Results::open(Some(dir.path().join("other")), SMALL);
    assert!(results.keep("a", &name, "x").is_none());
}

#[test]
fn many_threads_at_once() {
    let caps = Caps { entries: 50, ..Caps::default() };
    both(caps, |results, dir| {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    let owner = format!("o{thread}");
                    for number in 0..50 {
                        let data = format!("{owner} {number}");
                        let reference = keep(results, &owner, &data);
                        let found = text(results, &owner, &reference);
                        assert!(found.is_none_or(|found| found == data));
                        assert!(text(results, "else", &reference).is_none());
                    }
                });
            }
        });
        let stats = results.stats();
        assert_eq!((stats.entries, stats.kept, stats.failed), (50, 200, 0));
        assert!(dir.is_none_or(|dir| files(dir).len() == 50));
    });
}
