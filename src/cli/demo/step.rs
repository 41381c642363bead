//! How a step of the demo ends.

/// What went wrong, in one sentence.
pub(super) type Step<T> = Result<T, String>;
