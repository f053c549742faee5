//! `[[workload]]`, but for its arrivals and laws.

use super::arrivals::{arrivals, series};
use super::cluster::placement;
use super::shapes::{any, count, list, named, number, one_of, pair, table, text, words};
use crate::profile::Profile;
use crate::scenario::client_pool::CLIENTS;
use crate::scenario::presets::WORKLOADS;
use crate::scenario::syn::SYN_SCHEDULES;
use serde_json::{Value, json};

pub(super) fn workload() -> Value {
    let ends = ["fin", "rst", "abandoned", "half_open", "refused"].map(|end| (end, number()));
    let zipf = table(&[("exponent", number()), ("count", count(1))], &["exponent", "count"]);
    let schedules: Vec<&str> = SYN_SCHEDULES.iter().map(Profile::short_name).chain(["none"]).collect();
    let intervals = table(
        &[
            ("intervals", list(named("duration"))),
            ("grid", list(pair(named("duration"), named("duration")))),
            ("order", words(&["first-armed-first", "last-armed-first"])),
        ],
        &["intervals"],
    );
    let presets: Vec<&str> = WORKLOADS.iter().map(Profile::short_name).collect();
    let own = [
        ("name", text()),
        ("preset", words(&presets)),
        ("via", text()),
        ("way_out", text()),
        ("cache_hit_ratio", number()),
        ("destinations", json!({ "type": "object", "additionalProperties": number() })),
        ("destination_mix", one_of(&[("zipf", zipf)])),
        ("arrivals", arrivals()),
        ("rate_over_time", table(&series(number()), &["points"])),
        ("lifetime", named("law")),
        ("packets", table(&[("gap", named("law")), ("stop_after_packet", number())], &["gap"])),
        ("keepalive", named("duration")),
        ("ends", table(&ends, &[])),
        ("syn", any(&[words(&schedules), list(named("duration")), intervals])),
        ("connect_timeout", named("duration")),
        ("request_timeout", named("duration")),
        ("autoscale", autoscale()),
        ("client_pool", client_pool()),
        ("retry", retry()),
        ("ports_per_flow", count(1)),
    ];
    table(&[&own[..], &placement()].concat(), &[])
}

pub(super) fn client_pool() -> Value {
    let orders = words(&["lifo", "fifo"]);
    let presets: Vec<&str> = CLIENTS.iter().map(Profile::short_name).collect();
    let lifespan = table(&[("value", named("duration")), ("jitter", named("duration"))], &["value"]);
    let wait = table(&[("order", orders.clone()), ("timeout", named("duration"))], &[]);
    table(
        &[
            ("preset", words(&presets)),
            ("max", count(1)),
            ("streams", count(1)),
            ("max_idle", count(1)),
            ("idle_timeout", any(&[named("duration"), words(&["never"])])),
            ("max_lifetime", any(&[named("duration"), lifespan])),
            ("order", orders),
            ("wait", wait),
            ("retry_stale", json!({ "type": "boolean" })),
        ],
        &[],
    )
}

pub(super) fn retry() -> Value {
    let jitter = words(&["none", "full", "equal", "decorrelated"]);
    let backoff =
        table(&[("base", named("duration")), ("cap", named("duration")), ("jitter", jitter)], &["base"]);
    let budget = table(&[("ratio", number()), ("floor", named("rate"))], &["ratio"]);
    let attempts =
        table(&[("attempts", count(1)), ("backoff", backoff), ("budget", budget)], &["attempts", "backoff"]);
    let orbit = [("rate", named("rate")), ("first_persistence", number()), ("persistence", number())];
    any(&[attempts, table(&[("orbit", table(&orbit, &["rate"]))], &["orbit"])])
}

fn autoscale() -> Value {
    let times = ["every", "takes", "calm"].map(|name| (name, named("duration")));
    let keys = [("rate_per_pod", named("rate")), ("min", count(1)), ("max", count(1))];
    table(&[&keys[..], &times[..]].concat(), &["rate_per_pod", "max"])
}
