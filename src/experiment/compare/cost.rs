//! What an option costs a month by the user's prices, and what of it they do not say.

use crate::outbound::Charged;
use crate::scenario::{HOURS_PER_MONTH, Per, Price, Prices, Scenario};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Cost of an option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Currency of all amounts.
    pub currency: String,
    /// Region of the prices.
    pub region: String,
    /// When the prices were put together.
    pub date: String,
    /// Sum of what is counted, per month.
    pub counted: f64,
    /// What is counted.
    pub items: Vec<CostItem>,
    /// What is charged besides, and why it is not counted; empty where `counted` is all.
    pub not_counted: Vec<String>,
}

/// One thing that is charged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostItem {
    /// What, in the words of price files.
    pub of: String,
    /// How many are charged, or how many gigabytes a month.
    pub quantity: f64,
    /// `hour`, `month` or `GB`.
    pub per: String,
    /// Price of one.
    pub price: f64,
    /// Amount per month.
    pub monthly: f64,
    /// Where the price is from.
    pub source: String,
    /// As of when.
    pub date: String,
    /// How sure it is; null where the file does not say.
    pub confidence: Option<String>,
}

impl Cost {
    /// The cost per month, where everything that is charged is counted.
    pub fn whole(&self) -> Option<f64> {
        self.not_counted.is_empty().then_some(self.counted)
    }
}

/// The cost of the ways out of `scenario`.
pub fn cost(scenario: &Scenario, prices: &Prices) -> Cost {
    let Prices { currency, region, date, .. } = prices;
    let (bill, mut not_counted) = bill(scenario);
    let mut items = Vec::new();
    for (thing, count) in bill {
        if thing.is_charged_by_time() {
            match prices.prices.iter().find(|price| price.of == thing && price.per != Per::Gigabyte) {
                Some(price) => items.push(by_time(price, count)),
                None => not_counted.push(format!("{} (no price)", thing.name())),
            }
        }
        if thing.carries_data() {
            match by_data(prices, thing, scenario) {
                Ok(item) => items.push(item),
                Err(why) => not_counted.push(format!("data of {} ({why})", thing.name())),
            }
        }
    }
    let counted = items.iter().map(|item| item.monthly).sum();
    let (currency, region, date) = (currency.clone(), region.clone(), date.clone());
    Cost { currency, region, date, counted, items, not_counted }
}

/// Everything that is charged, and ways out of which that is not known.
fn bill(scenario: &Scenario) -> (BTreeMap<Charged, u64>, Vec<String>) {
    let Scenario { outbound, ways_out, cluster, .. } = scenario;
    let others = ways_out.iter().map(|way| (way.name.as_str(), &way.device));
    let (mut bill, mut unknown) = (BTreeMap::new(), Vec::new());
    for (name, device) in std::iter::once(("outbound", outbound)).chain(others) {
        match device.charged(cluster) {
            None => unknown.push(format!("{name} (a device of no platform)")),
            Some(charged) => charged.into_iter().for_each(|(thing, count)| {
                *bill.entry(thing).or_insert(0) += count;
            }),
        }
    }
    (bill, unknown)
}

fn by_time(price: &Price, count: u64) -> CostItem {
    let times = if price.per == Per::Hour { HOURS_PER_MONTH } else { 1.0 };
    item(price, count.saturating_sub(price.beyond) as f64, times)
}

/// The data that passes `thing`, or why it is not counted.
fn by_data(prices: &Prices, thing: Charged, scenario: &Scenario) -> Result<CostItem, &'static str> {
    let price = prices.prices.iter().find(|price| price.of == thing && price.per == Per::Gigabyte);
    match (price, prices.gb_per_month) {
        (None, _) => Err("no price"),
        (Some(_), None) => Err("a scenario has no bytes, and the price file no `gb_per_month`"),
        (Some(_), _) if !scenario.ways_out.is_empty() => Err("no file says how much passes which way out"),
        (Some(price), Some(gigabytes)) => Ok(item(price, (gigabytes - price.beyond as f64).max(0.0), 1.0)),
    }
}

fn item(price: &Price, quantity: f64, times: f64) -> CostItem {
    let Price { of, per, amount, beyond: _, source, date, confidence } = price;
    CostItem {
        of: of.name().into(),
        quantity,
        per: per.name().into(),
        price: *amount,
        monthly: quantity * amount * times,
        source: source.clone(),
        date: date.clone(),
        confidence: confidence.clone(),
    }
}
