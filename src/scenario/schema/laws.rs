//! Laws of times.

use super::shapes::{any, count, list, named, number, one_of, pair, table, text};
use serde_json::Value;

/// A bare time is a constant law.
pub(super) fn law() -> Value {
    let (time, mean) = (named("duration"), ("mean", named("duration")));
    let branch = weighted(time.clone());
    let pareto = table(&[mean.clone(), ("alpha", number()), ("max", time.clone())], &["mean", "alpha"]);
    let laws = one_of(&[
        ("constant", table(&[("value", time.clone())], &["value"])),
        ("exponential", table(std::slice::from_ref(&mean), &["mean"])),
        ("lognormal", table(&[mean.clone(), ("cv2", number())], &["mean", "cv2"])),
        ("pareto", pareto),
        (
            "hyperexponential",
            table(&[mean.clone(), ("cv2", number()), ("branches", list(branch.clone()))], &[]),
        ),
        ("erlang", table(&[mean.clone(), ("stages", count(1))], &["mean", "stages"])),
        ("weibull", table(&[mean.clone(), ("shape", number())], &["mean", "shape"])),
        ("two_point", table(&[("branches", list(branch.clone()))], &["branches"])),
        ("mixture", table(&[("branches", list(weighted(named("law"))))], &["branches"])),
        ("empirical", table(&[("values", list(time.clone())), ("file", text())], &[])),
    ]);
    any(&[time, laws])
}

/// A weight and what it weighs.
pub(super) fn weighted(value: Value) -> Value {
    pair(number(), value)
}
