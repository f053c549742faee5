//! Prices as a user states them: a file with currency, region and date, and one `[[price]]` a thing that is charged.
//!
//! The program has no price of its own.

use super::reader::{Origin, Reader, Table, count, number, tables};
use super::tree::parse;
use crate::error::Error;
use crate::outbound::Charged;

/// Hours of a month: those of a year by twelve.
pub const HOURS_PER_MONTH: f64 = 8_760.0 / 12.0;

/// Nothing costs so much an hour.
const MOST: f64 = 1e9;

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Each hour.
    Hour,
    /// Each month.
    Month,
    /// Each gigabyte that passes.
    Gigabyte,
}

impl Per {
    /// Every one with its name in files and results.
    pub const ALL: [(&'static str, Self); 3] =
        [("hour", Self::Hour), ("month", Self::Month), ("GB", Self::Gigabyte)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, per)| *per == self).map_or("", |(name, _)| name)
    }
}

/// The price of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// What is charged.
    pub of: Charged,
    /// For each hour, month or gigabyte.
    pub per: Per,
    /// Amount, in the file's currency.
    pub amount: f64,
    /// So many are free of it: they are in another price.
    pub beyond: u64,
    /// Where it is from.
    pub source: String,
    /// As of when.
    pub date: String,
    /// How sure it is, in the user's words.
    pub confidence: Option<String>,
}

/// A price file.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// Currency, such as `USD`.
    pub currency: String,
    /// Region that the prices hold for.
    pub region: String,
    /// When they were put together.
    pub date: String,
    /// Gigabytes a month of the traffic; a scenario has no bytes.
    pub gb_per_month: Option<f64>,
    /// Prices, in the order of the file.
    pub prices: Vec<Price>,
}

/// Reads a price file; `file` names it in errors.
pub fn read_prices(file: &str, text: &str) -> Result<Prices, Error> {
    let tree = parse(file, text)?;
    let reader = Reader::new(Origin { file, text, flags: file, trace: None });
    let root = reader.table(&tree, "the price file");
    let of_all = |key: &str, example: &str| needed(&root, key, example);
    let (currency, region, date) =
        (of_all("currency", "\"USD\""), of_all("region", "\"westeurope\""), of_all("date", "\"2026-08-01\""));
    let gb_per_month = root.number("gb_per_month", 0.0, MOST);
    root.text("title");
    root.text("$schema");
    let mut prices: Vec<Price> = Vec::new();
    root.need(
        "price",
        "[{ of = \"public-ip\", per = \"hour\", amount = 0.005, source = \"..\", date = \"..\" }]",
    );
    for node in tables(&reader, root.get("price"), "price") {
        let table = reader.table(node, "price");
        let price = price(&table);
        if let Some(price) = &price
            && prices.iter().any(|other| other.of == price.of && same_time(other.per, price.per))
        {
            let message = format!("a second price of `{}` for the same; leave one out", price.of.name());
            table.wrong(&node.span, message, None);
        }
        table.finish();
        prices.extend(price);
    }
    root.finish();
    reader.finish()?;
    let whole = currency.zip(region).zip(date);
    let ((currency, region), date) =
        whole.ok_or_else(|| Error::Defect("a price file without a problem could not be read".into()))?;
    Ok(Prices { currency, region, date, gb_per_month, prices })
}

/// An hour and a month are both time.
fn same_time(one: Per, other: Per) -> bool {
    (one == Per::Gigabyte) == (other == Per::Gigabyte)
}

fn needed(table: &Table<'_>, key: &str, example: &str) -> Option<String> {
    table.need(key, example)?;
    table.text(key).map(str::to_string)
}

fn price(table: &Table<'_>) -> Option<Price> {
    let of = table.need("of", "\"public-ip\"").and_then(|_| table.choice("of", &Charged::ALL));
    let per = table.need("per", "\"hour\"").and_then(|_| table.choice("per", &Per::ALL));
    let amount = table.need("amount", "0.005");
    let amount = amount.and_then(|node| number(table.reader, "amount", node, 0.0, MOST));
    let beyond =
        table.get("beyond").map_or(Some(0), |node| count(table.reader, "beyond", node, 0, 1_000_000));
    let source = needed(table, "source", "\"https://...\"");
    let date = needed(table, "date", "\"2026-08-01\"");
    let confidence = table.text("confidence").map(str::to_string);
    table.text("note");
    if let (Some(of), Some(Per::Gigabyte), Some(node)) = (of, per, table.get("per"))
        && !of.carries_data()
    {
        let message = format!("`per` is \"GB\", but nothing passes a `{}`", of.name());
        table.wrong(&node.span, message, Some("write \"hour\" or \"month\"".into()));
    }
    Some(Price {
        of: of?,
        per: per?,
        amount: amount?,
        beyond: beyond?,
        source: source?,
        date: date?,
        confidence,
    })
}
