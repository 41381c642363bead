use super::Ledger;

#[test]
fn the_net_has_its_sign() {
    let ledger = Ledger::default();
    ledger.definitions(500, 100);
    assert_eq!(ledger.account().saved_bytes(), -400);
    ledger.call(10, 1000, false);
    ledger.call(0, 50, true);
    ledger.meta_call(30);
    let account = ledger.account();
    assert_eq!((account.saved_bytes(), account.saved_tokens()), (610, 152));
    assert_eq!((account.calls, account.meta_calls), (2, 1));
}
