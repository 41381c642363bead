//! Which instance of its server a call goes to, where there is one for each directory.

use super::call::Call;
use super::hub::Hub;
use super::outcome::lost;
use super::record::CallRecord;
use crate::connection::Loss;
use crate::instances::Lease;
use crate::targets::failure::Failure;
use crate::targets::locate::Located;

/// The instance of the client; `None`: the server itself. The journal names it from now on.
pub(super) async fn instance(
    hub: &Hub,
    call: &Call,
    located: &Located<'_>,
    record: &mut CallRecord<'_>,
) -> Result<Option<Lease>, Failure> {
    let caller = &call.caller;
    let whose = (&caller.principal, caller.session);
    let lease = hub.instances.lease(located.server, whose, caller.cwd.as_deref()).await;
    let lease = lease.map_err(|why| {
        let loss = Loss::not_sent(why.to_string());
        lost(call, record, located, &loss)
    })?;
    if let Some(instance) = &lease {
        record.name(Some(instance.name.clone()), located.shown.clone());
    }
    Ok(lease)
}
