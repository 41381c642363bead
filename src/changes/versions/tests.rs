use super::{FileChange, KEPT, Versions};
use crate::base::file;
use crate::changes::ChangeError;
use crate::config::Location;

#[test]
fn the_last_ones_are_kept_and_each_can_be_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let location = Location::named(&dir.join("config"));
    let versions = Versions::below(&dir.join("state"), &location);
    let path = dir.join("config/conf.d/a.toml");
    let text = |n: usize| Some(format!("# {n}\n"));
    for n in 0..KEPT + 5 {
        let before = n.checked_sub(1).and_then(text);
        let change = FileChange { path: path.clone(), before, after: text(n) };
        versions.write(vec![change], ("user 1", "a change")).unwrap();
    }
    let all = versions.list().unwrap();
    assert_eq!(all.len(), KEPT);
    assert!(matches!(versions.take_back(7), Err(ChangeError::NothingToUndo)), "not the last one");
    assert_eq!((all[0].id, all[KEPT - 1].id), ((KEPT + 5) as u64, 6));
    for n in (5..KEPT + 5).rev() {
        assert_eq!(std::fs::read_to_string(&path).ok(), text(n));
        versions.undo().unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).ok(), text(4), "as far as it is known");
    assert!(matches!(versions.undo(), Err(ChangeError::NothingToUndo)));
}

#[test]
fn what_is_not_as_it_was_is_not_written_and_nothing_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let versions = Versions::below(&dir.join("state"), &Location::named(&dir));
    let (one, other) = (dir.join("one.toml"), dir.join("other.toml"));
    file::replace(&other, b"somebody's").unwrap();
    let new = |path, before: Option<&str>| FileChange {
        path,
        before: before.map(str::to_owned),
        after: Some("new".to_owned()),
    };
    let changes = vec![new(one.clone(), None), new(other.clone(), Some("as it was"))];
    let refused = versions.write(changes, ("user 1", "a change")).unwrap_err();
    assert!(matches!(refused, ChangeError::Stale(path) if path == other));
    assert!(!one.exists() && versions.list().unwrap().is_empty());
    // What tags are made with stays, and is nobody else's to read.
    let salt = versions.salt().unwrap();
    assert_eq!(versions.salt().unwrap(), salt);
    assert!(!file::is_public(&dir.join("state")));
}
