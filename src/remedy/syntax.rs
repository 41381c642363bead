//! A file that is no TOML.

use super::slip::Slip;
use super::{line, pasted};

/// The most mistakes of a file that are looked into.
const SLIPS_MAX: usize = 50;

/// What was meant where the file is no TOML. `errors`: where the reader stumbled, in bytes.
pub fn meant(text: &str, errors: &[usize]) -> Vec<Slip> {
    let mut slips: Vec<Slip> = Vec::new();
    let mut errors = errors.to_vec();
    errors.sort_unstable();
    for error in errors {
        let error = text.floor_char_boundary(error);
        if slips.len() >= SLIPS_MAX {
            break;
        }
        if slips.iter().any(|slip| slip.span.contains(&error)) {
            continue;
        }
        let start = text[..error].rfind('\n').map_or(0, |at| at + 1);
        if let Some(found) = pasted::find(text, start) {
            slips.extend(found);
        } else {
            slips.extend(line::find(text, start));
        }
    }
    slips
}
