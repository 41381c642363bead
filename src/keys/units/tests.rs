use super::{duration, size};
use std::time::Duration;

#[test]
fn a_unit_is_needed() {
    assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
    assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
    for bad in ["", "30", "-1s", "s", "1 parsec"] {
        assert!(duration(bad).is_err(), "{bad:?}");
    }
    assert_eq!(size("64KiB"), Ok(65536));
    assert_eq!(size("4 MB"), Ok(4_000_000));
    assert_eq!(size("512B"), Ok(512));
    for bad in ["", "30", "-1B", "B", "64k", "1e3B", "99999999999999999999EiB"] {
        assert!(size(bad).is_err(), "{bad:?}");
    }
}
