//! Keys varied from the command line: `--vary public_ips=1..8 --vary idle_timeout=4m,10m`.
//!
//! The cells of a grid are all combinations, numbered from 0; the last key varies fastest.

mod cell;
mod values;

pub use cell::{given, read_cell};
pub(super) use values::items;

use super::overrides::{self, Override};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// More cells than this are a slip: no chart shows them, and every one is checked before the first is run.
pub const MOST_CELLS: u64 = 10_000;

/// A key and the values that it takes in turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VariedKey {
    /// The key, as for `--set`.
    pub key: String,
    /// Its values, as for `--set`, in the order asked for.
    pub values: Vec<String>,
}

/// All combinations of the values of some keys; never empty, and no more than [`MOST_CELLS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    keys: Vec<VariedKey>,
}

/// Reads `public_ips=1..8` or `idle_timeout=4m,10m`.
pub fn parse_varied(text: &str) -> Result<VariedKey, String> {
    match text.split_once('=') {
        Some((key, values)) if !key.trim().is_empty() => {
            let key = key.trim();
            let values = values::parse(values).map_err(|why| format!("`{key}`: {why}"))?;
            Ok(VariedKey { key: key.into(), values })
        }
        _ => Err("write KEY=a,b,c or KEY=from..to:step, such as public_ips=1..8".into()),
    }
}

impl Grid {
    /// The grid of `keys`, unless one of them stands twice, among them or in `set`, or there are too many cells.
    pub fn new(keys: Vec<VariedKey>, set: &[Override]) -> Result<Self, String> {
        let full: Vec<&str> = keys.iter().map(|varied| overrides::full_name(&varied.key)).collect();
        for (position, key) in full.iter().enumerate() {
            let within = |other: &&&str| {
                *other == key
                    || other.starts_with(&format!("{key}."))
                    || key.starts_with(&format!("{other}."))
            };
            if let Some(other) = full[position + 1..].iter().find(within) {
                return Err(match *other == *key {
                    true => format!("`{key}` is varied twice; write all its values in one `--vary`"),
                    false => format!("`{key}` and `{other}` are varied, and one holds the other"),
                });
            }
            if set.iter().any(|(other, _)| overrides::full_name(other) == *key) {
                return Err(format!("`{key}` is both set and varied; leave one of them out"));
            }
        }
        let cells = keys.iter().map(|varied| varied.values.len() as u64);
        let cells = cells.fold(1, u64::saturating_mul);
        match cells {
            0..=MOST_CELLS if !keys.is_empty() => Ok(Self { keys }),
            0..=MOST_CELLS => Err("nothing is varied; write such as `--vary public_ips=1..8`".into()),
            _ => {
                let sizes: Vec<String> = keys.iter().map(|varied| varied.values.len().to_string()).collect();
                let sizes = sizes.join(" x ");
                Err(format!(
                    "{sizes} values are more than the {MOST_CELLS} cells of one sweep; take larger steps"
                ))
            }
        }
    }

    /// The varied keys, in the order asked for.
    pub fn keys(&self) -> &[VariedKey] {
        &self.keys
    }

    /// Cells.
    pub fn cells(&self) -> usize {
        self.keys.iter().map(|varied| varied.values.len()).product()
    }

    /// The value of every key in a cell.
    pub fn settings(&self, cell: usize) -> Vec<Override> {
        let mut rest = cell;
        let value = |varied: &VariedKey| {
            let values = &varied.values;
            let position = rest % values.len();
            rest /= values.len();
            (varied.key.clone(), values[position].clone())
        };
        let mut settings: Vec<Override> = self.keys.iter().rev().map(value).collect();
        settings.reverse();
        settings
    }

    /// A cell in words: `cell 3 of 8 (public_ips=1, idle_timeout=10m)`, counted from 1.
    pub fn named(&self, cell: usize) -> String {
        let settings = self.settings(cell);
        let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("cell {} of {} ({})", cell + 1, self.cells(), settings.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(varied: &[&str], set: &[&str]) -> Result<Grid, String> {
        let keys = varied.iter().map(|text| parse_varied(text)).collect::<Result<Vec<_>, _>>()?;
        let set: Vec<Override> = set.iter().map(|key| (key.to_string(), "1".into())).collect();
        Grid::new(keys, &set)
    }

    #[test]
    fn the_last_key_varies_fastest() {
        let grid = grid(&["a=1,2", "b=x,y,z"], &[]).unwrap();
        let cells: Vec<String> = (0..grid.cells())
            .map(|cell| grid.settings(cell).iter().map(|(_, value)| value.as_str()).collect())
            .collect();
        assert_eq!(cells, ["1x", "1y", "1z", "2x", "2y", "2z"]);
        assert_eq!(grid.named(4), "cell 5 of 6 (a=2, b=y)");
    }

    #[test]
    fn a_key_stands_once() {
        let refused = |varied: &[&str], set: &[&str]| grid(varied, set).unwrap_err();
        let twice = refused(&["public_ips=1,2", "outbound.public_ips=3"], &[]);
        assert_eq!(twice, "`outbound.public_ips` is varied twice; write all its values in one `--vary`");
        assert!(refused(&["outbound={a=1}", "public_ips=1"], &[]).contains("one holds the other"));
        assert!(
            refused(&["public_ips=1", "run={seed=1}", "run.seed=2"], &[]).contains("one holds the other")
        );
        assert!(refused(&["replications=1,2"], &["run.replications"]).contains("both set and varied"));
        assert!(grid(&["outbound.ports=1", "outbound.ports_per_ip=2"], &["run"]).is_ok());
    }

    #[test]
    fn a_grid_is_neither_empty_nor_endless() {
        assert!(grid(&[], &[]).unwrap_err().starts_with("nothing is varied"));
        let thousand = "b=1..1000";
        assert_eq!(grid(&["a=1..10", thousand], &[]).unwrap().cells() as u64, MOST_CELLS);
        let many = grid(&["a=1..11", thousand, "c=1..1000", "d=1..10000"], &[]).unwrap_err();
        assert!(many.starts_with("11 x 1000 x 1000 x 10000 values are more than the 10000 cells"), "{many}");
    }
}
