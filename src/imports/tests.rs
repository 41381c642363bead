use super::{ForeignFile, Import, ImportError, ImportPlace, KeyFate};
use crate::base::file;
use crate::config::Location;
use crate::settings::access::{AccessToken, TokenHash};
use dialects::DIALECTS;
use std::fs;
use std::path::Path;

mod dialects;

/// The import of files with these names and texts, into a config that says this.
fn import(dir: &Path, files: &[(&str, &str)], config: &str) -> Result<Import, ImportError> {
    let home = dir.join("config");
    fs::create_dir_all(home.join("conf.d")).unwrap();
    file::replace(&home.join("config.toml"), config.as_bytes()).unwrap();
    let mut sources = Vec::new();
    for (name, text) in files {
        let path = dir.join(name);
        file::replace(&path, text.as_bytes()).unwrap();
        sources.push(ForeignFile::read(&path, None)?);
    }
    let location = Location::named(&home);
    let stem = sources.first().map_or("several", ForeignFile::stem);
    Import::of(&sources, ImportPlace::new(&location, stem, None)?)
}

/// The text of the file without its first line, with `DIR` for the directory.
fn written(dir: &Path, import: &Import) -> String {
    let (_, rest) = import.text.split_once("\n\n").unwrap_or_default();
    rest.replace(&dir.display().to_string(), "DIR")
}

fn fate(import: &Import, server: &str, key: &str) -> Vec<KeyFate> {
    let notes = import.notes.iter().filter(|note| note.server == server && note.key == key);
    notes.map(|note| note.fate).collect()
}

/// Programs that are on every machine stand for those of the examples.
const SH: &str = "/bin/sh";

#[test]
fn each_dialect_is_read() {
    for (name, text, wanted) in DIALECTS {
        let dir = tempfile::tempdir().unwrap();
        let import = import(dir.path(), &[(name, text)], "");
        let import = import.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&written(dir.path(), &import)), sorted(&wanted.concat()), "{name}");
        let is_left = import.notes.iter().any(|note| note.fate == KeyFate::ToDo);
        assert!(!is_left, "{name}: {:?}", import.notes);
    }
}

#[test]
fn variables_are_translated_or_named() {
    let json = r#"{"mcpServers": {"a": {"command": "/bin/sh", "args": ["${workspaceFolder}/x", "--in=${userHome}/y"],
        "env": {"A": "${input:token}", "B": "${env:B}", "C": "${C:-d}", "D": "${fileBasename}", "E": "${{ secrets.E }}"}}}}"#;
    let dir = tempfile::tempdir().unwrap();
    let import = import(dir.path(), &[("a.json", json)], "").unwrap();
    let said = written(dir.path(), &import);
    for words in [
        "args = [\"./x\", \"--in=${HOME}/y\"]",
        "scope = \"cwd\"",
        "A = \"${file:secrets/input-token}\"",
        "B = \"${B}\"",
        "C = \"${C:-d}\"",
        "D = \"$${fileBasename}\"",
        "E = \"${file:secrets/E}\"",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    for key in ["env.A", "env.D", "env.E"] {
        assert!(fate(&import, "a", key).contains(&KeyFate::ToDo), "{key}: {:?}", import.notes);
    }
}

#[test]
fn secrets_are_moved_out() {
    let json = r#"{"mcpServers": {
        "a": {"command": "/bin/sh", "args": ["--api-key", "canary-1", "--token=canary-2", "--header", "Authorization: Bearer canary-3", "x"],
              "env": {"GITHUB_TOKEN": "canary-4", "DATABASE_URL": "postgres://u:canary-5@h/d", "MODE": "fast", "API_KEY": "${API_KEY}", "TOKEN": "a$${b}"}},
        "b": {"url": "https://b.example/mcp?api_key=canary-6&x=1", "headers": {"Authorization": "Bearer canary-7", "X-Mode": "1"}},
        "c": {"url": "https://c.example/mcp", "bearer_token": "canary-8"}}}"#;
    let dir = tempfile::tempdir().unwrap();
    let import = import(dir.path(), &[("a.json", json)], "").unwrap();
    assert!(!import.text.contains("canary"), "{}", import.text);
    let notes = serde_json::to_string(&import.notes).unwrap();
    assert!(!notes.contains("canary"), "{notes}");
    for words in [
        "args = [\"--api-key\", \"${file:secrets/a-api-key}\", \"--token=${file:secrets/a-token}\", \"--header\", \"Authorization: Bearer ${file:secrets/a-Authorization}\", \"x\"]",
        "GITHUB_TOKEN = \"${file:secrets/a-GITHUB_TOKEN}\"",
        "MODE = \"fast\"",
        "API_KEY = \"${API_KEY}\"",
        "secret_args = true",
        "url = \"https://b.example/mcp?api_key=${file:secrets/b-api_key}&x=1\"",
        "Authorization = \"Bearer ${file:secrets/b-Authorization}\"",
        "auth = { type = \"bearer\", token = \"${file:secrets/c-token}\" }",
    ] {
        assert!(import.text.contains(words), "{words}: {}", import.text);
    }
    import.write().unwrap();
    let config = import.place.location.read().config.unwrap();
    let server =
        |name: &str| config.servers.iter().find(|(known, _)| known.as_str() == name).unwrap().1;
    let env = |name: &str| server("a").program.env[name].expose().to_owned();
    assert_eq!(env("GITHUB_TOKEN"), "canary-4");
    assert_eq!(env("DATABASE_URL"), "postgres://u:canary-5@h/d");
    assert_eq!(env("TOKEN"), "a${b}");
    assert_eq!(server("a").program.args[5 - 1].expose(), "Authorization: Bearer canary-3");
    assert_eq!(server("b").remote.headers["authorization"].expose(), "Bearer canary-7");
    let secret = dir.path().join("config/secrets/a-GITHUB_TOKEN");
    let mode = std::os::unix::fs::PermissionsExt::mode(&secret.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // Again: all of it is known, and nothing is left to be written.
    let again = Import::of(&[ForeignFile::read(&dir.path().join("a.json"), None).unwrap()], {
        ImportPlace::new(&import.place.location, "other", None).unwrap()
    })
    .unwrap();
    assert!(again.is_empty(), "{}", again.text);
    assert_eq!(again.known.len(), 3);
}

#[test]
fn the_same_server_is_one() {
    let server = |name: &str, more: &str| {
        format!("\"{name}\": {{\"command\": \"{SH}\", \"args\": [\"-c\"]{more}}}")
    };
    let one = format!(
        "{{\"mcpServers\": {{{}, {}}}}}",
        server("a", ""),
        server("b", ", \"env\": {\"X\": \"1\"}")
    );
    let other = format!("{{\"mcpServers\": {{{}, {}}}}}", server("other", ""), server("b", ""));
    let third = "{\"mcpServers\": {\"r\": {\"url\": \"https://r.example/mcp/\"}, \"s\": {\"url\": \"https://r.example/mcp\"}, \"a\": {\"command\": \"/bin/ls\"}}}";
    let dir = tempfile::tempdir().unwrap();
    let import = import(
        dir.path(),
        &[("1.json", &one), ("2.json", &other), ("3.json", third)],
        "[servers.r]\ncommand = \"/bin/true\"\n",
    )
    .unwrap();
    let names: Vec<(&str, usize)> =
        import.drafts.iter().map(|draft| (draft.name.as_str(), draft.origins.len())).collect();
    assert_eq!(names, [("a", 3), ("b", 1), ("r-2", 2), ("a-2", 1)]);
}

#[test]
fn what_callmux_is_itself_is_no_server() {
    let json = r#"{"mcpServers": {"callmux": {"command": "/x/callmux", "args": ["bridge"]}, "old": {"command": "npx", "args": ["-y", "callmux@0.24"]},
        "mux": {"command": "mcpmux", "args": ["serve"]}, "bad": 7, "none": {"env": {}}, "a b": {"command": "/bin/sh"}}}"#;
    let dir = tempfile::tempdir().unwrap();
    let import = import(dir.path(), &[("a.json", json)], "").unwrap();
    assert_eq!(import.drafts.len(), 1);
    assert_eq!(import.drafts[0].name, "a-b");
    assert_eq!(fate(&import, "callmux", ""), [KeyFate::Dropped]);
    assert_eq!(fate(&import, "none", ""), [KeyFate::ToDo]);
}

#[test]
fn what_is_refused_is_left_out_and_named() {
    let json = r#"{"mcpServers": {"a": {"command": "/bin/sh", "headers": {"X": "1"}, "cwd": "rel"}, "b": {"url": "ftp://x"},
        "c": {"url": "https://c.example/mcp", "headers": {"Host": "x"}, "args": ["x"]}}}"#;
    let dir = tempfile::tempdir().unwrap();
    let import = import(dir.path(), &[("a.json", json)], "").unwrap();
    assert_eq!(
        written(dir.path(), &import),
        "[servers.a]\ncommand = \"/bin/sh\"\ncwd = \"DIR/rel\"\n\n[servers.c]\nurl = \"https://c.example/mcp\"\n"
    );
    assert_eq!(fate(&import, "b", "url"), [KeyFate::Kept, KeyFate::ToDo]);
    assert_eq!(fate(&import, "c", "headers"), [KeyFate::ToDo]);
    assert_eq!(fate(&import, "a", "headers"), [KeyFate::Dropped]);
}

#[test]
fn a_file_that_is_none_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    for (name, said, words) in [
        ("a.json", "{\n  \"a\": 1\n  \"b\": 2\n}", "a.json:2:"),
        ("a.toml", "a = \n", "a.toml:1:"),
        ("a.yaml", "a: [", "a.yaml"),
        ("b.json", "{\"a\": 1}", "no MCP servers"),
        ("c.json", "\u{0}", "c.json"),
    ] {
        let Err(error) = import(dir.path(), &[(name, said)], "") else { panic!("{name}") };
        assert!(error.to_string().contains(words), "{name}: {error}");
    }
    let gone = ForeignFile::read(&dir.path().join("gone"), None).unwrap_err();
    assert!(gone.to_string().contains("gone"), "{gone}");
}

/// As callmux 0.24 documents its keys.
const NPM: &str = r#"{
  "$schema": "https://raw.githubusercontent.com/edimuj/callmux/main/schema.json",
  "cacheTtlSeconds": 60, "cachePolicy": {"allowTools": ["get_*", "github__list"], "denyTools": ["files__read"]},
  "maxConcurrency": 20, "maxCacheEntries": 500, "maxCacheEntryBytes": 1000000, "maxCacheBytes": 2000000,
  "connectTimeoutMs": 30000, "callTimeoutMs": 180000, "reloadDrainTimeoutMs": 5500,
  "reconnectPolicy": {"initialDelayMs": 250}, "sessionCwdIdleTtlSeconds": 600, "maxScopedClients": 64, "maxScopedClientsPerServer": 16,
  "listenerSessionInactivityTtlSeconds": 1800, "listenerMaxSessions": 1000, "fileReferenceRoots": ["/srv/data", "rel"],
  "requestBodyMaxBytes": 1048576, "allowRequestBodyMaxOverride": false, "allowInsecureRemoteListener": false, "strictStartup": false,
  "metaOnly": true, "exposeMetaTools": true, "descriptionMaxLength": 200, "outputFormat": "toon",
  "responseShield": {"enabled": true, "maxResultBytes": 65536, "maxStringChars": 8192, "maxArrayItems": 50, "denyTools": ["dump"], "maxStoredResults": 100, "maxStoredResultBytes": 67108864, "maxStoredBytes": 268435456},
  "schemaCompression": {"enabled": true, "mode": "aggressive", "maxDescriptionChars": 160},
  "auth": {"mode": "bearer", "tokens": [{"id": "a", "token": "canary-npm"}]}, "authorization": {"rules": []}, "abuseControls": {}, "auditLog": {},
  "metrics": {}, "dashboard": {}, "eventStore": {}, "management": {},
  "recipes": {"triage": {"description": "d", "mode": "call", "tool": "github__list", "arguments": {"repo": {"$param": "repo"}}, "timeoutMs": 5000}},
  "servers": {
    "github": {"command": "/bin/sh", "args": ["-c", "x"], "env": {"MODE": "fast"}, "envRefs": {"TOKEN": "env:GH", "KEY": "file:secrets/k"},
      "tools": ["list", "get_*"], "alwaysLoad": ["list"], "prefix": "gh", "cachePolicy": {"allowTools": ["a"]}, "maxConcurrency": 4,
      "callTimeoutMs": 1000, "responseShield": {"enabled": false}, "schemaCompression": {"mode": "balanced"}, "requestBodyMaxBytes": 1},
    "files": {"command": "/bin/sh", "cwdMode": "session", "requireSessionCwd": true, "maxScopedClients": 3, "disabled": true},
    "far": {"url": "https://far.example/mcp", "transport": "sse", "headers": {"X-Team": "a"}, "forwardHeaders": ["x-user"]}
  }
}"#;

#[test]
fn every_key_of_the_npm_callmux_has_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let import = import(dir.path(), &[("callmux/config.json", NPM)], "").unwrap();
    let (_, said) = import.text.split_once('\n').unwrap();
    let said = said.replace(&dir.path().display().to_string(), "DIR");
    for words in [
        "cache_ttl = \"60s\"",
        "max_concurrency = 20",
        "call_timeout = \"180s\"",
        "drain_timeout = \"5500ms\"",
        "file_roots = [\"/srv/data\", \"DIR/callmux/rel\"]",
        "exposure = \"meta-only\"",
        "output_format = \"toon\"",
        "max_result = \"65536B\"",
        "schema_compression = \"aggressive\"",
        "max_description = 160",
        "[cache]\nmax_entries = 500\nmax_entry = \"1000000B\"\nmax_total = \"2000000B\"",
        "[http]\nmax_body = \"1048576B\"",
        "[results]\nmax_entries = 100\nmax_entry = \"67108864B\"\nmax_total = \"268435456B\"",
        "[recipes.triage]\ndescription = \"d\"\nmode = \"call\"\ntool = \"github__list\"\narguments = { repo = { \"$param\" = \"repo\" } }\ntimeout = \"5s\"",
        "[servers.github]",
        "TOKEN = \"${GH}\"",
        "KEY = \"${file:DIR/callmux/secrets/k}\"",
        "tools = [\"list\", \"get_*\"]",
        "always_load = [\"list\"]",
        "prefix = \"gh\"",
        "cache_tools = [\"a\", \"get_*\", \"list\"]",
        "max_result = \"0B\"",
        "no_cache_tools = [\"read\"]",
        "whole_results = [\"dump\"]",
        "start_timeout = \"30s\"",
        "scope = \"cwd\"",
        "require_cwd = true",
        "max_instances = 3",
        "idle_stop = \"600s\"",
        "enabled = false",
        "url = \"https://far.example/mcp\"",
        "transport = \"sse\"",
        "headers = { X-Team = \"a\" }",
        "forward_headers = [\"x-user\"]",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("canary"), "{said}");
    let json: serde_json::Value = serde_json::from_str(NPM).unwrap();
    let is_told = |server: &str, key: &str| {
        let starts = |note: &str| note == key || note.starts_with(&format!("{key}."));
        import.notes.iter().any(|note| note.server == server && starts(&note.key))
    };
    for key in json.as_object().unwrap().keys().filter(|key| *key != "servers") {
        assert!(is_told("", key), "{key}");
    }
    for (server, keys) in json["servers"].as_object().unwrap() {
        for key in keys.as_object().unwrap().keys() {
            assert!(is_told(server, key), "{server}.{key}");
        }
    }
    import.write().unwrap();
    let config = import.place.location.read().config.unwrap();
    let TokenHash::Scrypt(hash) = &config.access.tokens["a"].hash else { panic!() };
    assert!(hash.fits("canary-npm"));
}

#[test]
fn tokens_of_the_npm_callmux_are_taken_over_each_into_a_file_of_its_own() {
    const HASH: &str =
        "scrypt$16$8$1$Y2FsbG11eCBmaXhlZCBzYQ$WHAIqCePmwSRa2_E7upIueboV6nuxQtJDaDs-VBXOzY";
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        crate::base::file::replace(&dir.path().join("callmux").join(name), text.as_bytes())
            .unwrap();
    };
    write("hash", &format!("{HASH}\n"));
    write("token", " canary-file \n");
    let heavy = HASH.replace("$16$8$1$", "$1048576$8$1$");
    let tokens = format!(
        r#"{{"id": "ops", "hash": "{HASH}"}}, {{"id": "ops", "hashRef": "file:hash"}}, {{"id": "a b/ü", "tokenRef": "file:token"}},
        {{"id": "heavy", "hash": "{heavy}"}}, {{"id": "gone", "tokenRef": "env:CALLMUX_TEST_NOT_SET"}}, {{"id": "none"}}"#
    );
    let npm = format!(
        r#"{{"servers": {{"s": {{"command": "/bin/sh"}}}}, "auth": {{"mode": "bearer", "tokens": [{tokens}]}}}}"#
    );
    let import = import(dir.path(), &[("callmux/config.json", &npm)], "").unwrap();
    let fates = |fate: KeyFate| -> Vec<&str> {
        let notes = import.notes.iter().filter(|note| note.fate == fate);
        let keys = notes.map(|note| note.key.as_str());
        keys.filter(|key| key.starts_with("auth.tokens.")).collect()
    };
    assert_eq!(
        fates(KeyFate::Translated),
        ["auth.tokens.ops", "auth.tokens.ops", "auth.tokens.a b/ü"]
    );
    assert_eq!(fates(KeyFate::ToDo), ["auth.tokens.heavy", "auth.tokens.gone", "auth.tokens.none"]);
    assert!(!import.text.contains("access"), "{}", import.text);
    import.write().unwrap();
    let config = import.place.location.read().config.unwrap();
    for (name, token) in
        [("ops", "npm-token-one"), ("ops-2", "npm-token-one"), ("a-b--", "canary-file")]
    {
        let TokenHash::Scrypt(hash) = &config.access.tokens[name].hash else { panic!("{name}") };
        assert!(hash.fits(token), "{name}");
        let path = import.place.location.dropin_of(&AccessToken::file_name(name)).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(AccessToken::HEAD) && !text.contains("canary"), "{text}");
    }
    assert_eq!(config.access.tokens.len(), 3);
}

/// As mcpmux documents its keys.
const MCPMUX: &str = r#"
listen: {transport: http, address: "127.0.0.1:8080", path: /mcp}
eager_auth: false
connect_retry: {enabled: true, max_delay: 15m, attempt_timeout: 2m}
token_store: {enabled: true}
backends:
  - name: echo
    description: Echoes
    transport: command
    command: [/bin/sh, -c, "echo $MODE"]
    env: {MODE: "${MODE}", API_TOKEN: canary-mux}
  - name: bearer
    transport: http
    endpoint: https://b.example/mcp
    auth: {type: bearer, token: "${TOKEN}"}
  - name: header
    transport: http
    endpoint: https://h.example/mcp
    auth: {type: header, header: X-Api-Key, value: canary-header}
  - name: helper
    transport: http
    endpoint: https://c.example/mcp
    auth: {type: command, command: [./token, --for, me], ttl: 5m}
  - name: login
    transport: http
    endpoint: https://o.example/mcp
    auth: {type: oauth, scopes: [read], client_name: me, callback_port: 0, client_id: abc, client_secret_command: [pass, show, x y], allow_issuer_mismatch: true, open_browser: false}
"#;

#[test]
fn every_key_of_mcpmux_has_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let import = import(dir.path(), &[("mcpmux.yaml", MCPMUX)], "").unwrap();
    let said = import.text.replace(&dir.path().display().to_string(), "DIR");
    for words in [
        "[http]\nlisten = [\"127.0.0.1:8080\"]",
        "description = \"Echoes\"",
        "args = [\"-c\", \"echo ${MODE}\"]",
        "env = { MODE = \"${MODE}\", API_TOKEN = \"${file:secrets/echo-API_TOKEN}\" }",
        "start_timeout = \"2m\"",
        "auth = { type = \"bearer\", token = \"${TOKEN}\" }",
        "headers = { X-Api-Key = \"${file:secrets/header-X-Api-Key}\" }",
        "auth = { type = \"command\", command = [\"DIR/./token\", \"--for\", \"me\"], ttl = \"5m\" }",
        "auth = { type = \"oauth\", scopes = [\"read\"], client_name = \"me\", client_id = \"abc\", client_secret = \"${cmd:pass show 'x y'}\", allow_issuer_mismatch = true }",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("canary"), "{said}");
    assert_eq!(import.drafts.len(), 5);
    for key in [
        "listen.transport",
        "listen.address",
        "listen.path",
        "eager_auth",
        "connect_retry.enabled",
        "connect_retry.max_delay",
        "connect_retry.attempt_timeout",
        "token_store.enabled",
    ] {
        assert!(!fate(&import, "", key).is_empty(), "{key}");
    }
}
