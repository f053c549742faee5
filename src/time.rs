//! Simulated time: unsigned nanoseconds, from the start of the warm-up.
//!
//! The measured part of a run starts at the end of the warm-up; results count from there.

use std::fmt;
use std::ops::Add;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant, in nanoseconds since the simulation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

/// A span of simulated time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(u64);

impl SimTime {
    /// The first instant.
    pub const ZERO: Self = Self(0);
    /// Later than every instant that happens.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the beginning.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the beginning.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to this instant; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span that a file may ask for: a hundred years.
    pub const LONGEST: Self = Self(100 * 365 * 86_400 * NANOS_PER_SECOND);

    /// A span of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// A span of `seconds`, rounded to the nearest nanosecond; negative and NaN give zero, huge values the
    /// longest span.
    #[inline]
    pub fn from_secs_f64(seconds: f64) -> Self {
        let nanos = seconds * NANOS_PER_SECOND as f64;
        // A signed conversion is one instruction, an unsigned one several.
        if nanos >= Self::LONGEST.0 as f64 {
            Self::LONGEST
        } else {
            Self(((nanos + 0.5) as i64).max(0) as u64)
        }
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Sum that stays at the longest representable span instead of wrapping.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; 0 where `other` is longer.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;

    /// Saturates at [`SimTime::NEVER`].
    fn add(self, span: SimDuration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl fmt::Display for SimDuration {
    /// The shortest usual way to write it: `240s`, `30m`, `2h`, `25ms`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            ("d", 86_400 * NANOS_PER_SECOND),
            ("h", 3_600 * NANOS_PER_SECOND),
            ("m", 60 * NANOS_PER_SECOND),
            ("s", NANOS_PER_SECOND),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ];
        for (unit, nanos) in units {
            if self.0 >= 2 * nanos && self.0.is_multiple_of(nanos) || self.0 == nanos {
                return write!(out, "{}{unit}", self.0 / nanos);
            }
        }
        if self.0 == 0 {
            return write!(out, "0s");
        }
        write!(out, "{}s", self.as_secs_f64())
    }
}

/// Divides by a number that is fixed: a multiplication where the processor would take many times as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divider {
    by: u64,
    /// 2 to the power of 64, divided by it, or less.
    inverse: u64,
}

impl Divider {
    /// Divides by `by`, which is at least 1.
    pub fn new(by: u64) -> Self {
        let by = by.max(1);
        Self { by, inverse: u64::MAX / by }
    }

    /// What it divides by.
    pub fn by(self) -> u64 {
        self.by
    }

    /// `number` divided, rounded up.
    #[inline]
    pub fn div_ceil(self, number: u64) -> u64 {
        let mut quotient = ((u128::from(number) * u128::from(self.inverse)) >> 64) as u64;
        let mut left = number - quotient * self.by;
        // The inverse is rounded down, so that the quotient may be too small.
        while left >= self.by {
            quotient += 1;
            left -= self.by;
        }
        quotient + u64::from(left > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_divisor_gives_what_a_division_gives() {
        let numbers = [
            0,
            1,
            2,
            3,
            9,
            10,
            11,
            999_999_999,
            1_000_000_000,
            1_000_000_001,
            u64::MAX / 3,
            u64::MAX - 1,
            u64::MAX,
        ];
        for by in numbers.into_iter().filter(|by| *by > 0) {
            for number in numbers.into_iter().flat_map(|number| {
                [number, number.saturating_mul(by), ((number / by) * by).saturating_add(by / 2)]
            }) {
                assert_eq!(Divider::new(by).div_ceil(number), number.div_ceil(by), "{number} by {by}");
            }
        }
    }

    #[test]
    fn spans_print_the_way_people_write_them() {
        for (nanos, text) in
            [(240_000_000_000, "4m"), (65_000_000_000, "65s"), (25_000_000, "25ms"), (0, "0s"), (1, "1ns")]
        {
            assert_eq!(SimDuration::from_nanos(nanos).to_string(), text);
        }
    }

    #[test]
    fn seconds_round_to_the_nearest_nanosecond_and_never_wrap() {
        assert_eq!(SimDuration::from_secs_f64(0.1).nanos(), 100_000_000);
        assert_eq!(SimDuration::from_secs_f64(f64::INFINITY), SimDuration::LONGEST);
        assert_eq!(SimDuration::from_secs_f64(f64::NAN), SimDuration::ZERO);
        assert_eq!(SimTime::NEVER + SimDuration::from_secs(1), SimTime::NEVER);
    }
}
