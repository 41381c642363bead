use super::read;

#[test]
fn an_id_is_understood_in_every_form() {
    for (written, id) in [
        ("7", Some(7)),
        (r#""7""#, Some(7)),
        ("7.0", Some(7)),
        (r#""7.00""#, Some(7)),
        ("9007199254740993.0", Some(9_007_199_254_740_993)),
        ("7.5", None),
        ("7.", None),
        ("-7", None),
        (r#""+7""#, None),
        (r#""""#, None),
        (r#""c-7""#, None),
        ("null", None),
        ("7e0", None),
    ] {
        assert_eq!(read(written), id, "{written}");
    }
}
