//! I: `callmux_get_result`, and what is kept for whom.

use serde_json::{Value, json};

use super::rig::{Rig, Setup, error, json_text, payload, result};
use crate::support::{Daemon, Lines};

const SMALL: &str = "max_result = \"2KiB\"";

/// The reference to a result that was too large.
fn stored(rig: &mut Rig, tool: &str, arguments: &Value) -> Value {
    json_text(&rig.call(tool, arguments))["_callmux"]["ref"].clone()
}

fn read(rig: &mut Rig, reference: &Value, more: &Value) -> Value {
    let mut arguments = more.clone();
    arguments["ref"] = reference.clone();
    rig.payload("callmux_get_result", &arguments)
}

#[test]
fn i03_arrays_are_read_by_page_search_fields_and_filter() {
    let mut rig = Rig::top(SMALL);
    let reference = stored(&mut rig, "one__bigarr", &json!({ "rows": 300 }));
    let row = |n: u64| {
        let state = if n.is_multiple_of(3) { "open" } else { "closed" };
        json!({ "id": n, "title": format!("issue {n}"), "state": state })
    };
    assert_eq!(
        read(&mut rig, &reference, &json!({ "offset": 3, "limit": 2 })),
        json!({
            "ref": reference, "tool": "one__bigarr", "type": "array", "total": 300, "offset": 3,
            "count": 2, "hasMore": true, "nextOffset": 5, "data": [row(3), row(4)],
        })
    );
    let ids = |page: &Value| -> Vec<u64> {
        page["data"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
    };
    for (more, total, expected) in [
        (json!({ "offset": 298, "fields": ["id"] }), 300, vec![298, 299]),
        (json!({ "offset": 300 }), 300, vec![]),
        (json!({ "search": "ISSUE 29", "limit": 3, "fields": ["id"] }), 11, vec![29, 290, 291]),
        (json!({ "filter": "state == \"open\" and id > 290" }), 3, vec![291, 294, 297]),
        (json!({ "sort": "-id", "limit": 2 }), 300, vec![299, 298]),
        (json!({ "sort": "id", "descending": true, "limit": 1 }), 300, vec![299]),
        (json!({ "sort": "title", "limit": 3 }), 300, vec![0, 1, 10]),
    ] {
        let page = read(&mut rig, &reference, &more);
        assert_eq!((page["total"].as_u64().unwrap(), ids(&page)), (total, expected), "{more}");
    }
    let page = read(&mut rig, &reference, &json!({ "fields": ["id", "state"], "limit": 1 }));
    assert_eq!(page["data"], json!([{ "id": 0, "state": "open" }]));
    let page = read(&mut rig, &reference, &json!({ "filter": "state == 'open'", "count": true }));
    assert_eq!((&page["total"], page["data"].is_null()), (&json!(100), true), "{page}");
    let page = read(&mut rig, &reference, &json!({ "path": "[7].title" }));
    assert_eq!((&page["type"], &page["data"]), (&json!("string"), &json!("issue 7")));
    // Read page by page, everything comes once.
    let (mut seen, mut offset) = (Vec::new(), 0);
    loop {
        let page = read(
            &mut rig,
            &reference,
            &json!({ "offset": offset, "limit": 100, "fields": ["id"] }),
        );
        offset += page["count"].as_u64().unwrap();
        seen.extend(ids(&page));
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(seen, (0..300).collect::<Vec<u64>>());
}

#[test]
fn i04_texts_are_read_by_page_and_by_line() {
    let mut rig = Rig::top(SMALL);
    let reference = stored(&mut rig, "one__bigtext", &json!({ "lines": 500 }));
    let whole = read(&mut rig, &reference, &json!({ "limit": 1 }));
    let (data, total) = (whole["data"].as_str().unwrap(), whole["total"].as_u64().unwrap());
    assert_eq!(
        (data.len(), &whole["type"], &whole["hasMore"]),
        (200, &json!("string"), &json!(true))
    );
    assert!(data.starts_with("0: ERROR happened\n1: nothing happened\n"));
    let (mut text, mut offset) = (String::new(), 0);
    while offset < total {
        let page = read(&mut rig, &reference, &json!({ "offset": offset }));
        text += page["data"].as_str().unwrap();
        offset += page["count"].as_u64().unwrap();
    }
    assert_eq!(text.lines().count(), 500);
    assert_eq!(text.lines().nth(499), Some("499: nothing happened"));
    let page = read(&mut rig, &reference, &json!({ "search": "error" }));
    let lines: Vec<&str> = page["data"].as_str().unwrap().lines().collect();
    assert_eq!((lines.len(), lines[1]), (50, "10: ERROR happened"));
}

#[test]
fn i05_what_is_not_there_is_told() {
    let mut rig = Rig::top(SMALL);
    let reference = stored(&mut rig, "one__bigarr", &json!({ "rows": 300 }));
    for unknown in ["r_none", "r_00000000000000000000000000000000", "../../etc/passwd"] {
        let error = rig.error("callmux_get_result", &json!({ "ref": unknown }));
        assert_eq!(
            (&error["code"], &error["details"]),
            (&json!("result_not_found"), &json!({ "ref": unknown }))
        );
    }
    let error = rig.error("callmux_get_result", &json!({ "ref": reference, "path": "[0].none" }));
    assert_eq!(error["code"], "result_path_not_found");
    assert_eq!(error["details"], json!({ "ref": reference, "path": "0.none" }));
    for (name, value) in [
        ("limit", json!(101)),
        ("limit", json!(-1)),
        ("offset", json!(-1)),
        ("path", json!("a[")),
        ("filter", json!("state =")),
        ("sort", json!("a[")),
        ("fields", json!([7])),
    ] {
        let mut arguments = json!({ "ref": reference });
        arguments[name] = value.clone();
        let error = rig.error("callmux_get_result", &arguments);
        assert_eq!(error["code"], "invalid_arguments", "{name}");
        let field = error["details"]["field"].as_str().unwrap();
        assert!(field.starts_with(name), "{field}");
    }
    let arguments = json!({ "ref": reference, "path": "[0].title", "filter": "a == 1" });
    assert_eq!(rig.error("callmux_get_result", &arguments)["details"]["field"], "filter");
}

#[test]
fn a_page_is_never_larger_than_what_the_client_wants() {
    let mut rig = Rig::top(SMALL);
    let big = "y".repeat(30_000);
    let reference = stored(&mut rig, "one__echo", &json!({ "a": big, "b": [big], "c": 1 }));
    for more in [
        json!({}),
        json!({ "path": "b" }),
        json!({ "path": "a", "limit": 100 }),
        json!({ "limit": 0 }),
    ] {
        let page = read(&mut rig, &reference, &more);
        assert!(page.to_string().len() <= 2048, "{more}: {}", page.to_string().len());
    }
    let page = read(&mut rig, &reference, &json!({ "path": "c" }));
    assert_eq!((&page["data"], &page["hasMore"]), (&json!(1), &json!(false)));
}

#[test]
fn stored_results_outlive_the_daemon() {
    let mut rig = Rig::top(SMALL);
    let reference = stored(&mut rig, "one__bigarr", &json!({ "rows": 300 }));
    let wanted = json!({ "ref": reference, "offset": 299, "limit": 1, "fields": ["id"] });
    let before = rig.payload("callmux_get_result", &wanted);
    assert_eq!(before["data"], json!([{ "id": 299 }]));
    assert_eq!(rig.daemon.stop(), Some(0));
    rig.daemon = Daemon::start(&rig.sandbox);
    let mut client = Lines::bridge(&rig.sandbox);
    let after = payload(&result(&client.call("callmux_get_result", &wanted)));
    assert_eq!(after, before);
    let reused = json!({ "v": { "$ref": reference, "path": "[299].id" } });
    let echoed = client.call("one__echo", &reused);
    assert_eq!(json_text(&result(&echoed)), json!({ "v": 299 }));
}

#[test]
fn l05_stored_results_belong_to_who_made_the_call() {
    let mut rig = Rig::top(SMALL);
    let reference = stored(&mut rig, "one__bigarr", &json!({ "rows": 300 }));
    // Another session of the same user is the same principal.
    let mut other = rig.client("other");
    let wanted = json!({ "ref": reference, "limit": 1 });
    assert_eq!(payload(&result(&other.call("callmux_get_result", &wanted)))["total"], 300);

    // A result that says it is somebody else's is not given away.
    rig.daemon.stop();
    let is_it = |path: &std::path::Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(reference.as_str().unwrap())
    };
    let file = files(rig.sandbox.path("").as_path()).into_iter().find(|path| is_it(path)).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let own = format!("\"owner\":\"user:{}\"", rustix::process::getuid().as_raw());
    assert!(text.lines().next().unwrap().contains(&own), "{:?}", text.lines().next());
    crate::support::overwrite(&file, &text.replacen(&own, "\"owner\":\"user:4711\"", 1));
    rig.daemon = Daemon::start(&rig.sandbox);
    let mut client = Lines::bridge(&rig.sandbox);
    let refused = error(&result(&client.call("callmux_get_result", &wanted)));
    assert_eq!(refused["code"], "result_not_found");
    let refused =
        error(&result(&client.call("one__mutate", &json!({ "v": { "$ref": reference } }))));
    assert_eq!(refused["code"], "argument_resolution_failed");
    assert_eq!(rig.executed(), ["bigarr"]);
}

/// The files below a directory.
fn files(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { files(&path) } else { vec![path] }
        })
        .collect()
}

#[test]
fn l04_the_oldest_make_room_and_what_is_too_large_is_not_kept() {
    let tail = "[results]\nmax_entries = 2\nmax_entry = \"40KiB\"";
    let mut rig = Rig::of(Setup { top: SMALL, tail, ..Setup::default() });
    let refs: Vec<Value> =
        (300..303).map(|rows| stored(&mut rig, "one__bigarr", &json!({ "rows": rows }))).collect();
    let error = rig.error("callmux_get_result", &json!({ "ref": refs[0] }));
    assert_eq!(error["code"], "result_not_found");
    for reference in &refs[1..] {
        assert_eq!(read(&mut rig, reference, &json!({ "limit": 0 }))["count"], 0);
    }
    let cut = json_text(&rig.call("one__bigarr", &json!({ "rows": 2000 })));
    let about = &cut["_callmux"];
    assert_eq!((&about["retained"], &about["truncated"]), (&json!(false), &json!(true)));
    assert!(about["ref"].is_null() && about["retrieval"].is_null(), "{about}");
    let kept = &rig.payload("callmux_status", &json!({ "detail": true }))["responseStore"];
    assert_eq!(
        (&kept["entries"], &kept["totalStored"], &kept["rejectedOversize"]),
        (&json!(2), &json!(3), &json!(1))
    );
}
