//! Numbers as they are written, compared digit by digit: one order for all of them.

use std::cmp::Ordering;

/// A number of JSON: `0.DIGITS × 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal<'a> {
    is_negative: bool,
    /// Nothing for zero.
    exponent: Option<i64>,
    /// The digits from the first that is not 0, before and behind the point.
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// `text` must be a JSON number. Exponents beyond 64 bits count as the largest.
    pub fn of(text: &'a str) -> Self {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let limit = if power.starts_with('-') { i64::MIN } else { i64::MAX };
        let power = power.strip_prefix('+').unwrap_or(power).parse().unwrap_or(limit);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('0');
        let shown = fraction.trim_start_matches('0');
        let zeros = fraction.len() - shown.len();
        let len = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
        let (fraction, place) = match whole {
            "" => (shown, -len(zeros)),
            whole => (fraction, len(whole.len())),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Self { is_negative: false, exponent: None, whole, fraction };
        }
        Self { is_negative, exponent: Some(place.saturating_add(power)), whole, fraction }
    }

    fn digits(self) -> impl Iterator<Item = u8> {
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        digits.map(|digit| digit - b'0')
    }

    /// Zeros behind the last digit say nothing.
    fn compare_digits(self, other: Self) -> Ordering {
        let (mut a, mut b) = (self.digits(), other.digits());
        loop {
            match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (a, b) => {
                    let order = a.unwrap_or_default().cmp(&b.unwrap_or_default());
                    if order.is_ne() {
                        return order;
                    }
                }
            }
        }
    }

    /// -1, 0 or 1.
    fn sign(self) -> i8 {
        match (self.exponent, self.is_negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    /// The order of values; written otherwise, the same number is the same.
    pub fn cmp(&self, other: &Self) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| {
            let size = self.exponent.cmp(&other.exponent).then_with(|| self.compare_digits(*other));
            if self.is_negative { size.reverse() } else { size }
        })
    }
}
