use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{KeyFound, KeySet, Looking};
use crate::oidc::jwt::Jwt;
use crate::oidc::key::Key;
use crate::oidc::made::{Signer, claims, oidc};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// A set of keys, with a clock that only the test moves.
struct Clocked {
    set: KeySet,
    signer: Signer,
    now: Instant,
}

impl Clocked {
    fn new() -> Self {
        Self { set: KeySet::default(), signer: Signer::ed25519(), now: Instant::now() }
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    /// What comes of a token with this key: `keys`, `keys+` if it is asked beside that, `absent`, `ask`,
    /// `wait`, or the seconds until it may be asked.
    fn find(&mut self, kid: &str, looking: Looking) -> String {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#);
        let text = self.signer.token(&header, &claims().to_string());
        let token = Jwt::parse(&text, &oidc().algorithms).unwrap();
        match self.set.find(&token, looking, self.now) {
            KeyFound::Keys { refresh: false, .. } => "keys".to_owned(),
            KeyFound::Keys { refresh: true, .. } => "keys+".to_owned(),
            KeyFound::Absent => "absent".to_owned(),
            KeyFound::Ask => "ask".to_owned(),
            KeyFound::Wait => "wait".to_owned(),
            KeyFound::Later(after) => after.as_secs().to_string(),
        }
    }

    fn first(&mut self, kid: &str) -> String {
        self.find(kid, Looking::First)
    }

    fn again(&mut self, kid: &str) -> String {
        self.find(kid, Looking::Again)
    }

    fn came(&mut self, kids: &[&str], good_for: Option<Duration>) -> &mut Self {
        let keys = kids.iter().map(|kid| Key::parse(&self.signer.jwk(kid)).unwrap()).collect();
        self.set.answered(Some((keys, good_for)), self.now);
        self
    }

    fn failed(&mut self) -> &mut Self {
        self.set.answered(None, self.now);
        self
    }
}

#[test]
fn the_first_one_asks_and_the_others_wait_for_the_same_answer() {
    let mut keys = Clocked::new();
    assert_eq!(keys.find("a", Looking::Idly), "absent", "nobody is asked for who is not theirs");
    assert_eq!([keys.first("a"), keys.first("a"), keys.first("b")], ["ask", "wait", "wait"]);
    keys.came(&["a"], None);
    assert_eq!([keys.again("a"), keys.first("a"), keys.again("b")], ["keys", "keys", "absent"]);
}

#[test]
fn while_there_are_no_keys_it_is_asked_again_at_growing_distances() {
    let mut keys = Clocked::new();
    for pause in [2, 4, 8, 16, 30, 30] {
        assert_eq!(keys.first("a"), "ask");
        keys.failed();
        assert_eq!([keys.again("a"), keys.first("a")], [pause.to_string(), pause.to_string()]);
        keys.after(SECOND * (pause - 1));
        assert_eq!(keys.first("a"), "1");
        keys.after(SECOND);
    }
}

#[test]
fn two_hundred_names_of_keys_are_one_question() {
    let mut keys = Clocked::new();
    keys.first("a");
    keys.came(&["a"], None);
    let asked: Vec<String> = (0..200).map(|kid| keys.first(&format!("x{kid}"))).collect();
    assert_eq!(asked.iter().filter(|found| *found == "ask").count(), 1);
    assert_eq!(asked.iter().filter(|found| *found == "wait").count(), 199);
    keys.came(&["a"], None);
    for kid in 0..200 {
        assert_eq!(keys.again(&format!("x{kid}")), "absent");
        assert_eq!(keys.first(&format!("x{kid}")), "absent", "that is known for a while");
    }
    assert_eq!(keys.first("new"), "30", "and nobody else has it asked meanwhile");
    assert_eq!(keys.first("a"), "keys", "who has a good one is let in all the while");
    assert_eq!(keys.after(SECOND * 29).first("new"), "1");
    assert_eq!(keys.after(SECOND).first("new"), "ask");
    keys.came(&["a", "new"], None);
    assert_eq!([keys.again("new"), keys.first("new")], ["keys", "keys"]);
    assert_eq!(keys.after(MINUTE).first("x1"), "ask", "a key may turn up");
}

#[test]
fn a_key_that_the_issuer_could_not_be_asked_for_is_not_called_absent() {
    let mut keys = Clocked::new();
    keys.first("a");
    keys.came(&["a"], None);
    assert_eq!(keys.first("b"), "ask");
    keys.failed();
    assert_eq!([keys.again("b"), keys.first("b")], ["30", "30"]);
    assert_eq!(keys.first("a"), "keys");
}

#[test]
fn keys_grow_old_and_are_used_for_a_day_longer_if_they_must() {
    let mut keys = Clocked::new();
    keys.first("a");
    keys.came(&["a"], Some(HOUR));
    assert_eq!(keys.after(47 * MINUTE).first("a"), "keys");
    assert_eq!(keys.after(2 * MINUTE).first("a"), "keys+", "asked beside, and nobody waits");
    assert_eq!(keys.first("a"), "keys", "once");
    keys.failed();
    assert_eq!(keys.after(SECOND).first("a"), "keys");
    assert_eq!(keys.after(HOUR).first("a"), "keys+", "too old, and still used");
    keys.failed();
    assert_eq!(keys.after(MINUTE * (23 * 60 - 1)).first("a"), "keys+");
    keys.failed();
    assert_eq!(keys.after(HOUR).first("a"), "ask", "not for ever");
    keys.failed();
    assert_eq!(keys.again("a"), "30");
    keys.after(HOUR).first("a");
    keys.came(&["b"], None);
    assert_eq!([keys.again("a"), keys.first("b")], ["absent", "keys"]);
    assert_eq!(
        keys.after(2 * HOUR).first("b"),
        "ask",
        "after a quiet while one waits for newer ones"
    );
}

#[test]
fn what_an_issuer_says_of_their_age_is_believed_within_bounds() {
    for (said, fresh) in [(0, 5), (60, 5), (3600, 60), (999_999_999, 24 * 60)] {
        let mut keys = Clocked::new();
        keys.first("a");
        keys.came(&["a"], Some(SECOND * said));
        assert_eq!(keys.after(SECOND * (fresh * 60 * 4 / 5 - 1)).first("a"), "keys", "{said}");
        assert_eq!(keys.after(SECOND).first("a"), "keys+", "{said}");
    }
}

#[test]
fn of_nameless_keys_a_few_are_tried() {
    let signers: Vec<Signer> = (0..5).map(|_| Signer::ed25519()).collect();
    let text = signers[0].token(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    let token = Jwt::parse(&text, &oidc().algorithms).unwrap();
    for (count, is_found) in [(1, true), (4, true), (5, false)] {
        let (mut set, now) = (KeySet::default(), Instant::now());
        let keys = signers.iter().take(count).map(|one| Key::parse(&one.jwk("k")).unwrap());
        set.answered(Some((keys.collect(), None)), now);
        let found = set.find(&token, Looking::First, now);
        assert_eq!(matches!(found, KeyFound::Keys { .. }), is_found, "{count}");
    }
}

proptest! {
    /// Whoever comes with whatever, the issuer is asked for unknown keys once in 30 s at the most, never by
    /// two at once, and whoever looked again is answered.
    #[test]
    fn the_issuer_is_left_alone(steps in prop::collection::vec((0_u8..6, 0_u64..40, 0_u8..9), 1..120)) {
        let mut keys = Clocked::new();
        keys.first("a");
        keys.came(&["a"], None);
        let (mut is_asked, mut last): (bool, Option<Instant>) = (false, None);
        for (step, seconds, kid) in steps {
            keys.after(SECOND * u32::try_from(seconds).unwrap() / 4);
            let kid = format!("x{kid}");
            match step {
                0 if is_asked => {
                    keys.came(&["a"], None);
                    is_asked = false;
                }
                1 if is_asked => {
                    keys.failed();
                    is_asked = false;
                }
                2 => {
                    let found = keys.again(&kid);
                    prop_assert!(found != "ask" && found != "wait", "{found}");
                }
                3 => prop_assert_eq!(keys.find(&kid, Looking::Idly), "absent"),
                _ => {
                    let found = keys.first(&kid);
                    if found == "ask" {
                        prop_assert!(!is_asked);
                        prop_assert!(last.is_none_or(|last| keys.now - last >= SECOND * 30));
                        (is_asked, last) = (true, Some(keys.now));
                    }
                }
            }
            // An hour is not over: the good ones go on.
            if keys.now.duration_since(last.unwrap_or(keys.now)) < MINUTE {
                prop_assert!(keys.first("a").starts_with("keys"));
            }
        }
    }
}
