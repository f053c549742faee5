//! The closed form beside the simulated value.

use super::Sums;
use super::closed_form::BusiestRow;
use crate::analytic::sustainable_rate;
use crate::experiment::plan::Plan;
use crate::experiment::results::AnalyticCheck;

/// What to make of a blocking that theory gives.
const APPLIES: &str = "exact for Poisson arrivals without retries, whatever the laws; the simulated value should agree within \
                       its interval once the run is stationary";

impl Sums<'_> {
    /// The closed form of the row with the highest load per port.
    pub fn analytic(&self, plan: &Plan) -> Option<AnalyticCheck> {
        let busiest = BusiestRow::of(plan)?;
        let BusiestRow { row, rate, offered, ports } = busiest;
        let system = &plan.system;
        let spec = &system.rows[row.index()];
        let holding_s = offered / rate;
        let erlang = busiest.erlang_b(plan);
        let figures = self.rows.get(&row).filter(|figures| figures.first_attempts > 0);
        Some(AnalyticCheck {
            port_pool: system.pool_name(row).to_string(),
            destination: spec
                .one_destination
                .then(|| system.destinations[spec.destination.index()].name.clone()),
            ports,
            rate_per_s: rate,
            holding_s,
            offered_erlang: offered,
            sustainable_rate_per_s: sustainable_rate(ports, holding_s),
            erlang_b: erlang.ok(),
            simulated: figures.map(|row| row.first_failures as f64 / row.first_attempts as f64),
            remark: erlang.map_or_else(str::to_string, |_| APPLIES.to_string()),
        })
    }
}
