use super::Location;
use super::plan::plan;
use crate::keys::{
    AUTH, AUTH_TYPES, DefaultValue, GoesWith, Key, SECTIONS, SERVER, TOKEN, ValueKind, heading,
};
use crate::settings::Plan;

const BASE: &str = "[servers.a]\ncommand = \"x\"\n[servers.b]\ncommand = \"y\"\n";

fn between(old: &str, new: &str) -> Plan {
    let read = |text: &str| {
        let dir = tempfile::tempdir().unwrap();
        crate::base::file::replace(&dir.path().join("config.toml"), text.as_bytes()).unwrap();
        Location::named(dir.path()).read().config.unwrap()
    };
    plan(&read(old), &read(new))
}

/// The plan in one line: `+added -removed !restarted(keys) ~adjusted(keys) settings @start`.
fn brief(plan: &Plan) -> String {
    let mut words = Vec::new();
    words.extend(plan.added.iter().map(|name| format!("+{name}")));
    words.extend(plan.removed.iter().map(|name| format!("-{name}")));
    for (sign, changes) in [("!", &plan.restarted), ("~", &plan.adjusted)] {
        words.extend(changes.iter().map(|c| format!("{sign}{}({})", c.server, c.keys.join(","))));
    }
    words.extend(plan.settings.iter().cloned());
    words.extend(plan.at_next_start.iter().map(|key| format!("@{key}")));
    words.join(" ")
}

#[test]
fn a_plan_touches_only_what_differs() {
    let b = "[servers.b]\ncommand = \"y\"\n";
    let check = |new: &str, expected: &str| {
        let plan = between(BASE, new);
        assert_eq!(brief(&plan), expected, "{new}");
        assert_eq!(plan.is_empty(), expected.is_empty());
    };
    check(BASE, "");
    check(&format!("# a remark\n{BASE}"), "");
    check(&format!("{BASE}[servers.c]\ncommand = \"z\"\n"), "+c");
    check(b, "-a");
    check(&format!("[servers.a]\ncommand = \"x\"\nenabled = false\n{b}"), "-a");
    check(&format!("[servers.a]\ncommand = \"z\"\n{b}"), "!a(command)");
    check(
        &format!("[servers.a]\ncommand = \"x\"\nenv = {{ A = \"1\" }}\ntools = [\"t\"]\n{b}"),
        "!a(env,tools)",
    );
    check(
        &format!("[servers.a]\ncommand = \"x\"\nstop_timeout = \"1s\"\nprefix = \"p\"\n{b}"),
        "~a(prefix,stop_timeout)",
    );
    let remote =
        "url = \"http://h/\"\nheaders = { A = \"1\" }\ntransport = \"sse\"\nsocket = \"/s\"";
    let keys = "!a(command,url,transport,socket,headers)";
    check(&format!("[servers.a]\n{remote}\n{b}"), keys);
    check(
        &format!("call_timeout = \"1s\"\n{BASE}"),
        "~a(call_timeout) ~b(call_timeout) call_timeout",
    );
    check(
        &format!("{BASE}[http]\nmax_body = \"1KiB\"\nlisten = [\"127.0.0.1:1\"]\n"),
        "http.max_body @http.listen",
    );
}

#[test]
fn a_value_that_turns_up_starts_its_server() {
    let missing = "[servers.a]\ncommand = \"x\"\ntools = [\"${CALLMUX_TEST_NOT_SET}\"]\n";
    let there = "[servers.a]\ncommand = \"x\"\ntools = [\"t\"]\n";
    assert_eq!(brief(&between(missing, there)), "!a(servers.a.tools[0],tools)");
}

#[test]
fn no_value_is_in_a_plan() {
    let secret = "[servers.a]\ncommand = \"x\"\nenv = { T = \"canary\" }\n";
    let plan = between(BASE, secret);
    let told = format!("{plan:?}{}", serde_json::to_string(&plan).unwrap());
    assert!(!told.contains("canary"), "{told}");
}

/// Where a key is set: what stands before it.
fn head(section: &str, key: &Key) -> String {
    let remote = ["url", "proxy", "no_proxy", "auth"];
    // What they say is said of servers.
    let of_servers = ["cache_ttl", "env", "inherit_env", "pin", "proxy", "no_proxy"];
    match (section, key.name) {
        ("", key) if !of_servers.contains(&key) => String::new(),
        ("servers.*.auth", name) => {
            let kind = match key.goes_with {
                GoesWith::AuthType(kind) => kind,
                _ => "oauth",
            };
            let more = match name {
                "token" => "token = \"t\"\n",
                "command" | "ttl" => "command = [\"p\"]\n",
                "grant" => "client_id = \"i\"\nclient_secret = \"s\"\n",
                "client_secret" => "client_id = \"i\"\n",
                _ => "",
            };
            let url = "[servers.a]\nurl = \"http://h/\"\n";
            format!("{url}[servers.a.auth]\ntype = \"{kind}\"\n{more}")
        }
        ("" | "servers.*", name) if key.goes_with == GoesWith::Url || remote.contains(&name) => {
            "[servers.a]\nurl = \"http://h/\"\n".to_owned()
        }
        ("servers.*", _) if matches!(key.goes_with, GoesWith::Scope(_)) => {
            "[servers.a]\ncommand = \"x\"\nscope = \"cwd\"\n".to_owned()
        }
        ("" | "servers.*", _) => "[servers.a]\ncommand = \"x\"\n".to_owned(),
        ("http", "tls_cert" | "tls_key") => {
            "[http]\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n".to_owned()
        }
        ("recipes.*", _) => "[recipes.a]\ntool = \"t\"\nitems = []\n".to_owned(),
        ("access.tokens.*", _) => {
            let (hash, until) = (other_value(&TOKEN[0]), "2027-01-01");
            let hash = hash.replace('1', "0");
            let previous = format!("previous = {hash}\ngrace_until = \"{until}\"\n");
            format!("[access.tokens.a]\nhash = {hash}\n{previous}")
        }
        ("access.approved.*", "tool" | "principal") => {
            "[access.approved.a]\nprincipal = \"user:1\"\ntool = \"t\"\n".to_owned()
        }
        ("access.approved.*", name) => {
            format!("[access.approved.a]\nprincipal = \"user:1\"\n{name} = \"t\"\n")
        }
        ("access.oidc", _) => {
            "[access.oidc]\nissuer = \"https://i\"\naudience = \"https://a\"\n".to_owned()
        }
        ("audit", "required") => "[audit]\nfile = true\n".to_owned(),
        ("access.rules[*]", _) => "[[access.rules]]\neffect = \"allow\"\n".to_owned(),
        (section, _) => heading(section, "a") + "\n",
    }
}

/// A value that is not the key's default.
fn other_value(key: &Key) -> String {
    let value = match (key.name, key.kind) {
        ("url", _) => "\"http://other/\"",
        ("principal", _) => "\"user:2\"",
        ("redirect_uri", _) => "\"http://localhost/x\"",
        ("client_metadata_url" | "issuer" | "audience" | "resource", _) => "\"https://h/x\"",
        ("algorithms", _) => "[\"ES384\"]",
        (name, _) if name.ends_with("_endpoint") => "\"https://h/x\"",
        ("prefix", _) => "\"other\"",
        ("mode", _) => "\"batch\"",
        ("type" | "proxy", _) => "\"none\"",
        ("listen", _) => "[\"127.0.0.1:1\"]",
        ("allow" | "trusted_proxies", _) => "[\"192.0.2.0/24\"]",
        ("file_roots", _) => "[\"/other\"]",
        ("hash" | "previous", _) => return format!("\"sha256:{}\"", "1".repeat(64)),
        ("expires" | "grace_until", _) => "\"2027-03-01\"",
        ("principals", _) => "[\"token:other\"]",
        ("endpoints", _) => "[\"/metrics\"]",
        ("hints", _) => "[\"read_only\"]",
        ("units", _) => "[\"app-*.scope\"]",
        ("cwd", ValueKind::Texts) => "[\"/other/*\"]",
        ("items" | "calls" | "steps", _) => "[{ tool = \"x\" }]",
        ("parameters", _) => "{ x = {} }",
        (_, ValueKind::Text) => "\"/other\"",
        (_, ValueKind::Texts) => "[\"other\"]",
        (_, ValueKind::TextTable) => "{ other = \"one\" }",
        (_, ValueKind::Values) => "{}",
        (_, ValueKind::Bool) if key.default == DefaultValue::Value("true") => "false",
        (_, ValueKind::Bool) => "true",
        (_, ValueKind::Duration) => "\"7s\"",
        (_, ValueKind::Size) => "\"7KiB\"",
        (_, ValueKind::Number(min, _)) => return (min + 1).to_string(),
        (_, ValueKind::Choice(texts)) => return format!("\"{}\"", texts.last().unwrap()),
    };
    value.to_owned()
}

/// A plan names each key that differs, once, and no other.
#[test]
fn every_key_is_in_a_plan() {
    for (section, keys, _) in SECTIONS {
        for key in *keys {
            let head = head(section, key);
            let others = head.lines().filter(|line| !line.starts_with(key.name));
            let mut new: Vec<&str> = others.collect();
            let line = format!("{} = {}", key.name, other_value(key));
            new.insert(if section.is_empty() { 0 } else { new.len() }, &line);
            let found = brief(&between(&head, &new.join("\n")));
            let expected = match (*section, key.name) {
                ("servers.*", "enabled") => vec!["-a".to_owned()],
                // It allows something.
                ("servers.*", "secret_args") => vec![String::new()],
                ("", "no_proxy") => vec!["!a(proxy)".to_owned()],
                ("", name) if head.starts_with("[servers") => {
                    vec![format!("!a({name})"), format!("~a({name})")]
                }
                ("", name) => vec![name.to_owned(), format!("@{name}")],
                // They are one thing.
                ("http", "tls_cert" | "tls_key") => vec!["http.tls_cert http.tls_key".to_owned()],
                ("http", name) => vec![format!("http.{name}"), format!("@http.{name}")],
                (
                    "access.limits" | "access.approvals" | "access.networks" | "audit" | "history"
                    | "metrics" | "dashboard",
                    name,
                ) => {
                    vec![format!("{section}.{name}")]
                }
                ("servers.*", name) => vec![format!("!a({name})"), format!("~a({name})")],
                ("servers.*.auth", _) => vec!["!a(auth)".to_owned()],
                (section, _) => {
                    vec![section.trim_end_matches(".*").trim_end_matches("[*]").to_owned()]
                }
            };
            assert!(expected.contains(&found), "{section} {}: {found:?}", key.name);
        }
    }
}

/// The keys that are wrong in a file, each with what is said of it.
fn wrong(text: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    crate::base::file::replace(&dir.path().join("config.toml"), text.as_bytes()).unwrap();
    let complaints = Location::named(dir.path()).read().config.unwrap_err();
    complaints.iter().map(|one| format!("{} {}", one.key, one.message)).collect()
}

#[test]
fn a_key_is_refused_where_it_does_not_go() {
    for key in SERVER {
        let (server, said) = match key.goes_with {
            GoesWith::Process => ("url = \"http://h/\"", "is about a process"),
            GoesWith::Url => ("command = \"x\"", "goes with `url`"),
            GoesWith::Scope(_) => ("command = \"x\"", "goes with `scope = \"cwd\"`"),
            _ => continue,
        };
        let found = wrong(&format!("[servers.a]\n{server}\n{} = {}", key.name, other_value(key)));
        let expected = format!("servers.a.{} {said}", key.name);
        assert!(found.iter().any(|one| one.starts_with(&expected)), "{}: {found:?}", key.name);
    }
    for key in AUTH {
        let GoesWith::AuthType(kind) = key.goes_with else { continue };
        assert!(key.doc.starts_with(&format!("For `{kind}`")), "{}", key.name);
        for other in AUTH_TYPES.iter().filter(|other| **other != kind) {
            let url = "[servers.a]\nurl = \"http://h/\"\n[servers.a.auth]";
            let line = format!("{} = {}", key.name, other_value(key));
            let found = wrong(&format!("{url}\ntype = \"{other}\"\n{line}"));
            let expected = format!("servers.a.auth.{} goes with `type = \"{kind}\"`", key.name);
            assert!(found.contains(&expected), "{} {other}: {found:?}", key.name);
        }
    }
    let anywhere = AUTH.iter().filter(|key| key.goes_with == GoesWith::Everything);
    assert_eq!(anywhere.map(|key| key.name).collect::<Vec<_>>(), ["type"]);
}

#[test]
fn limits_stand_in_a_section_of_their_own() {
    for (text, expected) in [
        ("access = 1", "access must be a table"),
        (
            "[access]\ncalls_per_minute = 9",
            "access.calls_per_minute unknown key; write `[access.limits]`",
        ),
        (
            "[access.limits]\ncalls_per_minutes = 9",
            "access.limits.calls_per_minutes unknown key; did you mean",
        ),
        ("[access.limits]\ncalls_per_minute = 0", "access.limits.calls_per_minute"),
    ] {
        let found = wrong(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:?}");
    }
}

#[test]
fn what_others_could_reach_unasked_is_refused_with_the_remedy() {
    for (text, expected) in [
        (
            "[http]\nlisten = [\"0.0.0.0:1\"]",
            "http.listen `0.0.0.0:1`: it can be reached from other",
        ),
        (
            "[http]\nlisten = [\"https://[::1]:1\"]",
            "http.listen `https://[::1]:1`: it is to speak TLS",
        ),
        ("[http]\ntls_key = \"k\"", "http.tls_key goes with `http.tls_cert`"),
        ("[http]\ntls_cert = \"\"\ntls_key = \"k\"", "http.tls_cert is empty"),
        (
            "[access.networks]\nallow = \"10.0.0.0/8\"",
            "access.networks.allow must be a list of texts",
        ),
        (
            "[access.networks]\nallow = [\"lan\"]",
            "access.networks.allow `lan` is no network; write",
        ),
        (
            "[access.networks]\ntrusted_proxies = [\"10.0.0.1/8\"]",
            "access.networks.trusted_proxies `10.0.0.1/8` names an address within a network; write \"10",
        ),
        ("[access.networks]\nalow = []", "access.networks.alow unknown key; did you mean `allow`?"),
    ] {
        let found = wrong(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:?}");
    }
    // What may be there tomorrow, and may have been taken back on purpose, keeps no config away.
    let listen = "[http]\nlisten = [\"0.0.0.0:1\"]\n";
    between("", &format!("{listen}behind_proxy = true\n"));
    between("", &format!("{listen}tls_cert = \"no.pem\"\ntls_key = \"no.pem\"\n"));
}

#[test]
fn tokens_and_rules_that_say_nothing_are_refused_with_the_remedy() {
    for (text, expected) in [
        ("[access.tokens.a]", "access.tokens.a.hash is missing: `callmux token new NAME`"),
        ("[access.tokens.a]\nhash = \"cmx_a_b\"", "access.tokens.a.hash is no hash of a token"),
        (
            "[access.tokens.a]\nhash = \"scrypt$131072$8$1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAA\"",
            "access.tokens.a.hash is a hash that takes more to be tried than 64 MiB",
        ),
        (
            "[access.tokens.a]\nhash = \"scrypt$16384$8$1$c2FsdA\"",
            "access.tokens.a.hash is no hash of a token",
        ),
        ("[access.tokens.\"a b\"]", "access.tokens.a b a token's name has 1 to 40 letters"),
        ("[access.tokens.a]\nexpires = \"soon\"", "access.tokens.a.expires `soon` is no moment"),
        (
            "[access.tokens.a]\ngrace_until = \"2027-01-01\"",
            "access.tokens.a.grace_until goes with",
        ),
        ("[access]\nrules = 1", "access.rules must be a list of rules, not a whole number"),
        ("[[access.rules]]", "access.rules[0].effect is missing"),
        (
            "[[access.rules]]\neffect = \"maybe\"",
            "access.rules[0].effect must be one of allow, ask, deny",
        ),
        ("[access.approved.a]\ntool = \"t\"", "access.approved.a.principal is missing"),
        (
            "[access.approved.a]\nprincipal = \"alice\"\ntool = \"t\"",
            "access.approved.a.principal `alice` is nobody",
        ),
        (
            "[access.approved.a]\nprincipal = \"user:1\"",
            "access.approved.a names one `tool`, one `prompt` or one `resource`",
        ),
        (
            "[[access.rules]]\neffect = \"deny\"\nprincipals = [\"alice\"]",
            "access.rules[0].principals `alice` fits no principal",
        ),
        (
            "[[access.rules]]\neffect = \"allow\"\nhints = [\"safe\"]",
            "access.rules[0].hints `safe` is none of read_only, idempotent",
        ),
        (
            "[[access.rules]]\neffect = \"allow\"\nhints = []",
            "access.rules[0].hints names none; leave it out",
        ),
        (
            "[[access.rules]]\neffect = \"deny\"\nexe = [\"bin/claude\"]",
            "access.rules[0].exe `bin/claude` is no path and no name of a program",
        ),
        (
            "[[access.rules]]\neffect = \"deny\"\nunits = [\"app-x\"]",
            "access.rules[0].units `app-x` ends like no unit that runs programs",
        ),
        (
            "[[access.rules]]\neffect = \"deny\"\ncwd = [\"work/*\"]",
            "access.rules[0].cwd `work/*` is no absolute path of a directory",
        ),
        (
            "[[access.rules]]\neffect = \"deny\"\nid = \"x\"\n[[access.rules]]\nid = \"x\"",
            "access.rules[1].id is also that of the rule at",
        ),
        ("[access.oidc]\naudience = \"a\"", "access.oidc.issuer is missing"),
        ("[access.oidc]\nissuer = \"https://i\"", "access.oidc.audience is missing"),
        ("[access.oidc]\nissuer = \"http://i\"", "access.oidc.issuer must be an `https://`"),
        ("[access.oidc]\nissuer = \"https://i?a=b\"", "access.oidc.issuer must be an `https://`"),
        ("[access.oidc]\nalgorithms = [\"HS256\"]", "access.oidc.algorithms `HS256` is none of"),
        ("[access.oidc]\nalgorithms = [\"none\"]", "access.oidc.algorithms `none` is none of"),
        ("[access.oidc]\nalgorithms = []", "access.oidc.algorithms nobody would be let in"),
        ("[access.oidc]\nleeway = \"3m\"", "access.oidc.leeway is longer than 2 m"),
        ("[[access.rules]]\nefect = \"deny\"", "access.rules[0].efect unknown key; did you mean"),
    ] {
        let found = wrong(text);
        assert!(found.iter().any(|one| one.starts_with(expected)), "{text}: {found:?}");
        assert!(!found.concat().contains("cmx_"), "it may be the token itself: {found:?}");
    }
}

/// Each wrong token is tried with all of them.
#[test]
fn there_are_few_slow_hashes() {
    let hash = "scrypt$16384$8$1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAA";
    let token = |n: usize| format!("[access.tokens.t{n}]\nhash = \"{hash}\"\n");
    let tokens = |count: usize| (0..count).map(token).collect::<Vec<_>>().concat();
    between("", &tokens(16));
    let previous = format!("previous = \"{hash}\"\ngrace_until = \"2027-01-01\"\n");
    let found = wrong(&(tokens(16) + &previous));
    assert!(found.len() == 1 && found[0].starts_with("access.tokens has 17 hashes"), "{found:?}");
}
