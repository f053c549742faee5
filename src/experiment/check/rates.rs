//! New connections a second that ports sustain: each takes one for as long as the port rests after it.

use super::Rate;
use crate::outbound::Timers;
use crate::profile::Figure;
use crate::workload::Law;

/// A limit on live connections towards one destination.
#[derive(Clone, Copy)]
pub struct Cap {
    /// Connections.
    pub connections: u64,
    /// Whether those count that are closed but whose port rests.
    pub counts_holds: bool,
}

/// Rates of `ports` by the way in which connections end, within `cap`. A connection that itself takes time takes its port for longer.
pub fn of(per: &str, ports: u64, timers: &Timers, cap: Option<Cap>) -> Vec<Rate> {
    let seconds = |law: &Law| match law {
        Law::Constant(time) => Some(time.as_secs_f64()),
        _ => None,
    };
    // How the connection ends, how long it lives without traffic, and how long its port is held after it.
    let ends = [
        ("fin", Some(0.0), seconds(&timers.hold_down_fin)),
        ("rst", Some(0.0), seconds(&timers.hold_down_rst)),
        ("udp", Some(timers.udp_idle_timeout.as_secs_f64()), seconds(&timers.hold_down_udp)),
        ("abandoned", timers.idle_timeout.map(|time| time.as_secs_f64()), Some(0.0)),
    ];
    let rate = |(ends, lives, held): (&str, Option<f64>, Option<f64>)| {
        let (lives, held) = lives.zip(held)?;
        let port_rests_s = Some(lives + held).filter(|rest| *rest > 0.0)?;
        let by_cap = cap.map_or(f64::INFINITY, |Cap { connections, counts_holds }| {
            connections as f64 / if counts_holds { port_rests_s } else { lives }
        });
        let connections_per_s = (ports as f64 / port_rests_s).min(by_cap);
        Some(Rate { per: per.into(), ports, ends: ends.into(), port_rests_s, connections_per_s })
    };
    ends.into_iter().filter_map(rate).collect()
}

/// What is assumed of the figures that rates rest on, of those that are `kept`; each reason once.
pub fn doubts(figures: &[Figure], kept: impl Fn(&Figure) -> bool) -> Vec<String> {
    let of_rates = figures.iter().filter(|figure| figure.key.starts_with("hold_down") && kept(figure));
    let mut found: Vec<(Vec<String>, &str)> = Vec::new();
    for figure in of_rates {
        let Some(why) = figure.assumptions.first() else { continue };
        let value = format!("{} = {}", figure.key, figure.value);
        match found.iter_mut().find(|(_, reason)| reason == why) {
            Some((values, _)) => values.push(value),
            None => found.push((vec![value], why)),
        }
    }
    found.into_iter().map(|(values, why)| format!("{}: {why}", values.join(", "))).collect()
}
