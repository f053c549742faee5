//! Quantities as people write them: a number and its unit.

use crate::time::SimDuration;

/// Reads `65s`, `4m`, `1.5h`, `250ms`, `10us`, `20ns`, `1d`.
pub fn duration(text: &str) -> Result<SimDuration, String> {
    let (number, unit) = split(text);
    let scale = match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "" => {
            return Err(format!(
                "is \"{text}\", which has no unit; write ms, s, m (minutes), h or d, such as \"{text}s\""
            ));
        }
        unit => {
            return Err(format!("is \"{text}\", and \"{unit}\" is no unit of time; write ms, s, m, h or d"));
        }
    };
    let seconds = positive(text, number)? * scale;
    if seconds > SimDuration::LONGEST.as_secs_f64() {
        return Err(format!(
            "is \"{text}\", which is longer than the longest time of {}",
            SimDuration::LONGEST
        ));
    }
    Ok(SimDuration::from_secs_f64(seconds))
}

/// Reads `40 per s`, `3 per min`, `100 per h`, `1 per d`, as times per second.
pub fn rate(text: &str) -> Result<f64, String> {
    let Some((number, unit)) = text.split_once("per") else {
        return Err(format!("is \"{text}\", which is no rate; write \"{} per s\"", split(text).0));
    };
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3_600.0,
        "d" | "day" => 86_400.0,
        unit => {
            return Err(format!("is \"{text}\", and \"{unit}\" is no unit of time; write s, min, h or d"));
        }
    };
    Ok(positive(text, number.trim())? / seconds)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let unit =
        text.find(|letter: char| !(letter.is_ascii_digit() || "+-._".contains(letter))).unwrap_or(text.len());
    (text[..unit].trim(), text[unit..].trim())
}

fn positive(text: &str, number: &str) -> Result<f64, String> {
    match number.replace('_', "").parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        Ok(value) if value < 0.0 => {
            Err(format!("is \"{text}\", which is negative; write a number of 0 or more"))
        }
        _ => Err(format!(
            "is \"{text}\", which does not start with a number; write such as \"30s\" or \"40 per s\""
        )),
    }
}

/// So many of something: `1 node`, `52 nodes`.
pub fn counted(number: u32, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_read_as_people_write_them() {
        for (text, nanos) in [
            ("65s", 65_000_000_000),
            ("4m", 240_000_000_000),
            ("25ms", 25_000_000),
            ("1.5 h", 5_400_000_000_000),
        ] {
            assert_eq!(duration(text).unwrap().nanos(), nanos, "{text}");
        }
        assert_eq!(rate("40 per s").unwrap(), 40.0);
        assert_eq!(rate("6 per min").unwrap(), 0.1);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        assert_eq!(
            duration("4").unwrap_err(),
            "is \"4\", which has no unit; write ms, s, m (minutes), h or d, such as \"4s\""
        );
        for bad in ["-4s", "inf s", "NaN", "4 parsecs", "", "999999999d", "s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        for bad in ["40", "40 per", "x per s", "-1 per s", "1 per fortnight"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
