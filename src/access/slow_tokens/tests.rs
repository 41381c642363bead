use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{BURST, INTERVAL, NOBODYS_MAX, SlowTokens, TokenKnown, WAITING_MAX, digest};
use crate::base::Secret;
use crate::settings::Access;
use crate::settings::access::{AccessToken, ScryptHash, TokenHash};

/// What `crypto.scryptSync` of Node.js makes of `npm-token-one` and `npm-token-two`.
const ONE: &str =
    "scrypt$16$8$1$Y2FsbG11eCBmaXhlZCBzYQ$WHAIqCePmwSRa2_E7upIueboV6nuxQtJDaDs-VBXOzY";
const TWO: &str =
    "scrypt$32$4$2$Y2FsbG11eCBmaXhlZCBzYQ$kLgQn_vVxLW4i1302jxmSrOjmyY8bfEtNK20r0YAxnM";
fn hash(text: &str) -> TokenHash {
    TokenHash::Scrypt(ScryptHash::parse(text).unwrap().into())
}

fn access(tokens: &[(&str, &str)]) -> Access {
    let token = |hash| AccessToken { hash, expires: None, previous: None };
    let one = |(name, text): &(&str, &str)| ((*name).to_owned(), token(hash(text)));
    Access { tokens: tokens.iter().map(one).collect(), ..Access::default() }
}

fn slow(tokens: &[(&str, &str)]) -> Arc<SlowTokens> {
    Arc::new(SlowTokens::default()).renewed(&access(tokens))
}

/// Whose a token is: a name, `nobody`, or nothing where it was not tried.
fn known(slow: &SlowTokens, token: &str) -> String {
    match slow.known(token, &digest(token)) {
        TokenKnown::Of(hash) => hash.name.to_string(),
        TokenKnown::Nobodys => "nobody".to_owned(),
        TokenKnown::Untried => String::new(),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn a_token_is_tried_once_and_remembered_until_the_hashes_change() {
    let slow = slow(&[("one", ONE), ("two", TWO)]);
    assert_eq!(known(&slow, "npm-token-two"), "");
    slow.learn(secret("npm-token-two"), None).await.unwrap();
    slow.learn(secret("npm-token-three"), None).await.unwrap();
    assert_eq!(known(&slow, "npm-token-two"), "two");
    assert_eq!(known(&slow, "npm-token-three"), "nobody");
    // What is none at once is not even tried.
    for none in ["", &"x".repeat(2000)] {
        assert_eq!(known(&slow, none), "nobody");
    }
    // A config that differs elsewhere changes nothing of it.
    let same = slow.renewed(&access(&[("one", ONE), ("two", TWO)]));
    assert_eq!(known(&same, "npm-token-two"), "two");
    let other = slow.renewed(&access(&[("one", ONE), ("two", ONE)]));
    assert_eq!(known(&other, "npm-token-two"), "");
    assert_eq!(known(&other, "npm-token-three"), "", "it may be somebody's now");
}

#[tokio::test]
async fn the_token_that_another_took_the_place_of_is_told_from_it() {
    let mut access = access(&[("a", ONE)]);
    let token = access.tokens.get_mut("a").unwrap();
    token.previous = Some((hash(TWO), std::time::SystemTime::now()));
    let slow = Arc::new(SlowTokens::default()).renewed(&access);
    for (token, is_previous) in [("npm-token-one", false), ("npm-token-two", true)] {
        slow.learn(secret(token), None).await.unwrap();
        let TokenKnown::Of(hash) = slow.known(token, &digest(token)) else { panic!("{token}") };
        assert_eq!((&*hash.name, hash.is_previous), ("a", is_previous));
    }
}

#[tokio::test(start_paused = true)]
async fn who_brings_wrong_ones_waits_and_nobody_else_does() {
    let slow = slow(&[("one", ONE)]);
    let from = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    for wrong in 0..BURST {
        slow.learn(secret(&format!("wrong-{wrong}")), from("2001:db8::1")).await.unwrap();
    }
    // The rest of its network is the same client; for what is known already nobody is asked.
    let again = slow.learn(secret("npm-token-one"), from("2001:db8::2")).await;
    assert_eq!(again, Err(INTERVAL));
    assert_eq!(known(&slow, "wrong-0"), "nobody");
    slow.learn(secret("wrong-10"), from("192.0.2.1")).await.unwrap();
    slow.learn(secret("npm-token-one"), from("::ffff:192.0.2.1")).await.unwrap();
    assert_eq!(known(&slow, "npm-token-one"), "one");
    tokio::time::advance(INTERVAL).await;
    slow.learn(secret("wrong-11"), from("2001:db8::1")).await.unwrap();
    assert_eq!(slow.learn(secret("wrong-12"), from("2001:db8::1")).await, Err(INTERVAL));
}

#[tokio::test]
async fn one_is_tried_at_a_time_and_few_wait() {
    let slow = slow(&[("one", ONE)]);
    let turn = slow.turns.one.clone().acquire_owned().await.unwrap();
    let all = (0..WAITING_MAX).map(|_| slow.learn(secret("npm-token-one"), None));
    let one_more = async {
        while slow.turns.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = slow.learn(secret("npm-token-one"), None).await;
        assert_eq!(refused, Err(Duration::from_secs(1)));
        assert_eq!(known(&slow, "npm-token-one"), "");
        drop(turn);
    };
    let (learned, ()) = tokio::join!(futures_util::future::join_all(all), one_more);
    assert!(learned.iter().all(Result::is_ok), "{learned:?}");
    assert_eq!(known(&slow, "npm-token-one"), "one");
}

#[tokio::test]
async fn what_is_remembered_of_wrong_ones_is_bounded() {
    let slow = slow(&[("one", ONE)]);
    for wrong in 0..=NOBODYS_MAX {
        slow.try_all(&secret(&wrong.to_string()), digest(&wrong.to_string()), None);
    }
    assert_eq!(known(&slow, "0"), "");
    assert_eq!(known(&slow, "1"), "nobody");
}
