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
        ("callmux entirely", "there is no verb `entirely`; `callmux --help` shows all"),
    ] {
        let said = of(line).unwrap_or_default();
        assert!(said.contains(words), "{line}: {said}");
    }
    for line in ["callmux", "callmux status x", "callmux --log-level info status", "callmux -- x"] {
        assert_eq!(of(line), None, "{line}");
    }
}
