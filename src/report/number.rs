//! Numbers as people read them.

/// Four significant digits, without trailing zeros; thousands apart.
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { value.to_string() };
    }
    let magnitude = value.abs().log10().floor() as i32;
    if (3..=12).contains(&magnitude) {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(value.abs().round() as u64));
    }
    if !(-5..=12).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.*}", (3 - magnitude).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// A count with its thousands apart: `1,234,567`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 window`, `2 windows`, `1,000 windows`.
pub fn counted(value: u64, what: &str) -> String {
    format!("{} {what}{}", count(value), if value == 1 { "" } else { "s" })
}

/// A time in its natural unit: `90 s`, `5 min`, `2 h`, `250 ms`.
pub fn span(seconds: f64) -> String {
    let units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")];
    let whole = |unit: f64| seconds >= unit && (seconds / unit).fract().abs() < 1e-9;
    match units.into_iter().find(|(unit, _)| whole(*unit)) {
        Some((unit, name)) => format!("{} {name}", number(seconds / unit)),
        None if seconds >= 1.0 || seconds == 0.0 => format!("{} s", number(seconds)),
        None => format!("{} ms", number(seconds * 1e3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits_and_no_empty_ones() {
        let cases = [
            (0.0, "0"),
            (12.0, "12"),
            (0.28933, "0.2893"),
            (1021.56, "1,022"),
            (1e-9, "1.000e-9"),
            (68_404_115.4, "68,404,115"),
            (9520.4, "9,520"),
            (-3.5, "-3.5"),
            (-0.0, "0"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!(percent(0.0007495), "0.07495 %");
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")];
        for (value, text) in cases {
            assert_eq!(count(value), text);
        }
        assert_eq!(counted(1, "flow"), "1 flow");
    }

    #[test]
    fn times_come_in_their_natural_unit() {
        let cases = [
            (0.0, "0 s"),
            (0.25, "250 ms"),
            (90.0, "90 s"),
            (300.0, "5 min"),
            (7200.0, "2 h"),
            (61.5, "61.5 s"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
    }
}
