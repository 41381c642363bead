//! Texts of servers that are longer than anybody reads.

use std::borrow::Cow;

use crate::base::clip;

/// Bytes of a server's instructions, or of a description, that are passed on. The most patient
/// client known reads 16,384 characters of either.
pub const TEXT_MAX: usize = 32 * 1024;

/// A text as it is passed on, and what is to be told if that is not all of it. `what`: which text.
pub fn shortened<'t>(what: &str, text: &'t str) -> (Cow<'t, str>, Option<String>) {
    let len = text.len();
    if len <= TEXT_MAX {
        return (Cow::Borrowed(text), None);
    }
    let mark = format!(" … [cut by callmux: the whole has {len} bytes]");
    // With the mark it is short enough: what was cut once is not cut again.
    let start = clip::start(text, TEXT_MAX - mark.len());
    let have = if what.ends_with('s') { "have" } else { "has" };
    let remark = format!("its {what} {have} {len} bytes; the beginning is passed on");
    (Cow::Owned(format!("{start}{mark}")), Some(remark))
}
