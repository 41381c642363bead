//! What may have an effect is never sent twice as if it were new.

use super::{Bench, deciding, shown};

#[test]
fn what_may_have_an_effect_is_not_sent_twice_as_if_it_were_new() {
    for (method, is_new) in [("tasks/get", true), ("tasks/cancel", false), ("tasks/update", false)]
    {
        let mut bench = Bench::new();
        bench.machine.connected_anew(&deciding(None), bench.now);
        let request = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"taskId":"a:1"}}}}"#
        );
        bench.client(&request);
        bench.machine.disconnected(2);
        let sent = shown(bench.machine.connected_anew(&deciding(None), bench.now));
        let sign = if is_new { ">" } else { ">>" };
        assert_eq!(sent, [format!("{sign} {request}")], "{method}");
    }
}
