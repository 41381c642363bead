//! A short number for a text, for names of files.

/// FNV-1a: stable over versions of the program and over machines, and nothing of the text can be
/// read from it. Not for anything that somebody might want to forge.
pub fn fingerprint(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_published_function() {
        assert_eq!(super::fingerprint("foobar".bytes()), 0x8594_4171_f739_67e8);
    }
}
