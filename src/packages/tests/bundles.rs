//! Bundles: usual ones, and those that want more than they should get.

use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Home, named};
use crate::base::file;
use crate::packages::addition::Addition;
use crate::packages::error::PackageError;
use crate::packages::wishes::Wishes;

/// An archive with these files.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in files {
        zip.start_file(*name, options.unix_permissions(0o644)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn manifest(server: &Value, more: &Value) -> String {
    let mut manifest = json!({
        "manifest_version": "0.3", "name": "weather-mcp", "version": "1.2.0", "server": server,
    });
    for (key, value) in more.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    manifest.to_string()
}

/// One that brings its own program.
fn binary() -> Value {
    json!({
        "type": "binary", "entry_point": "server/run",
        "mcp_config": { "command": "${__dirname}/server/run", "args": ["--stdio"], "env": {} },
    })
}

fn bundle(server: &Value, more: &Value) -> Vec<u8> {
    zipped(&[("manifest.json", manifest(server, more).as_bytes()), ("server/run", b"#!/bin/sh\n")])
}

struct Bundles {
    home: Home,
    data: PathBuf,
}

impl Bundles {
    fn new() -> Self {
        let home = Home::new();
        let data = home.path().join("data");
        Self { home, data }
    }

    fn wishes(&self) -> Wishes {
        Wishes { bundles: Some(self.data.clone()), ..named("weather") }
    }

    fn plan(&self, bytes: &[u8], set: &[(&str, &str)]) -> Result<Addition, PackageError> {
        let path = self.home.path().join("weather.mcpb");
        file::replace(&path, bytes).unwrap();
        self.home.plan(path.to_str().unwrap(), &self.wishes(), set)
    }

    fn text(&self, bytes: &[u8], set: &[(&str, &str)]) -> String {
        self.plan(bytes, set).unwrap().servers[0].text.replace(self.data.to_str().unwrap(), "DATA")
    }

    fn left(&self) -> usize {
        std::fs::read_dir(&self.data).map_or(0, Iterator::count)
    }

    fn refuses(&self, bytes: &[u8], words: &str) {
        let error = match self.plan(bytes, &[]) {
            Ok(added) => panic!("{words}: {:?}", added.servers),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(words), "{words}: {error}");
        assert_eq!(self.left(), 0, "{words}: something was left");
    }
}

#[test]
fn a_bundle_is_unpacked_and_its_settings_are_written() {
    let bundles = Bundles::new();
    let mut server = binary();
    server["mcp_config"]["args"] =
        json!(["--dirs", "${user_config.dirs}", "--at=${user_config.units}", "${/}x"]);
    server["mcp_config"]["env"] = json!({
        "API_KEY": "${user_config.key}", "NONE": "${user_config.none}", "LIB": "${__dirname}/lib",
        "EVIL": "${cmd:id}", "$": "",
    });
    server["mcp_config"]["env"].as_object_mut().unwrap().remove("$");
    server["mcp_config"]["platform_overrides"] =
        json!({ "linux": { "env": { "OS": "linux" } }, "win32": { "command": "x.exe" } });
    let settings = json!({ "user_config": {
        "key": { "type": "string", "title": "A key", "sensitive": true, "required": true },
        "units": { "type": "string", "default": "metric" },
        "dirs": { "type": "directory", "multiple": true, "default": ["${HOME}"] },
        "none": { "type": "string" },
    } });
    let bytes = bundle(&server, &settings);
    let error = bundles.plan(&bytes, &[]).unwrap_err().to_string();
    assert!(
        error.contains("it needs key (A key, string); give it with --set key=VALUE"),
        "{error}"
    );
    let set = [("key", "canary-1"), ("dirs", "/tmp"), ("dirs", "/usr"), ("units", "$")];
    let mut added = bundles.plan(&bytes, &set).unwrap();
    assert!(!format!("{added:?}").contains("canary"), "{added:?}");
    let text = added.servers[0].text.replace(bundles.data.to_str().unwrap(), "DATA");
    for words in [
        "# From bundle: weather-mcp 1.2.0, SHA-256 ",
        "command = \"DATA/weather/v1.2.0-",
        "/server/run\"\nargs = [\"--dirs\", \"/tmp\", \"/usr\", \"--at=$\", \"/x\"]",
        "API_KEY = \"${file:secrets/weather-key}\"",
        "EVIL = \"$${cmd:id}\"",
        "OS = \"linux\"",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(!text.contains("NONE"), "{text}");
    added.write(&bundles.home.location()).unwrap();
    let config = added.servers[0].config.as_ref().unwrap();
    assert!(config.unresolved.is_empty(), "{:?}", config.unresolved);
    let program = PathBuf::from(config.program.command.expose());
    assert_eq!(program.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let manifest = program.ancestors().nth(2).unwrap().join("manifest.json");
    assert_eq!(manifest.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(super::super::bundle::forget(&bundles.data, "weather").unwrap());
    assert_eq!(bundles.left(), 0);
}

#[test]
fn what_is_only_looked_at_leaves_nothing() {
    let bundles = Bundles::new();
    drop(bundles.plan(&bundle(&binary(), &json!({})), &[]).unwrap());
    assert_eq!(bundles.left(), 0);
}

#[test]
fn bundles_of_every_kind_are_run_by_what_is_here() {
    let bundles = Bundles::new();
    let files = |server: &Value, entry: &str| {
        zipped(&[("manifest.json", manifest(server, &json!({})).as_bytes()), (entry, b"x")])
    };
    // Python is on every machine that tests run on; what runs the others may be missing.
    let python = json!({ "type": "python", "entry_point": "server/main.py", "mcp_config": {
        "command": "python3", "args": ["${__dirname}/server/main.py"], "env": { "PYTHONPATH": "${__dirname}/server/lib" },
    } });
    let text = bundles.text(&files(&python, "server/main.py"), &[]);
    assert!(
        text.contains("/server/main.py\"]") && text.contains("PYTHONPATH = \"DATA/weather/v1.2.0-"),
        "{text}"
    );
    let bare = json!({ "type": "binary", "entry_point": "./run" });
    assert!(bundles.text(&files(&bare, "run"), &[]).contains("/run\"\n"), "{}", "no mcp_config");
    // The older name of the version, and a signature behind the archive.
    let old =
        json!({ "dxt_version": "0.1", "name": "weather", "version": "0.1.0", "server": binary() });
    let mut signed = zipped(&[("manifest.json", old.to_string().as_bytes()), ("server/run", b"x")]);
    signed.extend(b"MCPB_SIG_V1\x04\0\0\0abcdMCPB_SIG_END");
    let added = bundles.plan(&signed, &[]).unwrap();
    assert!(
        added.told.iter().any(|line| line.contains("signature was not checked")),
        "{:?}",
        added.told
    );
}

#[test]
fn hostile_bundles_are_refused() {
    let bundles = Bundles::new();
    let fine = manifest(&binary(), &json!({}));
    let fine = ("manifest.json", fine.as_bytes());
    let run = ("server/run", &b"x"[..]);
    for name in
        ["../evil", "/etc/evil", "server/../../evil", "a\\..\\evil", "a//b", "./x", "a/\u{202e}b"]
    {
        bundles.refuses(&zipped(&[fine, run, (name, b"x")]), "leads out of it");
    }
    let deep = ["d"; 40].join("/");
    bundles.refuses(&zipped(&[fine, run, (&deep, b"x")]), "leads out of it");
    // A link, through which the next file would be written elsewhere.
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.start_file("manifest.json", options).unwrap();
    zip.write_all(fine.1).unwrap();
    zip.add_symlink("server", "/tmp", options).unwrap();
    bundles.refuses(&zip.finish().unwrap().into_inner(), "is a link or a device");
    // A bomb, and one that lies about its size.
    let zeros = vec![0_u8; 32 << 20];
    bundles.refuses(&zipped(&[fine, run, ("zeros", &zeros)]), "when it is unpacked");
    let mut liar = zipped(&[fine, run, ("zeros", &zeros[..1 << 20])]);
    let size = (1_u32 << 20).to_le_bytes();
    let places: Vec<usize> = memchr::memmem::find_iter(&liar, &size).collect();
    for at in places {
        liar[at..at + 4].copy_from_slice(&7_u32.to_le_bytes());
    }
    bundles.refuses(&liar, "");
    // Too many.
    let names: Vec<String> = (0..20_001).map(|number| format!("f{number}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    bundles.refuses(&zipped(&many), "more than 20000 files");
    // A file that is a directory, too.
    bundles.refuses(&zipped(&[fine, run, ("server/run/x", b"x")]), "server/run");
    bundles.refuses(b"PK\x03\x04 and no more", "no archive");
    bundles.refuses(b"", "no archive");
    bundles.refuses(&zipped(&[run]), "there is no manifest.json in it");
    let large = vec![b' '; (1 << 20) + 1];
    bundles.refuses(&zipped(&[("manifest.json", &large)]), "larger than 1024 KiB");
    bundles.refuses(&zipped(&[("manifest.json", b"{")]), "no JSON");
}

#[test]
fn manifests_are_refused_with_what_to_do() {
    let bundles = Bundles::new();
    let refuses =
        |server: &Value, more: &Value, words: &str| bundles.refuses(&bundle(server, more), words);
    let with = |command: &str| {
        let mut server = binary();
        server["mcp_config"]["command"] = json!(command);
        server
    };
    refuses(&with("sh"), &json!({}), "neither in it nor what bundles are run by");
    refuses(&with("/usr/bin/env"), &json!({}), "neither in it");
    refuses(&with("${__dirname}/../../x"), &json!({}), "neither in it");
    refuses(&json!({ "type": "binary", "entry_point": "none" }), &json!({}), "no such file");
    refuses(&json!({ "type": "wasm" }), &json!({}), "type wasm");
    refuses(&binary(), &json!({ "manifest_version": "9.0" }), "version 9.0");
    refuses(
        &binary(),
        &json!({ "compatibility": { "platforms": ["darwin", "win32"] } }),
        "not for linux",
    );
    refuses(&binary(), &json!({ "name": null }), "`name` in its manifest.json");
    let mut unknown = binary();
    unknown["mcp_config"]["args"] = json!(["${user_config.what}"]);
    refuses(&unknown, &json!({}), "uses the setting `what`");
    let number = json!({ "user_config": { "n": { "type": "number", "default": 7, "max": 5 } } });
    refuses(&binary(), &number, "n has to be between");
    let dir = json!({ "user_config": { "d": { "type": "directory", "default": "here" } } });
    refuses(&binary(), &dir, "d has to be an absolute path");
}
