//! What a sweep is, apart from what it finds.

use crate::scenario::grid::VariedKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The question and its fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// Version of the shape.
    pub schema_version: u32,
    /// Version of the program.
    pub version: String,
    /// SHA-256 of every cell's scenario, with its defaults, its recorded traffic and the program's version: equal where the
    /// cells are.
    pub fingerprint: String,
    /// Title of the scenario.
    pub title: String,
    /// The scenario with what is set in every cell, without defaults.
    pub scenario: serde_json::Value,
    /// Thresholds given beside those of the scenario.
    pub thresholds: Vec<String>,
    /// Varied keys; the last varies fastest from cell to cell.
    pub vary: Vec<VariedKey>,
}

impl Head {
    /// Cells of the whole grid.
    pub fn cells(&self) -> usize {
        self.vary.iter().map(|varied| varied.values.len()).fold(1, usize::saturating_mul)
    }

    /// Why the cells of `other` cannot be cells of this sweep, if so.
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.fingerprint == other.fingerprint {
            return None;
        }
        let keys = |head: &Self| {
            let keys: Vec<String> = head
                .vary
                .iter()
                .map(|varied| format!("{}={}", varied.key, varied.values.join(",")))
                .collect();
            keys.join(" ")
        };
        Some(if self.version != other.version {
            format!("they were made by snatsim {}, this is {}", other.version, self.version)
        } else if self.vary != other.vary {
            format!("they vary {}, this one {}", keys(other), keys(self))
        } else {
            "the scenario, its recorded traffic, what is set or a threshold differs".into()
        })
    }
}
