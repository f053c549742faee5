//! `arrivals`, and values over time.

use super::shapes::{any, count, list, named, number, one_of, pair, table, text, words};
use crate::import::TraceFormat;
use serde_json::{Value, json};

pub(super) fn arrivals() -> Value {
    let geometric = table(&[("mean", number())], &["mean"]);
    let size = one_of(&[("constant", count(1)), ("geometric", geometric)]);
    let batch = [("rate", named("rate")), ("size", size), ("accept", words(&["partial", "whole"]))];
    let burst = [
        ("at", named("duration")),
        ("flows", count(1)),
        ("per_node", list(count(0))),
        ("spread", named("duration")),
    ];
    let mmpp = [("rates", list(named("rate"))), ("mean_stay", list(named("duration")))];
    let on_off = [("on", named("law")), ("off", named("law")), ("rate", named("rate"))];
    let sinusoid = [("mean", named("rate")), ("amplitude", named("rate")), ("period", named("duration"))];
    let herd = [("every", named("duration")), ("clients", count(1)), ("jitter", named("duration"))];
    let [whole, per_pod] = ["rate", "rate_per_pod"].map(|key| table(&[(key, named("rate"))], &[key]));
    let closed = [("clients", count(1)), ("clients_per_pod", count(1)), ("think", named("law"))];
    let trace = [
        ("files", list(text())),
        ("format", words(&TraceFormat::ALL.map(TraceFormat::name))),
        ("inside", list(text())),
        ("faster", number()),
        ("loop", json!({ "type": "boolean" })),
        ("users", count(1)),
    ];
    one_of(&[
        ("poisson", any(&[whole, per_pod])),
        ("mmpp", table(&mmpp, &["rates", "mean_stay"])),
        ("on_off", table(&on_off, &["on", "off", "rate"])),
        ("sinusoid", table(&sinusoid, &["mean", "amplitude", "period"])),
        ("piecewise", table(&series(named("rate")), &["points"])),
        ("even", table(&[("rate", named("rate")), ("first", named("duration"))], &["rate"])),
        ("renewal", table(&[("gap", named("law"))], &["gap"])),
        ("burst", table(&burst, &[])),
        ("herd", table(&herd, &["every", "clients"])),
        ("batch", table(&batch, &["rate", "size"])),
        ("closed", table(&closed, &["think"])),
        ("trace", table(&trace, &["files"])),
    ])
}

/// A value over time.
pub(super) fn series(value: Value) -> [(&'static str, Value); 3] {
    let points = list(pair(named("duration"), value.clone()));
    [("points", points), ("before", value), ("between", words(&["steps", "linear"]))]
}
