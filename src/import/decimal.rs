//! Seconds as decimal text, to whole microseconds and back: rounded half to even, without going through binary fractions.

use std::cmp::Ordering;

/// About 285 years: any two such starts are fewer nanoseconds apart than [`crate::time::SimTime`] can count.
const MOST_MICROS: i64 = 9_000_000_000_000_000;

/// Reads `1258534152.488884`, `9.5e-05`, `-1.5`.
pub fn micros(text: &str) -> Result<i64, String> {
    match plain(text.as_bytes()) {
        Some(value) => Ok(value),
        None => any(text),
    }
}

/// Microseconds as seconds with six decimals, which [`micros`] reads as the same.
pub fn seconds(micros: i64) -> String {
    let (sign, size) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}

/// Up to fifteen digits, up to six of them behind a point: nearly all that is met, in one pass and without rounding.
fn plain(text: &[u8]) -> Option<i64> {
    let (mut value, mut digits, mut behind) = (0i64, 0, None::<u32>);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + i64::from(byte - b'0');
                digits += 1;
                behind = behind.map(|behind| behind + 1);
            }
            b'.' if behind.is_none() => behind = Some(0),
            _ => return None,
        }
        if digits > 15 {
            return None;
        }
    }
    let missing = 6u32.checked_sub(behind.unwrap_or(0))?;
    let value = value.checked_mul(10i64.pow(missing))?;
    (digits > 0 && value <= MOST_MICROS).then_some(value)
}

fn any(text: &str) -> Result<i64, String> {
    let shown = || text.chars().take(40).collect::<String>();
    let bad = || format!("\"{}\" is no number of seconds", shown());
    let too_far = || format!("\"{}\" is more than {} s from 0", shown(), MOST_MICROS / 1_000_000);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| bad())?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    let count = whole.len() + fraction.len();
    if count == 0 || count > 60 || exponent.abs() > 60 || !digits().all(|digit| digit.is_ascii_digit()) {
        return Err(bad());
    }
    let point = whole.len() as i64 + i64::from(exponent) + 6;
    let value = round_at(digits(), point).filter(|value| *value <= MOST_MICROS).ok_or_else(too_far)?;
    Ok(if negative { -value } else { value })
}

/// The digits with the decimal point after `point` of them, rounded half to even.
fn round_at(mut digits: impl Iterator<Item = u8>, point: i64) -> Option<i64> {
    let mut value: i64 = 0;
    for _ in 0..point {
        let digit = digits.next().unwrap_or(b'0') - b'0';
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    if point < 0 {
        return Some(0);
    }
    let up = match digits.next().unwrap_or(b'0').cmp(&b'5') {
        Ordering::Less => false,
        Ordering::Equal => value % 2 == 1 || digits.any(|digit| digit != b'0'),
        Ordering::Greater => true,
    };
    value.checked_add(i64::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_whole_microseconds_half_to_even() {
        for (text, expected) in [
            ("1258534152.488884", 1_258_534_152_488_884),
            ("0.0000005", 0),
            ("0.0000015", 2),
            ("0.00000050000000000001", 1),
            ("9.5e-05", 95),
            ("1e2", 100_000_000),
            ("-1.5", -1_500_000),
            ("5e-9", 0),
            ("3", 3_000_000),
        ] {
            assert_eq!(micros(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_short_way_reads_what_the_long_one_does() {
        for text in [
            "0",
            "7.",
            ".5",
            "0.000001",
            "1258534152.488884",
            "000123.45",
            "999999999999999",
            "9000000000.0",
            "9000000000.000001",
            "1234567890123456",
            "1.2.3",
            ".",
            "",
        ] {
            assert_eq!(micros(text), any(text), "{text}");
        }
        let mut draws = crate::random::Stream::new(1, 0, crate::random::Purpose::Shape, 0);
        for _ in 0..10_000 {
            let text: String =
                (0..draws.below(18)).map(|_| b"0123456789.-e"[draws.below(13) as usize] as char).collect();
            assert_eq!(micros(&text), any(&text), "{text}");
        }
    }

    #[test]
    fn times_that_a_replay_cannot_tell_apart_are_refused() {
        assert_eq!(micros("-9000000000"), Ok(-MOST_MICROS));
        for far in ["9000000000.000001", "-9000000000.000001", "1e40"] {
            assert!(micros(far).is_err_and(|why| why.contains("from 0")), "{far}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bad in ["", "-", ".", "1.2.3", "NaN", "inf", "1e", "99999999999999999999", "0x10"] {
            assert!(micros(bad).is_err(), "{bad}");
        }
    }
}
