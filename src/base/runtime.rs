//! The runtime of verbs that wait for something.

/// A runtime on this thread. One thread serves everything: switching threads costs more than any
/// call, and a call's own work is microseconds.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
