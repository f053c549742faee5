//! The values of a varied key: a list, ranges of quantities, or both.

use super::MOST_CELLS;

/// Digits of a number in a range.
const MOST_DIGITS: usize = 15;

/// Reads `1,2,5`, `1..8`, `64..1024:64`, `2m..10m:2m`, or a mixture.
pub fn parse(text: &str) -> Result<Vec<String>, String> {
    let mut values: Vec<String> = Vec::new();
    for item in items(text)? {
        match item.trim() {
            "" => return Err("a value is empty; write such as 1,2,3".into()),
            item if has_dots(item) => values.extend(range(item)?),
            item => values.push(item.into()),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    match values.iter().find(|value| !seen.insert(value.as_str())) {
        Some(twice) => Err(format!("the value {twice} stands twice")),
        None => Ok(values),
    }
}

/// Parts between commas, those within brackets and quotes aside.
pub fn items(text: &str) -> Result<Vec<String>, String> {
    let mut items = vec![String::new()];
    let mut open: Vec<char> = Vec::new();
    let mut quoted = None;
    for letter in text.chars() {
        match (quoted, letter) {
            (Some(quote), _) if quote == letter => quoted = None,
            (None, '"' | '\'') => quoted = Some(letter),
            (None, '[' | '{') => open.push(letter),
            (None, ']' | '}') => drop(open.pop()),
            (None, ',') if open.is_empty() => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(letter);
        }
    }
    match (open.last(), quoted) {
        (Some(bracket), _) => Err(format!("\"{text}\" lacks the other half of `{bracket}`")),
        (_, Some(quote)) => Err(format!("\"{text}\" lacks the other {quote}")),
        _ => Ok(items),
    }
}

/// Whether two dots stand outside of brackets and quotes.
fn has_dots(item: &str) -> bool {
    !item.starts_with(['"', '\'', '[', '{']) && item.contains("..")
}

/// A decimal number and its unit.
#[derive(Debug, Clone, Copy)]
struct Quantity<'a> {
    digits: i128,
    places: u32,
    unit: &'a str,
}

impl<'a> Quantity<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|letter: char| !(letter.is_ascii_digit() || "+-.".contains(letter)))
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        let fits =
            (1..=MOST_DIGITS).contains(&digits.len()) && whole.ends_with(|end: char| end.is_ascii_digit());
        let digits = digits.parse().ok().filter(|_| fits)?;
        Some(Self { digits, places: fraction.len() as u32, unit: unit.trim() })
    }

    /// Counted in units of the last of so many decimal places.
    fn scaled(&self, places: u32) -> i128 {
        self.digits * 10_i128.pow(places - self.places)
    }
}

/// Reads `from..to` or `from..to:step`, all in one unit; whole numbers go by 1.
fn range(item: &str) -> Result<Vec<String>, String> {
    let wrong = |why: &str| format!("\"{item}\" {why}; write such as 1..8, 64..1024:64 or 2m..10m:2m");
    let (from, rest) = item.split_once("..").ok_or_else(|| wrong("is no range"))?;
    let (to, step) = rest.split_once(':').map_or((rest, None), |(to, step)| (to, Some(step)));
    let none = || wrong("is no range of numbers");
    let from = Quantity::read(from).ok_or_else(none)?;
    let to = Quantity::read(to).ok_or_else(none)?;
    let step = match step {
        Some(step) => Quantity::read(step).ok_or_else(none)?,
        None if from.unit.is_empty() && from.places == 0 && to.places == 0 => {
            Quantity { digits: 1, places: 0, unit: "" }
        }
        None => return Err(wrong("has no step")),
    };
    if from.unit != to.unit || from.unit != step.unit {
        return Err(wrong("has several units"));
    }
    let places = from.places.max(to.places).max(step.places);
    let [first, last, stride] = [from, to, step].map(|quantity| quantity.scaled(places));
    match (stride, last - first) {
        (..=0, _) => Err(wrong("has a step that is not above 0")),
        (_, ..=-1) => Err(wrong("runs from more to less")),
        (_, span) if span / stride >= i128::from(MOST_CELLS) => Err(format!(
            "\"{item}\" has {} values; a sweep has {MOST_CELLS} cells at most",
            span / stride + 1
        )),
        (_, span) => {
            let at = |number: i128| written(first + number * stride, places, item, from.unit);
            Ok((0..=span / stride).map(at).collect())
        }
    }
}

/// A quantity as people write it, `10 per s` with the space that stands in `like`.
fn written(scaled: i128, places: u32, like: &str, unit: &str) -> String {
    let one = 10_i128.pow(places);
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, fraction) = (scaled.abs() / one, scaled.abs() % one);
    let fraction = format!("{fraction:0width$}", width = places as usize);
    let fraction = if places == 0 { "" } else { fraction.trim_end_matches('0') };
    let point = if fraction.is_empty() { "" } else { "." };
    let space = if !unit.is_empty() && like.contains(&format!(" {unit}")) { " " } else { "" };
    format!("{sign}{whole}{point}{fraction}{space}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_spelled_out() {
        for (text, values) in [
            ("1,2,5", &["1", "2", "5"][..]),
            ("azure/load-balancer, azure/nat-gateway", &["azure/load-balancer", "azure/nat-gateway"]),
            ("1..4", &["1", "2", "3", "4"]),
            ("64..200:64", &["64", "128", "192"]),
            ("2m..6m:2m,1h", &["2m", "4m", "6m", "1h"]),
            ("0.5..1:0.25", &["0.5", "0.75", "1"]),
            ("10 per s..30 per s:10 per s", &["10 per s", "20 per s", "30 per s"]),
            ("[1, 2],[3..4]", &["[1, 2]", "[3..4]"]),
            ("\"a,b\",{x = 1, y = 2}", &["\"a,b\"", "{x = 1, y = 2}"]),
            ("7", &["7"]),
            ("7..7", &["7"]),
            ("-2..0", &["-2", "-1", "0"]),
        ] {
            assert_eq!(parse(text).unwrap(), values, "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused_with_what_to_write() {
        for (text, why) in [
            ("", "a value is empty"),
            ("1,,2", "a value is empty"),
            ("1,2,1", "the value 1 stands twice"),
            ("1..3,2", "the value 2 stands twice"),
            ("5..1", "runs from more to less"),
            ("1..5:0", "a step that is not above 0"),
            ("1..5:-1", "a step that is not above 0"),
            ("1..", "is no range of numbers"),
            ("..", "is no range of numbers"),
            ("1..2..3", "is no range of numbers"),
            ("a..b", "is no range of numbers"),
            ("4m..10m", "has no step"),
            ("4m..10m:1", "has several units"),
            ("1s..10m:1m", "has several units"),
            ("0.5..2", "has no step"),
            ("1..1000000000", "has 1000000000 values"),
            ("0..999999999999999:1", "has 1000000000000000 values"),
            ("1..9999999999999999", "is no range of numbers"),
            ("1..--5", "is no range of numbers"),
            ("[1,2", "lacks the other half of `[`"),
            ("\"a", "lacks the other \""),
        ] {
            let found = parse(text).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
