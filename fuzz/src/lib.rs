//! What all targets have in common: a bound on the memory that one input may take.

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Whatever the input, in bytes.
const BASE: usize = 32 << 20;
/// For each byte of it.
const PER_BYTE: usize = 4096;

/// Gives an input to a target.
///
/// # Panics
/// If the target takes more memory than an input of this length is worth.
pub fn run(target: fn(&[u8]), data: &[u8]) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    target(data);
    let used = ALLOCATOR.peak_usage().saturating_sub(before);
    let bound = BASE + PER_BYTE * data.len();
    assert!(used <= bound, "{used} bytes of memory for {} of input", data.len());
}
