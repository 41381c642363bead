//! Writing several pieces as one.

use std::io::{self, IoSlice};

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Slices in one vectored write; Linux takes up to 1024 (writev(2), `IOV_MAX`).
pub const SLICES_MAX: usize = 128;

/// Writes all of `slices`, in as few writes as the other side allows.
pub async fn all(
    out: &mut (impl AsyncWrite + Unpin),
    slices: &mut [IoSlice<'_>],
) -> io::Result<()> {
    let mut rest = slices;
    while !rest.is_empty() {
        let count = some(out, rest).await?;
        IoSlice::advance_slices(&mut rest, count);
    }
    Ok(())
}

/// Writes what the other side takes at once, and returns how many bytes that is.
pub async fn some(
    out: &mut (impl AsyncWrite + Unpin),
    slices: &[IoSlice<'_>],
) -> io::Result<usize> {
    let until = slices.len().min(SLICES_MAX);
    let count = out.write_vectored(&slices[..until]).await?;
    if count == 0 && slices[..until].iter().any(|slice| !slice.is_empty()) {
        return Err(io::ErrorKind::WriteZero.into());
    }
    Ok(count)
}
