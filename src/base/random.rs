//! Randomness: from the kernel for what must not be guessed, from a cheap generator for jitter.

/// `N` bytes from the kernel's generator, for ids and handles that must not be guessed.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    getrandom::fill(&mut out).expect("the kernel's random generator answers");
    out
}

/// A small generator for jitter and for simulations: fast, seedable, not for secrets.
///
/// `SplitMix64` (Steele, Lea, Flood, 2014).
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    #[cfg(test)]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn from_kernel() -> Self {
        Self(u64::from_ne_bytes(bytes()))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
