use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::time::Instant;

use super::cookie::{self, Carried};
use super::entrances::{CODE_LASTS, Entrances, NoEntry, Revoked, VISIT_LASTS};
use super::link::address;
use super::offered::is_offered;
use super::origin::{Foreign, OriginSaid, Purpose, check};
use super::{page, plain};
use crate::api::Status;
use crate::base::{Principal, Secret};

/// Bytes of all files, each as `gzip -9` makes it smaller.
const PACKED_MAX: usize = 60 * 1024;

#[test]
fn a_code_opens_once_and_for_a_minute() {
    let (entrances, now) = (Entrances::default(), Instant::now());
    let who = Principal::user(7);
    let code = entrances.code(who.clone(), now);
    assert_eq!(code.expose().len(), 43);
    let (visit, principal) = entrances.enter(code.expose(), now).unwrap();
    assert_eq!(principal, who);
    assert_ne!(visit, code);
    assert_eq!(entrances.enter(code.expose(), now), Err(NoEntry));
    assert_eq!(entrances.visitor(visit.expose(), now), Some(who.clone()));
    // A code is no visit, and a visit no code.
    assert_eq!(entrances.visitor(code.expose(), now), None);
    assert_eq!(entrances.enter(visit.expose(), now), Err(NoEntry));
    let late = entrances.code(who.clone(), now);
    assert_eq!(entrances.enter(late.expose(), now + CODE_LASTS), Err(NoEntry));
    let in_time = entrances.code(who, now);
    let last = now + CODE_LASTS - Duration::from_nanos(1);
    assert!(entrances.enter(in_time.expose(), last).is_ok());
    assert_eq!(Entrances::default().enter(in_time.expose(), now), Err(NoEntry));
    assert_eq!(entrances.enter("", now), Err(NoEntry));
}

#[test]
fn a_visit_lasts_while_it_is_used_and_ends_when_it_is_told_to() {
    let (entrances, began) = (Entrances::default(), Instant::now());
    let enter = |now| {
        let code = entrances.code(Principal::user(7), now);
        entrances.enter(code.expose(), now).unwrap().0
    };
    let (visit, silent) = (enter(began), enter(began));
    let later = began + VISIT_LASTS - Duration::from_secs(1);
    assert!(entrances.visitor(visit.expose(), later).is_some());
    let later = began + VISIT_LASTS;
    assert!(entrances.visitor(visit.expose(), later).is_some());
    assert!(entrances.visitor(silent.expose(), later).is_none());
    entrances.leave(visit.expose());
    assert!(entrances.visitor(visit.expose(), later).is_none());
    assert!(!entrances.is_open(later));
    let (code, visit) = (entrances.code(Principal::user(7), later), enter(later));
    assert!(entrances.is_open(later));
    assert_eq!(entrances.revoke(later), Revoked { codes: 1, visits: 1 });
    assert_eq!(entrances.enter(code.expose(), later), Err(NoEntry));
    assert!(entrances.visitor(visit.expose(), later).is_none());
    assert!(!entrances.is_open(later));
}

#[test]
fn there_are_only_so_many_and_the_oldest_give_way() {
    let (entrances, now) = (Entrances::default(), Instant::now());
    let codes: Vec<Secret> = (0..9).map(|_| entrances.code(Principal::user(7), now)).collect();
    assert_eq!(entrances.enter(codes[0].expose(), now), Err(NoEntry));
    let mut visits: Vec<Secret> =
        codes[1..].iter().map(|code| entrances.enter(code.expose(), now).unwrap().0).collect();
    while visits.len() < 64 {
        let code = entrances.code(Principal::user(7), now);
        visits.push(entrances.enter(code.expose(), now).unwrap().0);
    }
    // The first is used, so the second was silent for longest.
    assert!(entrances.visitor(visits[0].expose(), now).is_some());
    let code = entrances.code(Principal::user(7), now);
    entrances.enter(code.expose(), now).unwrap();
    assert!(entrances.visitor(visits[0].expose(), now).is_some());
    assert!(entrances.visitor(visits[1].expose(), now).is_none());
}

#[test]
fn nothing_that_opens_is_kept_or_shown() {
    let (entrances, now) = (Entrances::default(), Instant::now());
    let code = entrances.code(Principal::user(7), now);
    let other = entrances.code(Principal::user(7), now);
    let (visit, _) = entrances.enter(other.expose(), now).unwrap();
    let shown = format!("{entrances:?} {code:?} {visit:?}");
    for secret in [code.expose(), other.expose(), visit.expose()] {
        assert!(!shown.contains(secret));
    }
}

#[test]
fn a_cookie_is_of_one_daemon() {
    let own = |value: &str| Carried::Own(Secret::new(value.to_owned()));
    for (headers, found) in [
        (vec![], Carried::None),
        (vec!["a=b"], Carried::None),
        (vec!["callmux_ui_00c0ffee=x"], own("x")),
        (vec!["a=b; callmux_ui_00c0ffee=x ;c"], own("x")),
        (vec!["callmux_ui_11111111=y", "z; callmux_ui_00c0ffee=x"], own("x")),
        (vec!["callmux_ui_11111111=y"], Carried::Other),
        (vec!["callmux_ui_=y"], Carried::Other),
        (vec!["xcallmux_ui_00c0ffee=x"], Carried::None),
        (vec!["callmux_ui_00c0ffee"], Carried::None),
    ] {
        assert_eq!(cookie::carried(headers.clone(), "00c0ffee"), found, "{headers:?}");
    }
    let set = cookie::begins(&Secret::new("v".into()), "00c0ffee", "/", false);
    assert_eq!(set.expose(), "callmux_ui_00c0ffee=v; Path=/; HttpOnly; SameSite=Strict");
    let beside = cookie::begins(&Secret::new("v".into()), "00c0ffee", cookie::BESIDE, true);
    assert_eq!(beside.expose(), "callmux_ui_00c0ffee=v; HttpOnly; SameSite=Strict; Secure");
    let gone = cookie::ends("00c0ffee", "/a/", true);
    assert_eq!(
        gone,
        "callmux_ui_00c0ffee=; Max-Age=0; Path=/a/; HttpOnly; SameSite=Strict; Secure"
    );
}

#[test]
fn a_path_says_nothing_else() {
    for path in ["/", "/a/", "/a/b-c_d.e~/"] {
        assert_eq!(cookie::path(Some(path)), path);
    }
    let long = format!("/{}/", "a".repeat(200));
    for path in ["", "a/", "/a", "//evil/", "/a; Domain=x/", "/a\r\nX: y/", "/%2e/", &long] {
        assert_eq!(cookie::path(Some(path)), "/");
    }
    assert_eq!(cookie::path(None), "/");
}

#[test]
fn only_our_own_page_is_let_in() {
    let own = Some("http://127.0.0.1:4860");
    let host = Some("127.0.0.1:4860");
    let said = |origin, site, is_marked| OriginSaid { host, origin, site, is_marked };
    let (origin, site) = (Err(Foreign::Origin), Err(Foreign::Site));
    let same = Some("same-origin");
    // Reading, a stream, writing, a code.
    let ways = [Purpose::Read, Purpose::Stream, Purpose::Write, Purpose::Code];
    for (said, expected) in [
        (said(own, same, false), [Ok(()), Ok(()), Ok(()), Ok(())]),
        (said(own, None, true), [Ok(()), Ok(()), Ok(()), Ok(())]),
        (said(own, None, false), [Ok(()), site, site, Ok(())]),
        (said(None, same, false), [Ok(()), Ok(()), origin, Ok(())]),
        (said(None, None, true), [Ok(()), Ok(()), origin, Ok(())]),
        (said(None, None, false), [Ok(()), site, origin, Ok(())]),
        (said(None, Some("none"), false), [Ok(()), site, origin, site]),
        (said(own, Some("same-site"), true), [site, site, site, site]),
        (said(own, Some("cross-site"), true), [site, site, site, site]),
        (said(own, Some("Same-Origin"), true), [site, site, site, site]),
        (said(Some("http://127.0.0.1:3000"), same, true), [origin; 4]),
        (said(Some("https://127.0.0.1:4860"), same, true), [origin; 4]),
        (said(Some("http://127.0.0.1:4860.evil"), same, true), [origin; 4]),
        (said(Some("null"), same, true), [origin; 4]),
        (OriginSaid { host: None, ..said(own, same, true) }, [origin; 4]),
    ] {
        let found = ways.map(|way| check(said, way, false));
        assert_eq!(found, expected, "{said:?}");
    }
    let secure = said(Some("https://127.0.0.1:4860"), same, false);
    assert_eq!(check(secure, Purpose::Write, true), Ok(()));
    assert_eq!(check(said(own, same, false), Purpose::Write, true), origin);
}

#[test]
fn the_page_is_small_and_has_a_tag_for_each_file() {
    let mut packed = 0;
    let mut paths: Vec<&str> = page::files().iter().map(|file| file.path).collect();
    for file in page::files() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(file.bytes).unwrap();
        packed += encoder.finish().unwrap().len();
        assert_eq!(file.etag.len(), 66, "{}", file.path);
        assert!(std::str::from_utf8(file.bytes).is_ok_and(|text| !text.contains('\r')));
        assert!(page::is_known(file, &format!("\"x\", W/{}", file.etag)));
        assert!(!page::is_known(file, "\"x\""));
    }
    assert!(packed <= PACKED_MAX, "{packed} bytes");
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), page::files().len());
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/src/dashboard/files");
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), page::files().len());
}

/// What would make markup or a program of a text, or need a hole in the policy.
#[test]
fn nothing_in_the_page_makes_markup_of_text() {
    let words = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "setAttribute(\"on",
        "DOMParser",
        "createContextualFragment",
        "srcdoc",
        "javascript:",
        "localStorage",
        "sessionStorage",
        "style=",
        "import(",
        "setTimeout(\"",
        "http://",
        "document.cookie",
    ];
    for file in page::files() {
        let text = std::str::from_utf8(file.bytes).unwrap();
        // The namespace of SVG is an address that nobody asks for anything.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for word in words {
            assert!(!text.contains(word), "{}: {word}", file.path);
        }
        if file.path.is_empty() {
            assert!(!text.contains("<script>") && !text.contains("<style"), "inline");
            let absolute = text.split(['"', '\'']).find(|part| part.starts_with('/'));
            assert_eq!(absolute, None, "no relative address");
        }
        for line in text.lines().filter(|line| line.starts_with("import ")) {
            let from = line.rsplit_once(" from \"./").unwrap().1.trim_end_matches("\";");
            assert!(page::file(from).is_some(), "{}: {line}", file.path);
        }
    }
}

#[test]
fn the_plain_page_shows_text_of_others_as_text() {
    let recorded = include_str!("../../tests/recorded/status.json");
    let mut status: Status = serde_json::from_str(recorded).unwrap();
    status.servers[0].reason = Some("<img src=x onerror=alert(1)>\u{202e}\u{1b}[31m'\"".to_owned());
    let page = plain::status(&status);
    assert!(!page.contains("<img") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;\\u{202e}\\u{1b}[31m&#39;&quot;"));
    for server in &status.servers {
        assert!(page.contains(server.phase.as_str()), "{page}");
    }
    assert!(plain::entrance(true).contains("role=\"alert\""));
    assert!(!plain::entrance(false).contains("role=\"alert\""));
    status.servers.clear();
    assert_eq!(plain::sentence(&status), "There is no server yet.");
}

#[test]
fn a_link_leads_to_where_a_browser_gets_in() {
    let find = |sockets: &[&str], hosts: &[&str]| {
        let [sockets, hosts] =
            [sockets, hosts].map(|all| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>());
        address(&sockets, &hosts)
    };
    assert_eq!(find(&["/run/x/mcp.sock"], &["h"]), None);
    let near = ["/run/x/mcp.sock", "https://0.0.0.0:443", "http://127.0.0.1:4860"];
    assert_eq!(find(&near, &["h"]).unwrap(), "http://127.0.0.1:4860/");
    assert_eq!(find(&["http://[::1]:1"], &[]).unwrap(), "http://[::1]:1/");
    assert_eq!(find(&["https://0.0.0.0:8443"], &["mux.lan"]).unwrap(), "https://mux.lan:8443/");
    assert_eq!(find(&["https://0.0.0.0:8443"], &["mux.lan:9"]).unwrap(), "https://mux.lan:9/");
    assert_eq!(find(&["https://[::]:8443"], &[]).unwrap(), "https://localhost:8443/");
}

#[test]
fn a_visit_calls_tools_and_changes_only_what_can_be_taken_back() {
    for (method, path, expected) in [
        ("GET", "/api/v1/status", true),
        ("POST", "/api/v1/reload", true),
        ("POST", "/api/v1/retry", true),
        ("POST", "/api/v1/servers/a/restart", true),
        ("POST", "/api/v1/servers/a/login", false),
        ("POST", "/api/v1/servers/a/login/paste", false),
        ("POST", "/api/v1/servers/a/review", false),
        ("POST", "/api/v1/servers/a/b/start", false),
        ("POST", "/api/v1/approvals/1/deny", true),
        ("POST", "/api/v1/approvals/1/once", false),
        ("POST", "/api/v1/approvals/1/hour", false),
        ("POST", "/api/v1/plan", true),
        ("POST", "/api/v1/undo", true),
        ("POST", "/api/v1/tools/call", true),
        ("POST", "/api/v1/tools/callx", false),
        ("PUT", "/api/v1/config/servers/a", true),
        ("PATCH", "/api/v1/config/servers/a", true),
        ("DELETE", "/api/v1/config/servers/a", true),
        ("POST", "/api/v1/dashboard/code", false),
        ("DELETE", "/api/v1/dashboard/sessions", false),
        ("PUT", "/api/v1/reload", false),
        ("get", "/api/v1/status", false),
    ] {
        assert_eq!(is_offered(method, path), expected, "{method} {path}");
    }
}
