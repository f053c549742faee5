//! Values that can be put in order: numbers, times and rates.

use crate::scenario::units;
use serde_json::Value;
use std::cmp::Ordering;

/// What is compared: only like with like.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Quantity {
    Number(f64),
    Seconds(f64),
    PerSecond(f64),
}

impl Quantity {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches('"');
        let number = text.replace('_', "").parse::<f64>().ok().filter(|number| number.is_finite());
        let span = || units::duration(text).ok().map(|span| Self::Seconds(span.as_secs_f64()));
        let rate = || units::rate(text).ok().map(Self::PerSecond);
        number.map(Self::Number).or_else(span).or_else(rate)
    }

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::String(text) => Self::read(text),
            _ => None,
        }
    }

    /// None where they are of different kinds.
    fn against(self, other: Self) -> Option<Ordering> {
        match std::mem::discriminant(&self) == std::mem::discriminant(&other) {
            true => self.partial_cmp(&other),
            false => None,
        }
    }
}

/// How two quantities of one kind compare.
pub fn order(one: &str, other: &str) -> Option<Ordering> {
    Quantity::read(one)?.against(Quantity::read(other)?)
}

/// Drops choices that lie between others, or between one and the base. Nothing is dropped where not all are quantities of one kind.
pub fn keep_the_ends<K>(choices: &mut Vec<Vec<(K, Value)>>, base: Option<&Value>) {
    let read = |choice: &Vec<(K, Value)>| match choice.as_slice() {
        [(_, value)] => Quantity::of(value),
        _ => None,
    };
    let Some(base) = base.and_then(Quantity::of) else { return };
    let Some(all) = choices.iter().map(read).collect::<Option<Vec<Quantity>>>() else { return };
    if all.iter().any(|each| each.against(base).is_none()) {
        return;
    }
    let smaller = |one: &&Quantity, other: &&Quantity| one.partial_cmp(other).unwrap_or(Ordering::Equal);
    let ends = [
        all.iter().min_by(smaller).filter(|least| **least < base),
        all.iter().max_by(smaller).filter(|most| **most > base),
    ];
    let mut kept = all.iter().map(|each| ends.contains(&Some(each)));
    choices.retain(|_| kept.next().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(base: &str, tries: &[&str]) -> Vec<String> {
        let mut choices: Vec<Vec<((), Value)>> =
            tries.iter().map(|text| vec![((), Value::from(*text))]).collect();
        keep_the_ends(&mut choices, Some(&Value::from(base)));
        choices.iter().map(|choice| choice[0].1.as_str().unwrap().to_string()).collect()
    }

    #[test]
    fn of_quantities_the_ends_of_the_range_are_kept() {
        assert_eq!(kept("240s", &["0s", "60s", "120s"]), ["0s"]);
        assert_eq!(kept("30s", &["60s", "4m", "0s"]), ["4m", "0s"]);
        assert_eq!(kept("1 per s", &["30 per min", "0.1 per s", "10 per s"]), ["0.1 per s", "10 per s"]);
        assert_eq!(kept("random", &["highest", "lowest"]), ["highest", "lowest"]);
        assert_eq!(kept("30s", &["never", "60s", "90s"]), ["never", "60s", "90s"]);
    }

    #[test]
    fn only_like_is_compared_with_like() {
        assert_eq!(order("4m", "300s"), Some(Ordering::Less));
        assert_eq!((order("4m", "300"), order("a", "b")), (None, None));
    }
}
