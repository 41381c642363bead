use super::{NAME_MAX, Principal, Whose};

#[test]
fn a_long_name_is_told_from_others_by_little_of_it() {
    let whose = |name: &str| Whose::new(Principal::user(1), "resources/read", name);
    let long = "ü".repeat(2_000_000);
    let kept = whose(&long);
    assert!(kept.name.len() < NAME_MAX + 50, "{}", kept.name.len());
    assert_eq!(kept, whose(&long));
    assert_ne!(kept, whose(&format!("{long}a")));
    assert_ne!(kept, whose(&(long[..long.len() - 2].to_owned() + "ä")));
    assert_eq!(&*whose("a").name, "a");
}
