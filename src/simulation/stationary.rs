//! Rows that start as a long-run observer would find them.
//!
//! With Poisson arrivals and no feedback, the number of busy ports follows the truncated Poisson law, and each
//! busy port belongs to a flow met at a random instant of its holding time: its length is weighted by itself and
//! the instant is uniform within it. Holds for any law of lifetime and hold-down.

use super::{RowId, System, TrialKey};
use crate::flow::{EndKind, Protocol, SourceId};
use crate::outbound::{Egress, Timers};
use crate::random::{Purpose, Stream};
use crate::time::{SimDuration, SimTime};
use crate::workload::{Arrivals, Law, Workload};

/// A kind of flow that meets the row: its rate of taking ports times its mean holding time, and its two phases.
struct HoldingKind<'a> {
    offered: f64,
    lifetime: &'a Law,
    rest: Rest<'a>,
}

/// What follows the lifetime.
enum Rest<'a> {
    /// Hold-down.
    Hold(&'a Law),
    /// The mapping lives on for this long.
    Silence(SimDuration),
    /// Silence, then hold-down.
    Both(SimDuration, &'a Law),
}

/// One port found busy at the beginning: when its flow closes and when it comes free.
pub(super) struct Resident {
    pub close: SimTime,
    pub release: SimTime,
}

/// The ports found busy in `row` at the beginning.
pub(super) fn residents(system: &System, sources: &[SourceId], row: RowId, key: TrialKey) -> Vec<Resident> {
    let kinds = kinds(system, sources, row);
    let offered: f64 = kinds.iter().map(|kind| kind.offered).sum();
    let mut stream = key.stream(Purpose::Start, u64::from(row.0));
    if offered <= 0.0 {
        return Vec::new();
    }
    let busy = truncated_poisson(offered, system.ports_in_row(row), stream.uniform());
    (0..busy).map(|_| resident(&kinds, offered, &mut stream)).collect()
}

/// Why `system` has no known stationary law, if it has none.
pub fn unknown_law(system: &System) -> Option<&'static str> {
    let workloads = &system.workloads;
    if !system.epochs.is_empty() || system.scales() {
        return Some("the cluster changes");
    }
    if workloads.iter().any(|workload| !matches!(workload.arrivals, Arrivals::Poisson { .. })) {
        return Some("arrivals are not all Poisson");
    }
    if workloads.iter().any(|workload| workload.packets.is_some()) {
        return Some("`packets` or `keepalive` decide how long a flow is kept");
    }
    if workloads.iter().any(|workload| workload.is_pooled()) {
        return Some("a client pool keeps connections open");
    }
    if workloads.iter().any(|workload| !workload.syn.resends.is_empty()) {
        return Some("refused clients send their SYN again (set `syn = \"none\"`)");
    }
    if workloads.iter().any(|workload| workload.request_timeout.is_some()) {
        return Some("applications give up waiting for an answer (`request_timeout`)");
    }
    if workloads.iter().any(|workload| workload.retry.is_some()) {
        return Some("applications try again after a failure");
    }
    if !system.paths.is_single() {
        return Some("a second stage may refuse a flow");
    }
    let capped = |stage: &Egress| stage.per_destination_cap().is_some() || !stage.caps.is_empty();
    if system.paths.stages.iter().any(capped) {
        return Some("a cap on live flows may bind");
    }
    let streams = |stage: &Egress| stage.timers.udp_stream_timeout.is_some();
    if system.paths.stages.iter().any(streams)
        && system.destinations.iter().any(|each| each.protocol == Protocol::Udp)
    {
        return Some(
            "how long a UDP flow keeps its port depends on how long it talks (`udp_stream_timeout`)",
        );
    }
    if !system.paths.stages.iter().all(|stage| stage.rules.always_find()) {
        return Some(
            "a flow may be refused though ports are free (`search`, `public_ip_choice`, `hold_scope`)",
        );
    }
    if (0..system.rows.len() as u32).any(|row| system.ports(RowId(row)).len() > 1) {
        return Some("the public IPs of a port pool are told apart");
    }
    if !system.takes_single_ports() {
        return Some("a flow takes several ports");
    }
    let endless = |workload: &Workload| !workload.lifetime.mean().is_finite();
    if workloads.iter().any(endless) {
        return Some("a mean lifetime is infinite");
    }
    system.may_lack_local_ports().then_some("pods may run out of local ports")
}

/// Ports of `row` that would be busy on average if there were no limit: offered load, in erlang.
pub(super) fn offered(system: &System, sources: &[SourceId], row: RowId) -> f64 {
    kinds(system, sources, row).iter().map(|kind| kind.offered).sum()
}

fn kinds<'a>(system: &'a System, sources: &[SourceId], row: RowId) -> Vec<HoldingKind<'a>> {
    let mut kinds = Vec::new();
    let sources = sources.iter().map(|source| &system.sources[source.index()]);
    for source in sources.filter(|source| source.rows().contains(&row)) {
        let workload = system.workload(source);
        let rate = workload.arrivals.mean_rate().unwrap_or(0.0) * source.share * system.share_per_row(source);
        let protocol = system.protocol(source);
        for (kind, share) in EndKind::ALL.into_iter().zip(workload.ends.0).filter(|(_, share)| *share > 0.0) {
            let timers = &system.device_of(source).timers;
            kinds.extend(phases(timers, &workload.lifetime, protocol, kind).map(|(lifetime, rest)| {
                let holding = lifetime.mean() + rest.mean();
                HoldingKind { offered: rate * share * holding, lifetime, rest }
            }));
            if protocol == Protocol::Udp {
                break;
            }
        }
    }
    kinds
}

const NO_LIFETIME: &Law = &Law::Constant(SimDuration::ZERO);

fn phases<'a>(
    timers: &'a Timers,
    lifetime: &'a Law,
    protocol: Protocol,
    end: EndKind,
) -> Option<(&'a Law, Rest<'a>)> {
    Some(match (protocol, end) {
        (Protocol::Udp, _) => (lifetime, Rest::Both(timers.udp_idle_timeout, &timers.hold_down_udp)),
        (_, EndKind::Fin) => (lifetime, Rest::Hold(&timers.hold_down_fin)),
        (_, EndKind::Rst) => (lifetime, Rest::Hold(&timers.hold_down_rst)),
        (_, EndKind::Abandoned) => {
            (lifetime, Rest::Silence(timers.idle_timeout.unwrap_or(SimDuration::LONGEST)))
        }
        (_, EndKind::HalfOpen) => (NO_LIFETIME, Rest::Silence(timers.half_open)),
        (_, EndKind::Refused) => (NO_LIFETIME, Rest::Hold(&timers.hold_down_refused)),
    })
}

impl Rest<'_> {
    fn mean(&self) -> f64 {
        match self {
            Self::Hold(law) => law.mean(),
            Self::Silence(span) => span.as_secs_f64(),
            Self::Both(span, law) => span.as_secs_f64() + law.mean(),
        }
    }

    /// (silence, hold-down), plain or weighted by the hold-down's own length.
    fn sample(&self, stream: &mut Stream) -> (SimDuration, SimDuration) {
        match self {
            Self::Hold(law) => (SimDuration::ZERO, law.sample(stream)),
            Self::Silence(span) => (*span, SimDuration::ZERO),
            Self::Both(span, law) => (*span, law.sample(stream)),
        }
    }

    fn law(&self) -> Option<&Law> {
        match self {
            Self::Hold(law) | Self::Both(_, law) => Some(law),
            Self::Silence(_) => None,
        }
    }
}

fn resident(kinds: &[HoldingKind<'_>], offered: f64, stream: &mut Stream) -> Resident {
    let mut left = offered * stream.uniform();
    let mut chosen = &kinds[0];
    for kind in kinds {
        chosen = kind;
        if left < kind.offered {
            break;
        }
        left -= kind.offered;
    }
    let (served, rest) = phase_lengths(chosen, stream);
    let age = SimDuration::from_secs_f64(served.plus(rest).as_secs_f64() * stream.uniform());
    let from_start =
        |span: SimDuration| SimTime::ZERO + SimDuration::from_nanos(span.nanos().saturating_sub(age.nanos()));
    Resident { close: from_start(served), release: from_start(served.plus(rest)) }
}

/// The length in service and at rest of a flow met at a random instant: one of its phases is weighted by its own
/// length, chosen by the phases' means.
fn phase_lengths(kind: &HoldingKind<'_>, stream: &mut Stream) -> (SimDuration, SimDuration) {
    let (life_mean, rest_mean) = (kind.lifetime.mean(), kind.rest.mean());
    let point = (life_mean + rest_mean) * stream.uniform();
    let (silence, mut rest) = kind.rest.sample(stream);
    let lifetime = if point < life_mean {
        kind.lifetime.sample_length_biased(stream)
    } else {
        if let (Some(law), true) = (kind.rest.law(), point >= life_mean + silence.as_secs_f64()) {
            rest = law.sample_length_biased(stream);
        }
        kind.lifetime.sample(stream)
    };
    (lifetime.plus(silence), rest)
}

/// Inverts the Poisson law cut at `most`, at `uniform`; weights are built outward from the mode, so that nothing
/// overflows at any load.
fn truncated_poisson(mean: f64, most: Option<u64>, uniform: f64) -> u64 {
    let far = (mean + 12.0 * mean.sqrt() + 40.0) as u64;
    let top = most.map_or(far, |most| most.min(far));
    let middle = mean.min(top as f64);
    let bottom = (middle - 12.0 * middle.sqrt() - 40.0).max(0.0) as u64;
    let mode = (mean as u64).clamp(bottom, top);
    let mut weights = vec![0.0; (top - bottom + 1) as usize];
    weights[(mode - bottom) as usize] = 1.0;
    for count in (bottom..mode).rev() {
        weights[(count - bottom) as usize] =
            weights[(count + 1 - bottom) as usize] * (count + 1) as f64 / mean;
    }
    for count in mode + 1..=top {
        weights[(count - bottom) as usize] = weights[(count - 1 - bottom) as usize] * mean / count as f64;
    }
    let mut left = uniform * weights.iter().sum::<f64>();
    for (offset, weight) in weights.iter().enumerate() {
        if left < *weight {
            return bottom + offset as u64;
        }
        left -= weight;
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truncated_poisson_law_is_inverted_exactly() {
        let weights: Vec<f64> = (0..=3)
            .scan(1.0, |weight, count| {
                if count > 0 {
                    *weight *= 2.0 / f64::from(count);
                }
                Some(*weight)
            })
            .collect();
        let total: f64 = weights.iter().sum();
        let mut below = 0.0;
        for (count, weight) in weights.iter().enumerate() {
            assert_eq!(truncated_poisson(2.0, Some(3), below / total + 1e-9), count as u64);
            below += weight;
            assert_eq!(truncated_poisson(2.0, Some(3), below / total - 1e-9), count as u64);
        }
    }

    #[test]
    fn an_overloaded_row_starts_nearly_full_and_an_idle_one_empty() {
        assert_eq!(truncated_poisson(1e9, Some(64), 0.5), 64);
        assert_eq!(truncated_poisson(1e-9, Some(64), 0.5), 0);
        assert_eq!(truncated_poisson(1e6, None, 0.5), 1_000_000);
    }
}
