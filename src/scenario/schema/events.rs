//! `[[event]]`.

use super::cluster::surge;
use super::devices::device;
use super::shapes::{count, named, number, table, text};
use serde_json::Value;

pub(super) fn event() -> Value {
    let pool = || ("node_pool", text());
    let time = |name: &'static str| (name, named("duration"));
    let mut changed = device();
    changed.retain(|(key, _)| *key != "model");
    let lose = [pool(), ("nodes", count(1)), ("zone", count(1)), time("noticed_after"), time("back_after")];
    let lasting = |more| table(&[("destination", text()), more, time("lasts")], &["lasts"]);
    table(
        &[
            time("at"),
            ("name", text()),
            time("drain"),
            ("scale", table(&[pool(), ("nodes", count(1))], &["nodes"])),
            ("upgrade", table(&[pool(), ("surge", surge()), time("round")], &[])),
            ("lose", table(&lose, &[])),
            ("pods", table(&[("workload", text()), ("pods", count(1))], &["pods"])),
            ("outbound", table(&changed, &[])),
            ("slow", lasting(("factor", number()))),
            ("refuse", lasting(("share", number()))),
        ],
        &["at"],
    )
}
