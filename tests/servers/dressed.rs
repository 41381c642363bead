//! How the server writes what it says: `--writes=` is what is wrong with it.

use std::borrow::Cow;
use std::sync::LazyLock;

static WRITES: LazyLock<String> = LazyLock::new(|| {
    let given = std::env::args().find_map(|arg| arg.strip_prefix("--writes=").map(str::to_owned));
    given.unwrap_or_default()
});

/// A line as it is written, without its end.
pub fn line(text: &str) -> Cow<'_, [u8]> {
    let (before, after) = match WRITES.as_str() {
        "bom" => ("\u{feff}", ""),
        "colours" => ("\u{1b}[2K\u{1b}[1;32m", "\u{1b}[0m"),
        "progress" => ("10 %\r100 %\r", ""),
        "words" => ("Loading {the model} ... ", ""),
        "behind" => ("", " [ok]"),
        "latin1" => {
            let latin1 = text.chars().map(|c| match c {
                '\u{80}'..='\u{ff}' => vec![u8::try_from(u32::from(c)).unwrap()],
                c => c.to_string().into_bytes(),
            });
            return Cow::Owned(latin1.flatten().collect());
        }
        _ => return Cow::Borrowed(text.as_bytes()),
    };
    Cow::Owned([before, text, after].concat().into_bytes())
}

/// The id of an answer as it is written.
pub fn id(id: &str) -> Cow<'_, str> {
    match WRITES.as_str() {
        "text" => Cow::Owned(format!("\"{id}\"")),
        "float" => Cow::Owned(format!("{id}.0")),
        _ => Cow::Borrowed(id),
    }
}

/// Whether calls are refused under no id.
pub fn refuses_without_id() -> bool {
    WRITES.as_str() == "null"
}
