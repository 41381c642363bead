use std::time::{Duration, Instant};

use super::{Amount, AnswerTokens, Ledger};

fn amount(sent: u64, direct: u64) -> Amount {
    Amount { sent, direct }
}

#[test]
fn the_net_has_its_sign() {
    let ledger = Ledger::default();
    ledger.listed(amount(500, 100), amount(50, 10));
    assert_eq!((ledger.account().saved_bytes(), ledger.account().saved_tokens()), (-400, 0));
    // The list costs once it stands in a prompt.
    assert_eq!(ledger.turn(Instant::now(), 1), Some(amount(50, 10)));
    assert_eq!(ledger.account().saved_tokens(), -40);
    ledger.call(amount(10, 1000), AnswerTokens::Changed(amount(3, 300)), false);
    ledger.call(amount(50, 50), AnswerTokens::Changed(amount(0, 20)), true);
    ledger.meta_call(30, 9);
    let account = ledger.account();
    assert_eq!((account.saved_bytes(), account.saved_tokens()), (610, 268));
    assert_eq!((account.calls, account.meta_calls, account.sent_tokens()), (2, 1, 62));
}

#[test]
fn calls_at_the_same_time_are_of_one_turn() {
    let ledger = Ledger::default();
    ledger.listed(amount(0, 0), amount(7, 70));
    let began = Instant::now();
    assert!(ledger.turn(began, 1).is_some(), "the first one");
    assert!(ledger.turn(began, 1).is_none(), "it ran when the first one ended");
    // A list that is read anew is no further one.
    ledger.listed(amount(0, 0), amount(8, 80));
    let later = Instant::now() + Duration::from_secs(1);
    assert_eq!(ledger.turn(later, 3), Some(amount(8, 240)));
    let account = ledger.account();
    assert_eq!((account.turns, account.list_tokens), (2, amount(15, 310)));
}

#[test]
fn what_goes_through_is_no_saving_and_its_tokens_are_those_of_some() {
    let ledger = Ledger::default();
    for call in 0..16_u64 {
        assert_eq!(ledger.samples(), call % 8 == 0);
        let tokens =
            if ledger.samples() { AnswerTokens::Sampled(30) } else { AnswerTokens::Unchanged };
        ledger.call(amount(100, 100), tokens, false);
    }
    let account = ledger.account();
    assert_eq!((account.sent_tokens(), account.saved_tokens()), (480, 0));
}
