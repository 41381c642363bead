use super::{Groups, SEARCH_AGAIN, Whereabouts, find, server_of};
use crate::peers::peer::Refusal;
use crate::settings::{Config, Sandbox, sample};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The servers `default`, sandboxed as said, and `free`, not at all.
fn config(sandbox: Sandbox) -> Config {
    let mut config = sample::config();
    let free = sample::server(&["true"]);
    let mut first = free.clone();
    first.program.sandbox = sandbox;
    let servers = [("default", first), ("free", free)];
    config.servers = servers
        .into_iter()
        .map(|(name, server)| (crate::base::ServerName::parse(name).unwrap(), Arc::new(server)))
        .collect();
    config
}

const SLICE: &str = "user.slice/user-7.slice/user@7.service/app.slice/app-callmux.slice";

/// Makes a directory; its number.
fn group(root: &Path, path: &str) -> u64 {
    let path = root.join(path);
    std::fs::create_dir_all(&path).unwrap();
    path.metadata().unwrap().ino()
}

#[test]
fn what_runs_in_a_sandbox_is_refused_and_what_does_not_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| group(dir.path(), path);
    let terminal = at("user.slice/user-7.slice/session-2.scope");
    let free = at(&format!("{SLICE}/app-callmux-free-0000000a.service"));
    let confined = at(&format!("{SLICE}/app-callmux-default-0000000b.service"));
    let below =
        at(&format!("{SLICE}/app-callmux-default-0000000b.service/app-callmux-free-1.service"));
    let former = at(&format!("{SLICE}/app-callmux-gone-0000000c.service"));
    let (groups, now) = (Groups::at(Some(dir.path().to_path_buf())), Instant::now());
    let net = config(Sandbox::Net);
    for _ in 0..2 {
        assert!(groups.check(Some(terminal), &net, now).is_ok());
        assert!(groups.check(Some(free), &net, now).is_ok());
        for group in [confined, below, former] {
            let refused = groups.check(Some(group), &net, now);
            assert!(matches!(refused, Err(Refusal::Sandboxed(_))), "{refused:?}");
        }
    }
    // The kernel says nothing, or what means nothing.
    for group in [None, Some(1)] {
        assert!(matches!(groups.check(group, &net, now), Err(Refusal::Unknown(_))));
    }
}

#[test]
fn a_group_that_is_gone_is_refused_and_searched_for_once() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_path_buf();
    let gone = group(dir.path(), "gone");
    std::fs::remove_dir(dir.path().join("gone")).unwrap();
    let (groups, net) = (Groups::at(Some(root)), config(Sandbox::Net));
    let now = Instant::now();
    assert!(matches!(groups.check(Some(gone), &net, now), Err(Refusal::Unknown(_))));
    let new = group(dir.path(), "new");
    let other = if new == gone { group(dir.path(), "other") } else { new };
    let soon = now + SEARCH_AGAIN / 2;
    assert!(groups.check(Some(other), &net, soon).is_err(), "no search so soon after one in vain");
    assert!(groups.check(Some(other), &net, now + SEARCH_AGAIN).is_ok());
    assert!(groups.check(Some(gone), &net, now + SEARCH_AGAIN).is_err());
}

#[test]
fn without_such_a_sandbox_nobody_is_asked_and_after_one_everybody() {
    let (groups, now) = (Groups::at(None), Instant::now());
    for sandbox in [Sandbox::None, Sandbox::Strict] {
        assert!(groups.check(None, &config(sandbox), now).is_ok());
    }
    assert!(groups.check(Some(5), &config(Sandbox::Net), now).is_err());
    assert!(groups.check(Some(5), &config(Sandbox::None), now).is_err(), "it may still run");
}

#[test]
fn the_names_of_units_are_read() {
    assert_eq!(server_of("app-callmux-a-b-01234567.service"), Some("a-b"));
    for other in ["callmux.service", "app-callmux.slice", "app-callmux-x.service", "x.service"] {
        assert_eq!(server_of(other), None, "{other}");
    }
    assert_eq!(find(Path::new("/nowhere"), 5), Whereabouts::Nowhere);
}
