use super::Forwarded;

#[test]
fn each_server_gets_its_own() {
    let names = ["x-user", "x-team", "x-absent"].map(str::to_owned);
    let all = Forwarded::gather(&names, |name| (name != "x-absent").then(|| format!("{name}!")));
    let shown = |forwarded: &Forwarded| -> Vec<String> {
        forwarded.iter().map(|(name, value)| format!("{name}={}", value.expose())).collect()
    };
    assert_eq!(shown(&all), ["x-user=x-user!", "x-team=x-team!"]);
    assert_eq!(shown(&all.only(&names[1..])), ["x-team=x-team!"]);
    assert!(all.only(&[]).is_empty());
    assert!(!format!("{all:?}").contains("x-user!"), "values are secrets");
}
