//! Sentences about the options of a comparison that every format shares.

use super::number::{count, number};
use crate::experiment::compare::{
    AllowList, ComparedOption, ComparisonResults, Cost, EliminatedOption, Migration, MigrationEffort,
    PairedDifference, Selection,
};

/// Some of the options of a comparison: `options 0 and 2`, `all options`.
pub fn of_options(numbers: &[usize], all: usize) -> String {
    let named = numbers.iter().map(usize::to_string).collect::<Vec<_>>();
    match (named.as_slice(), numbers.len() == all && all > 1) {
        (_, true) => "all options".into(),
        ([only], _) => format!("option {only}"),
        ([others @ .., last], _) => format!("options {} and {last}", others.join(", ")),
        ([], _) => "no option".into(),
    }
}

/// What partners must let in: `3 addresses`, `a /30 prefix, 4 addresses`.
pub fn allow_list(list: &AllowList) -> String {
    let addresses = match list.addresses {
        1 => "1 address".into(),
        all => format!("{} addresses", count(all)),
    };
    match list.prefix_length {
        Some(length) => format!("a /{length} prefix, {addresses}"),
        None => addresses,
    }
}

/// How much a change is: `in place, drops connections`.
pub fn effort(migration: &Option<Migration>) -> &'static str {
    match migration.as_ref().map(|migration| migration.effort) {
        Some(MigrationEffort::None) => "none",
        Some(MigrationEffort::KeepsConnections) => "in place, keeps connections",
        Some(MigrationEffort::DropsConnections) => "in place, drops connections",
        Some(MigrationEffort::NewCluster) => "new cluster",
        Some(MigrationEffort::Unknown) | None => "not known",
    }
}

/// Why a change is that much; nothing where it is not known.
pub fn reason(migration: &Option<Migration>) -> &str {
    migration.as_ref().map_or("", |migration| &migration.reason)
}

/// What an option costs a month, and what that leaves out; nothing where no prices were given.
pub fn cost(option: &ComparedOption) -> Option<String> {
    let Cost { currency, counted, items, not_counted, .. } = option.cost.as_ref()?;
    let amount = format!("{currency} {counted:.2} a month");
    let missing = not_counted.join("; ");
    Some(match (not_counted.is_empty(), items.is_empty()) {
        (true, _) => amount,
        (false, true) => format!("cost not known; not counted: {missing}"),
        (false, false) => format!("at least {amount}; not counted: {missing}"),
    })
}

/// The same in a narrow column.
pub fn short_cost(option: &ComparedOption) -> String {
    match &option.cost {
        None => "no prices given".into(),
        Some(cost) if cost.not_counted.is_empty() => format!("{} {:.2}", cost.currency, cost.counted),
        Some(cost) if cost.items.is_empty() => "not known".into(),
        Some(cost) => format!("at least {} {:.2} (in part)", cost.currency, cost.counted),
    }
}

/// How far the worse end of an option's interval is from the limit that decides.
pub fn distance(comparison: &ComparisonResults, option: usize) -> String {
    let margin = comparison.margin.as_ref();
    match margin.and_then(|margin| Some((margin.threshold.as_ref()?, margin.distances.get(option)?))) {
        None => "no threshold".into(),
        Some((threshold, distance)) => in_its_unit(threshold, *distance),
    }
}

/// A distance from a limit in the unit of its metric.
fn in_its_unit(threshold: &str, distance: f64) -> String {
    match threshold.starts_with("connect_delay_s") {
        true => format!("{} s", number(distance)),
        false => format!("{} points", number(distance * 100.0)),
    }
}

/// How clearly the recommended option is the one to take.
pub fn margin(comparison: &ComparisonResults) -> Option<String> {
    let margin = comparison.margin.as_ref()?;
    let own = |option: usize| match &margin.threshold {
        None => None,
        Some(threshold) => {
            let distance = *margin.distances.get(option)?;
            let side = if distance < 0.0 { "on the wrong side of" } else { "within" };
            let shown = in_its_unit(threshold, distance.abs());
            Some(format!("the interval of option {option} ends {shown} {side} the limit of {threshold}"))
        }
    };
    let next = margin.runner_up.and_then(own);
    let paired = margin.difference.as_ref().map(|pair| {
        format!("option {} minus option {} of {}: {}", pair.second, pair.first, pair.metric, difference(pair))
    });
    let all: Vec<String> = own(margin.option).into_iter().chain(next).chain(paired).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// A paired difference with its interval.
pub fn difference(pair: &PairedDifference) -> String {
    let points = |share: f64| number(share * 100.0);
    let interval = match (pair.low, pair.high) {
        (Some(low), Some(high)) => format!(" [{}, {}]", points(low), points(high)),
        _ => " (one replication: no interval)".to_string(),
    };
    format!("{} percentage points{interval}", points(pair.difference))
}

/// How the best option was selected, and how each other one went.
pub fn selection(comparison: &ComparisonResults) -> Vec<String> {
    let Some(selection) = &comparison.selection else { return Vec::new() };
    let Selection { metric, indifference, confidence, first_stage, left, replications, decided, .. } =
        selection;
    let unseen = left.iter().filter_map(|option| comparison.options.get(*option));
    let unseen = unseen.filter(|option| option.results.failure_ratio.estimate.is_none()).count();
    let unseen = (unseen > 0).then(|| {
        "in options that are left nothing failed, so their replications show no spread and the confidence is that of what was seen".into()
    });
    let left = of_options(left, comparison.options.len());
    let found = if *decided { "selected" } else { "not decided" };
    let head = format!(
        "by the mean {metric} of replications, {first_stage} of each option and then one by one, with an indifference zone of \
         {indifference}, at {} % confidence (Kim and Nelson): {found} after {replications} replications; left: {left}",
        number(confidence * 100.0)
    );
    let gone = selection.eliminated.iter().map(|each| {
        let EliminatedOption { option, after, by, difference, needed } = each;
        format!(
            "option {option} was eliminated after {after} replications: {} points worse than option {by}, where {} were enough",
            number(difference * 100.0),
            number(needed * 100.0)
        )
    });
    std::iter::once(head).chain(unseen).chain(gone).collect()
}
