//! JSON Schema of a price file.

use super::shapes::{count, list, number, table, text, words};
use crate::outbound::Charged;
use crate::scenario::prices::Per;
use serde_json::Value;

/// The schema, draft 2020-12.
pub fn price_file() -> Value {
    let things = Charged::ALL.map(|(name, _)| name);
    let per = Per::ALL.map(|(name, _)| name);
    let price = table(
        &[
            ("of", words(&things)),
            ("per", words(&per)),
            ("amount", number()),
            ("beyond", count(0)),
            ("source", text()),
            ("date", text()),
            ("confidence", text()),
            ("note", text()),
        ],
        &["of", "per", "amount", "source", "date"],
    );
    let mut root = table(
        &[
            ("$schema", text()),
            ("title", text()),
            ("currency", text()),
            ("region", text()),
            ("date", text()),
            ("gb_per_month", number()),
            ("price", list(price)),
        ],
        &["currency", "region", "date", "price"],
    );
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "snatsim prices".into();
    root
}
