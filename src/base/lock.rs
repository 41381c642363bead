//! A lock that is held for a few steps and never while anything is waited for.

use std::sync::{Mutex, MutexGuard};

/// A [`Mutex`] under which no panic happens.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits for the lock and takes it.
    ///
    /// # Panics
    /// If a panic happened under it: what it guards may be half changed.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("no panic happens under this lock")
    }
}
