//! Numbers by their value, and which values are the same.
//!
//! Whole numbers of 64 bits are exact, all others are what a double makes of them: that is how servers
//! read them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::json::{Json, Number};

/// Digits that a double keeps.
const DIGITS_MAX: usize = 15;

/// The number, if it is a whole one: `1.0` and `1e3` are (2020-12, validation, section 6.1.1).
pub(super) fn whole(number: &Number) -> Option<i128> {
    if number.is_integer()
        && let Ok(exact) = number.as_str().parse::<i128>()
        && (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&exact)
    {
        return Some(exact);
    }
    let near = number.as_f64();
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the range")]
    (near.fract() == 0.0 && near.abs() < 1e38).then_some(near as i128)
}

/// Whether it has no fraction, however large it is.
pub(super) fn is_whole(number: &Number) -> bool {
    let near = number.as_f64();
    number.is_integer() || !near.is_finite() || near.fract() == 0.0
}

pub(super) fn compare(a: &Number, b: &Number) -> Ordering {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Whether `number` is a multiple of `of`; `None` if there are too many digits to tell.
pub(super) fn is_multiple(number: &Number, of: &Number) -> Option<bool> {
    let ((a, a_scale), (b, b_scale)) = (decimal(number)?, decimal(of)?);
    let scale = a_scale.min(b_scale);
    let level =
        |digits: i128, own: i32| digits.checked_mul(10_i128.checked_pow(own.abs_diff(scale))?);
    if a == 0 {
        return Some(true);
    }
    level(a, a_scale)?.checked_rem(level(b, b_scale)?).map(|rest| rest == 0)
}

/// The number as digits and a power of ten.
fn decimal(number: &Number) -> Option<(i128, i32)> {
    if number.is_integer() {
        return whole(number).map(|exact| (exact, 0));
    }
    let text = number.as_str();
    let (digits, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let after = after.trim_end_matches('0');
    let digits = format!("{before}{after}");
    let is_exact = digits.trim_start_matches(['-', '0']).len() <= DIGITS_MAX;
    let power: i32 = power.parse().ok()?;
    let scale = power.checked_sub(i32::try_from(after.len()).ok()?)?;
    is_exact.then_some((digits.parse().ok()?, scale))
}

/// Writes a text that is the same for values that are the same (2020-12, core, section 4.2.2).
/// Stops near `max` bytes; whether it came to the end.
pub(super) fn write_key(value: &Json, out: &mut String, max: usize) -> bool {
    match value {
        Json::Number(number) => match whole(number) {
            Some(whole) => *out += &whole.to_string(),
            None => *out += &format!("{:e}", number.as_f64()),
        },
        Json::Array(items) => {
            out.push('[');
            for item in items {
                if !write_key(item, out, max) {
                    return false;
                }
                out.push(',');
            }
            out.push(']');
        }
        Json::Object(members) => {
            let members: BTreeMap<&String, &Json> =
                members.iter().map(|(name, value)| (name, value)).collect();
            out.push('{');
            for (name, value) in members {
                *out += &format!("{name:?}:");
                if !write_key(value, out, max) {
                    return false;
                }
                out.push(',');
            }
            out.push('}');
        }
        other => other.write(out),
    }
    out.len() <= max
}
