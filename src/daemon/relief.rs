//! What we do without while memory is short.

use super::pressure::MemoryPressure;
use crate::base::memory;
use crate::facts;
use crate::mux::Hub;

/// Forgets what can be had again, each time that memory is short; never ends.
pub(super) async fn whenever_memory_is_short(hub: Hub) {
    let Some(mut pressure) = MemoryPressure::watched() else { return };
    loop {
        pressure.comes().await;
        let bytes = hub.cache.statistics().bytes;
        let results = hub.cache.empty();
        memory::give_back();
        hub.recorder.record(facts::MemoryGivenBack { results, bytes });
    }
}
