//! A request that is taken back when nobody waits for it any more.

use crate::connection::Exchange;

/// A request whose future is dropped is taken back.
#[derive(Debug)]
pub(super) struct TakeBack(pub(super) Exchange);

impl Drop for TakeBack {
    fn drop(&mut self) {
        self.0.give_up("the client took the call back");
    }
}
