//! What if the outbound type of a cluster were another one?

use super::figures::figure_text;
use crate::import::config::{Deployed, Origin, Said, TypeChangedBy};

/// The same with every cluster changed to an outbound type; a plan that changes it already has not been applied.
pub fn with_type(mut deployed: Deployed, to: &str) -> Deployed {
    let asked = Origin { file: "--to".into(), path: String::new() };
    for cluster in &mut deployed.clusters {
        let before = std::mem::take(&mut cluster.outbound_type_before);
        let now = std::mem::take(&mut cluster.outbound_type);
        let now = match cluster.type_changed_by {
            TypeChangedBy::Plan => before.or(now),
            TypeChangedBy::Replacement | TypeChangedBy::Question => now,
        };
        let default = Said::Value { value: figure_text("outbound_type_unset"), origin: asked.clone() };
        cluster.outbound_type_before = now.or(default);
        cluster.outbound_type = Said::Value { value: to.into(), origin: asked.clone() };
        cluster.type_changed_by = TypeChangedBy::Question;
    }
    deployed
}
