use std::time::Duration;

use super::{empty, inline};
use crate::base::file;
use crate::config::Location;
use crate::keys;
use crate::settings::{Complaint, Config, ProxyChoice, sample};

fn load(path: &std::path::Path) -> Result<Config, Vec<Complaint>> {
    Location::named(path).read().config
}

/// Writes files into a fresh directory and loads it.
fn load_files(files: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        file::replace(&dir.path().join(name), text.as_bytes()).unwrap();
    }
    let prefix = format!("{}/", dir.path().display());
    load(dir.path()).map_err(|complaints| {
        complaints.iter().map(|c| c.to_string().replace(&prefix, "")).collect()
    })
}

#[test]
fn no_file_is_a_config_without_servers() {
    assert_eq!(load_files(&[]), Ok(empty()));
    assert_eq!(empty(), sample::config());
    let one = load_files(&[("config.toml", "[servers.x]\ncommand = \"a\"\nargs = [\"b\"]")]);
    assert_eq!(*one.unwrap().servers["x"], sample::server(&["a", "b"]));
    assert_eq!(empty().http.max_body, 4 << 20);
}

#[test]
fn everything_can_be_set() {
    let text = r#"
        call_timeout = "3m"
        [http]
        listen = ["127.0.0.1:4860", "[::1]:4860"]
        max_body = "1MiB"
        [servers.gh]
        command = "npx"
        args = ["-y", "pkg"]
        env = { TOKEN = "x" }
        prefix = ""
        tools = ["a", "b*"]
        aliases = { find = "b_search" }
        start_timeout = "1s"
        [servers.off]
        command = "/bin/false"
        enabled = false
        call_timeout = "5s"
    "#;
    let config = load_files(&[("config.toml", text)]).unwrap();
    assert_eq!(config.http.listen.len(), 2);
    let gh = &config.servers["gh"];
    assert_eq!(gh.program.env["TOKEN"].expose(), "x");
    assert_eq!(
        (gh.call_timeout, gh.supervision.start_timeout),
        (Duration::from_mins(3), Duration::from_secs(1))
    );
    assert_eq!(gh.policy.aliases["b_search"], "find");
    assert!(
        gh.policy.tools.allow("a")
            && gh.policy.tools.allow("bcd")
            && !gh.policy.tools.allow("ab")
            && !gh.policy.tools.allow("?")
    );
    assert!(!config.servers["off"].enabled);
    assert_eq!(config.servers["off"].call_timeout, Duration::from_secs(5));
}

#[test]
fn all_complaints_come_at_once_with_their_places() {
    let text = "call_timout = \"3m\"\ncall_timeout = 3\n[http]\nlisten = [\"0.0.0.0:1\", \"x\", 7]\nmax_body = \"1\"\n\
        [servers.a__b]\ncommand = 7\nfoo = 1\n[servers.b]\nargs = \"x\"\ncwd = \"rel\"\nprefix = \"x y\"\n\
        aliases = { \"a b\" = \"t\", c = \"t\", d = \"t\" }\nenv = { \"A=B\" = \"1\" }\n";
    let complaints = load_files(&[("config.toml", text)]).unwrap_err();
    let known: Vec<&str> = keys::SERVER.iter().map(|key| key.name).collect();
    let known =
        format!("config.toml:8:1: servers.a__b.foo: unknown key; known are {}", known.join(", "));
    let expected = [
        "config.toml:1:1: call_timout: unknown key; did you mean `call_timeout`?",
        "config.toml:2:1: call_timeout: must be a duration in quotes, with its unit, not a whole number; write `call_timeout = \"3s\"`",
        "config.toml:4:11: http.listen: `0.0.0.0:1`: it can be reached from other machines, and what they say could be read on its way; set `http.tls_cert` and `http.tls_key`, or `http.behind_proxy = true` where a proxy in front of it speaks TLS, or use a loopback address such as 127.0.0.1 or [::1]",
        "config.toml:4:24: http.listen: `x` is no address; write for example \"127.0.0.1:4860\"",
        "config.toml:4:29: http.listen[2]: must be a text, not a whole number; write `\"7\"`",
        "config.toml:5:1: http.max_body: `1` has no unit; write \"1B\"",
        "config.toml:6:10: servers.a__b: a server name must not contain `__` or end in `_`: `__` separates server and tool",
        "config.toml:7:1: servers.a__b.command: must be a text, not a whole number; write `command = \"7\"`",
        &known,
        "config.toml:9:10: servers.b.command: is missing: name the program to start, or the `url` of a remote server",
        "config.toml:10:1: servers.b.args: must be a list of texts, not a text; write `args = [\"x\"]`",
        "config.toml:11:1: servers.b.cwd: `rel` must be an absolute path or start with `~/`",
        "config.toml:12:1: servers.b.prefix: has only letters, digits, `_`, `.` and `-`",
        "config.toml:13:13: servers.b.aliases.a b: a tool name has 1 to 128 letters, digits, `_`, `.` and `-`",
        "config.toml:13:35: servers.b.aliases.d: the tool `t` already has the alias `c`",
        "config.toml:14:9: servers.b.env.A=B: is no name of an environment variable",
    ];
    assert_eq!(complaints, expected);
}

#[test]
fn syntax_errors_have_places_too() {
    let complaints = load_files(&[("config.toml", "a = \n[x\nb = 1\n")]).unwrap_err();
    assert!(complaints.len() >= 2 && complaints[0].starts_with("config.toml:1:"), "{complaints:?}");
}

#[test]
fn dropins_are_read_in_order_of_their_names_and_must_not_contradict() {
    let one = "[servers.a]\ncommand = \"x\"\n";
    let config = load_files(&[
        ("config.toml", "call_timeout = \"1s\"\n"),
        ("conf.d/10-a.toml", one),
        ("conf.d/20-b.toml", "[servers.b]\ncommand = \"y\"\n[http]\nmax_body = \"1KiB\"\n"),
        ("conf.d/.hidden.toml", "nonsense"),
        ("conf.d/note.txt", "nonsense"),
    ])
    .unwrap();
    assert_eq!(config.servers.len(), 2);
    assert_eq!(config.servers["b"].call_timeout, Duration::from_secs(1));
    let complaints = load_files(&[("config.toml", one), ("conf.d/x.toml", one)]).unwrap_err();
    assert_eq!(complaints.len(), 1);
    assert!(
        complaints[0].starts_with("conf.d/x.toml:1:10: servers.a: is already set at "),
        "{complaints:?}"
    );
    assert!(complaints[0].ends_with("config.toml:1:10; set it in one place"), "{complaints:?}");
}

#[test]
fn two_servers_with_one_prefix_are_refused() {
    let text = "[servers.a]\ncommand = \"x\"\nprefix = \"p\"\n[servers.p]\ncommand = \"x\"\n";
    let complaints = load_files(&[("config.toml", text)]).unwrap_err();
    assert!(complaints[0].contains("the prefix `p` is also that of"), "{complaints:?}");
}

#[test]
fn a_missing_value_stops_one_server_only() {
    let text = "[servers.a]\ncommand = \"x\"\nenv = { T = \"${CALLMUX_TEST_NOT_SET}\" }\n[servers.b]\ncommand = \"x\"\n";
    let config = load_files(&[("config.toml", text)]).unwrap();
    let a = &config.servers["a"];
    assert_eq!(a.unresolved.len(), 1);
    assert_eq!(a.unresolved[0].key, "servers.a.env.T");
    assert!(a.unresolved[0].message.contains("CALLMUX_TEST_NOT_SET is not set"));
    assert!(config.servers["b"].unresolved.is_empty());
    let complaints =
        load_files(&[("config.toml", "call_timeout = \"${CALLMUX_TEST_NOT_SET}\"")]).unwrap_err();
    assert!(complaints[0].contains("not set"), "{complaints:?}");
}

#[test]
fn secrets_stay_out_of_arguments() {
    let text = "[servers.a]\ncommand = \"x\"\nargs = [\"${file:token}\"]\n";
    let complaints = load_files(&[("config.toml", text), ("token", "t0k")]).unwrap_err();
    assert!(
        complaints[0].contains("servers.a.args: a secret here can be read by every user"),
        "{complaints:?}"
    );
    let allowed = format!("{text}secret_args = true\n");
    let config = load_files(&[("config.toml", &allowed), ("token", "t0k")]).unwrap();
    assert_eq!(config.servers["a"].program.args[0].expose(), "t0k");
    assert!(!format!("{config:?}").contains("t0k"));
}

#[test]
fn a_remote_server_has_a_url_and_no_process() {
    let text =
        "[servers.a]\nurl = \"https://h:1/mcp\"\nheaders = { \"X-Key\" = \"${file:token}\" }\n";
    let config = load_files(&[("config.toml", text), ("token", "canary")]).unwrap();
    let a = &config.servers["a"];
    assert_eq!(a.remote.url.as_ref().unwrap().expose(), "https://h:1/mcp");
    assert_eq!(a.remote.headers["x-key"].expose(), "canary");
    assert!(!format!("{config:?}").contains("canary"));
    let text = "[servers.a]\nurl = \"http://h/\"\ncommand = \"x\"\ncwd = \"/\"\nsandbox = \"net\"\n\
        [servers.b]\ncommand = \"x\"\nheaders = { A = \"1\" }\n\
        [servers.c]\nurl = \"ftp://h/\"\nheaders = { \"a b\" = \"1\", Host = \"1\", Mcp-Name = \"1\", X = \"\\n\" }\n\
        [servers.d]\nurl = \"${CALLMUX_TEST_NOT_SET}\"\n\
        [servers.e]\ncommand = \"x\"\nsocket = \"/s\"\n\
        [servers.f]\nurl = \"https://h/\"\nsocket = \"/s\"\ntransport = \"ws\"\n\
        [servers.g]\nurl = \"http://h/\"\nsocket = \"s\"\n\
        [servers.i]\nurl = \"http://h/\"\nsocket = \"/s\"\nauth = \"oauth\"\n";
    let process = "is about a process, and a server with a `url` has none here";
    let complaints = load_files(&[("config.toml", text)]).unwrap_err();
    let expected = [
        format!("config.toml:3:1: servers.a.command: {process}"),
        format!("config.toml:4:1: servers.a.cwd: {process}"),
        format!("config.toml:5:1: servers.a.sandbox: {process}"),
        "config.toml:8:1: servers.b.headers: goes with `url`, which is not set".to_owned(),
        "config.toml:10:1: servers.c.url: must begin with `http://` or `https://`".to_owned(),
        "config.toml:11:13: servers.c.headers.a b: is no name of a header".to_owned(),
        "config.toml:11:26: servers.c.headers.Host: is a header that callmux itself sets"
            .to_owned(),
        "config.toml:11:38: servers.c.headers.Mcp-Name: is a header that callmux itself sets"
            .to_owned(),
        "config.toml:11:54: servers.c.headers.X: has a value that no header can hold".to_owned(),
        "config.toml:16:1: servers.e.socket: goes with `url`, which is not set".to_owned(),
        "config.toml:19:1: servers.f.socket: goes with `http://`: there is no TLS on a unix socket".to_owned(),
        "config.toml:20:1: servers.f.transport: must be one of streamable-http, sse; not `ws`".to_owned(),
        "config.toml:23:1: servers.g.socket: `s` must be an absolute path or start with `~/`".to_owned(),
        "config.toml:27:1: servers.i.auth: goes without `socket`: an authorization server is not reached over it".to_owned(),
    ];
    assert_eq!(complaints, expected);
}

#[test]
fn a_remote_server_has_one_way_to_prove_us() {
    use crate::settings::{Auth, Grant};
    let text = "[servers.a]\nurl = \"https://h/\"\nauth = \"oauth\"\n\
        [servers.b]\nurl = \"https://h/\"\nauth = { type = \"bearer\", token = \"${file:token}\" }\n\
        [servers.c]\nurl = \"https://h/\"\nauth = { type = \"command\", command = [\"p\", \"x\"] }\n\
        [servers.d]\nurl = \"https://h/\"\n[servers.d.auth]\ntype = \"bearer\"\ntoken = \"${file:gone}\"\n";
    let config = load_files(&[("config.toml", text), ("token", "canary\n")]).unwrap();
    let auth = |name: &str| config.servers[name].remote.auth.clone();
    assert!(matches!(auth("a"), Auth::Oauth(oauth) if oauth.grant == Grant::AuthorizationCode));
    assert!(matches!(auth("b"), Auth::Bearer(token) if token.expose() == "canary"));
    assert!(
        matches!(auth("c"), Auth::Command { words, ttl } if words.len() == 2 && ttl.as_secs() == 300)
    );
    assert_eq!(config.servers["d"].unresolved.len(), 1);
    assert!(!format!("{config:?}").contains("canary"));
    let text = "[servers.a]\ncommand = \"x\"\nauth = \"oauth\"\n\
        [servers.b]\nurl = \"https://h/\"\nheaders = { authorization = \"x\" }\nauth = { type = \"bearer\", token = \"t\", tokn = \"t\" }\n\
        [servers.c]\nurl = \"https://h/\"\nauth = { type = \"oauth\", token = \"t\", client_secret = \"s\", scopes = [\"a b\"] }\n\
        [servers.d]\nurl = \"https://h/\"\nauth = \"outh\"\n\
        [servers.e]\nurl = \"https://h/\"\nauth = \"bearer\"\n";
    let complaints = load_files(&[("config.toml", text)]).unwrap_err();
    let expected = [
        "config.toml:3:1: servers.a.auth: goes with `url`, which is not set",
        "config.toml:7:1: servers.b.auth: goes without `Authorization` in `headers`: it sets that header",
        "config.toml:7:40: servers.b.auth.tokn: unknown key; did you mean `token`?",
        "config.toml:10:26: servers.c.auth.token: goes with `type = \"bearer\"`",
        "config.toml:10:39: servers.c.auth.client_secret: goes with `client_id`, which is not set",
        "config.toml:10:70: servers.c.auth.scopes: `a b` is no scope; write each on its own",
        "config.toml:13:1: servers.d.auth.type: must be one of none, bearer, command, oauth; not `outh`",
        "config.toml:16:1: servers.e.auth.token: is missing",
    ];
    assert_eq!(complaints, expected);
}

#[test]
fn files_of_others_are_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    file::replace(&path, b"").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let complaints = load(dir.path()).unwrap_err();
    assert!(complaints[0].message.contains("writable by everybody"), "{complaints:?}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(load(dir.path()).unwrap_err()[0].message.contains("not a regular file"));
}

#[test]
fn inline_arguments_are_taken_as_they_are() {
    let words = ["sh", "-c", "echo ${HOME}", "$${x}"].map(str::to_owned);
    let config = inline(&words, Some("/tmp".into())).unwrap();
    let server = &config.servers["default"];
    let args: Vec<&str> = server.program.args.iter().map(crate::base::Secret::expose).collect();
    assert_eq!(
        (server.program.command.expose(), args),
        ("sh", vec!["-c", "echo ${HOME}", "$${x}"])
    );
    assert_eq!(
        (server.policy.prefix.as_deref(), server.program.cwd.as_deref()),
        (Some(""), Some("/tmp".as_ref()))
    );
    assert!(server.unresolved.is_empty());
    let remote = inline(&["https://h/mcp".to_owned()], Some("/tmp".into())).unwrap();
    let server = &remote.servers["default"];
    assert_eq!(server.remote.url.as_ref().unwrap().expose(), "https://h/mcp");
    assert!(
        server.program.cwd.is_none()
            && server.program.inherit_env.is_empty()
            && server.unresolved.is_empty()
    );
    assert!(inline(&[], None).is_none());
}

#[test]
fn no_complaint_shows_a_secret() {
    let mut shown = Vec::new();
    for (section, keys, _) in crate::keys::SECTIONS {
        let head = match *section {
            "" => String::new(),
            name => crate::keys::heading(name, "a") + "\n",
        };
        for key in *keys {
            let written =
                ["\"${file:secret}\"", "[\"${file:secret}\"]", "{ b = \"${file:secret}\" }"];
            for value in written {
                let text = format!("{head}{} = {value}\n", key.name);
                let files = [("config.toml", text.as_str()), ("secret", "canary one")];
                let complaints = load_files(&files).err().unwrap_or_default();
                shown.extend(complaints.into_iter().filter(|words| words.contains("canary")));
            }
        }
    }
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn what_all_servers_get_stands_once() {
    let text = r#"
        inherit_env = ["SSH_AUTH_SOCK", "DISPLAY"]
        proxy = "http://me:pw@proxy:3128"
        no_proxy = ["corp.example"]
        env = { HTTPS_PROXY = "http://proxy", PATH = "/all" }
        [servers.plain]
        command = "a"
        [servers.own]
        command = "a"
        env = { PATH = "/own", TOKEN = "t" }
        inherit_env = ["DISPLAY", "X"]
        [servers.far]
        url = "https://far.example/mcp"
        [servers.direct]
        url = "https://far.example/mcp"
        proxy = "none"
    "#;
    let config = load_files(&[("config.toml", text)]).unwrap();
    let env = |name: &str| {
        let env = config.servers[name].program.env.iter();
        env.map(|(name, value)| format!("{name}={}", value.expose())).collect::<Vec<_>>()
    };
    assert_eq!(env("plain"), ["HTTPS_PROXY=http://proxy", "PATH=/all"]);
    assert_eq!(env("own"), ["HTTPS_PROXY=http://proxy", "PATH=/own", "TOKEN=t"]);
    assert!(env("far").is_empty());
    assert_eq!(config.servers["own"].program.inherit_env, ["DISPLAY", "X", "SSH_AUTH_SOCK"]);
    let proxying = |name: &str| &config.servers[name].remote.proxying;
    assert!(
        matches!(&proxying("far").choice, ProxyChoice::At(url) if url.expose().ends_with(":3128"))
    );
    assert_eq!(proxying("far").except, ["corp.example"]);
    assert_eq!(proxying("direct").choice, ProxyChoice::None);
    let wrong = "proxy = \"socks5://canary@x\"\nenv = { \"A=B\" = \"c\" }\n\
                 [servers.a]\ncommand = \"a\"\nproxy = \"none\"\n";
    let complaints = load_files(&[("config.toml", wrong)]).unwrap_err().join("\n");
    for words in ["1:1: proxy: must be", "env.A=B: is no name", "servers.a.proxy: goes with `url`"]
    {
        assert!(complaints.contains(words), "{complaints}");
    }
    assert!(!complaints.contains("canary"), "{complaints}");
}
