use std::time::{Duration, SystemTime};

use super::after;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue, RETRY_AFTER};

#[test]
fn seconds_and_dates_are_understood() {
    let seconds = |status: u16, text: &str| {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]);
        after(StatusCode::from_u16(status).unwrap(), &headers).map(|after| after.as_secs())
    };
    assert_eq!(seconds(429, "0"), Some(0));
    assert_eq!(seconds(503, " 17 "), Some(17));
    assert_eq!(seconds(503, "99999999999999999999999"), Some(u64::MAX));
    assert_eq!(seconds(503, "Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
    assert!(seconds(503, &soon).is_some_and(|found| (28..=30).contains(&found)), "{soon}");
    assert_eq!((seconds(503, "-1"), seconds(503, ""), seconds(503, "soon")), (None, None, None));
    assert_eq!((seconds(500, "1"), seconds(200, "1")), (None, None));
}
