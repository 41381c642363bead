use super::explain;

fn of(line: &str) -> Option<String> {
    explain(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn what_was_meant_is_named() {
    for (line, words) in [
        ("callmux stats", "did you mean `callmux status`?"),
        ("callmux --log-level info docter", "did you mean `callmux doctor`?"),
        ("callmux --log-level=info bidge", "did you mean `callmux bridge`?"),
        ("callmux install", "callmux server add"),
        ("callmux install --yes", "callmux setup"),
        ("callmux run x", "callmux call TOOL"),
        ("callmux --listen 4860", "callmux serve --listen 127.0.0.1:4860"),
        ("callmux --config old.json", "callmux import PATH"),
        ("callmux --config=old.json", "callmux stdio --config PATH"),
        ("callmux --cache 1m --meta-only -- sh", "--exposure meta-only"),
        ("callmux --env A=1 -- sh", "NAME=VALUE callmux -- COMMAND"),
        ("callmux --concurrency 3 -- sh", "callmux.toml(5)"),
        ("callmux instructions --profile codex", "--client NAME"),
        ("callmux entirely", "there is no verb `entirely`; `callmux --help` shows all"),
    ] {
        let said = of(line).unwrap_or_default();
        assert!(said.contains(words), "{line}: {said}");
    }
    for line in ["callmux serve --listen nonsense", "callmux -- sh --listen"] {
        assert_eq!(of(line), None, "{line}");
    }
    for line in ["callmux", "callmux status x", "callmux --log-level info status", "callmux -- x"] {
        assert_eq!(of(line), None, "{line}");
    }
}
