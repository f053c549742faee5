//! When a flow sends, which is what an idle timeout is about.

use crate::random::{Purpose, Stream};
use crate::time::SimDuration;
use crate::workload::Law;

/// The packets of a flow after the one that opens it. A workload without any is never silent.
#[derive(Debug, Clone, PartialEq)]
pub struct Packets {
    /// Time from packet to packet, of a mean above 0; absent where the application sends nothing more.
    pub gap: Option<Law>,
    /// The chance, 0 to 1, that a packet is the application's last: then the flow is silent, though not closed.
    pub stop_after_packet: f64,
    /// A keep-alive comes this long after any packet that nothing else follows.
    pub keepalive: Option<SimDuration>,
}

/// Draws behind a judgement of a law.
const TRIALS: u32 = 10_000;

impl Packets {
    /// When the last packet comes before the flow has been silent for too long, from its opening; nothing where it
    /// closes sooner, after `lifetime`. `idle_timeout` says how long is too long after a packet at that age; none: a
    /// flow is never forgotten.
    pub fn silent_from(
        &self,
        lifetime: SimDuration,
        idle_timeout: impl Fn(SimDuration) -> Option<SimDuration>,
        stream: &mut Stream,
    ) -> Option<SimDuration> {
        let mut last = SimDuration::ZERO;
        loop {
            let idle_timeout = idle_timeout(last)?;
            let talking = self.gap.as_ref().filter(|_| !self.stops(stream));
            let own = talking.map(|gap| gap.sample(stream));
            let gap = own.into_iter().chain(self.keepalive).min();
            let silent = gap.filter(|gap| *gap < idle_timeout);
            if lifetime < last.plus(silent.unwrap_or(idle_timeout)) {
                return None;
            }
            match (silent, talking) {
                (None, _) => return Some(last),
                (Some(_), None) => return None,
                (Some(gap), Some(_)) => last = last.plus(gap),
            }
        }
    }

    fn stops(&self, stream: &mut Stream) -> bool {
        self.stop_after_packet > 0.0 && stream.uniform() < self.stop_after_packet
    }

    /// Whether a flow that its client never closes falls silent for `idle_timeout` sometime, in less than 10,000
    /// packets or so.
    pub fn fall_silent(&self, idle_timeout: SimDuration) -> bool {
        if self.keepalive.is_some_and(|keepalive| keepalive < idle_timeout) {
            return false;
        }
        let mut stream = Stream::new(1, 0, Purpose::Packets, 0);
        let long = |gap: &Law| (0..TRIALS).any(|_| gap.sample(&mut stream) >= idle_timeout);
        self.stop_after_packet * f64::from(TRIALS) >= 1.0 || self.gap.as_ref().is_none_or(long)
    }

    /// About how long a flow sends or lives, whichever ends first: a mean of some draws, seconds.
    pub fn mean_length(&self, lifetime: &Law, idle_timeout: Option<SimDuration>) -> f64 {
        let mut stream = Stream::new(1, 0, Purpose::Packets, 0);
        let lengths = (0..TRIALS / 10).map(|_| {
            let lifetime = lifetime.sample(&mut stream);
            self.silent_from(lifetime, |_| idle_timeout, &mut stream).unwrap_or(lifetime).as_secs_f64()
        });
        lengths.sum::<f64>() / f64::from(TRIALS / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> SimDuration {
        SimDuration::from_secs(seconds)
    }

    fn silent_from(packets: &Packets, lifetime: u64) -> Option<SimDuration> {
        let mut stream = Stream::new(1, 0, Purpose::Packets, 0);
        packets.silent_from(seconds(lifetime), |_| Some(seconds(240)), &mut stream)
    }

    #[test]
    fn keepalives_within_the_timeout_keep_a_flow_for_its_life() {
        let every =
            |keepalive| Packets { gap: None, stop_after_packet: 0.0, keepalive: Some(seconds(keepalive)) };
        assert_eq!(silent_from(&every(239), 1_000), None);
        assert_eq!(silent_from(&every(240), 1_000), Some(SimDuration::ZERO));
        assert_eq!(silent_from(&every(241), 239), None);
        assert!(every(240).fall_silent(seconds(240)) && !every(239).fall_silent(seconds(240)));
    }

    #[test]
    fn a_flow_goes_on_from_packet_to_packet() {
        let gap = Some(Law::Constant(seconds(100)));
        let mut packets = Packets { gap, stop_after_packet: 0.0, keepalive: None };
        assert_eq!(silent_from(&packets, 1_000), None);
        assert!(!packets.fall_silent(seconds(240)));
        packets.stop_after_packet = 1.0;
        assert_eq!(silent_from(&packets, 1_000), Some(SimDuration::ZERO));
        packets.keepalive = Some(seconds(239));
        assert_eq!(silent_from(&packets, 1_000), None);
        assert!((packets.mean_length(&Law::Constant(seconds(5)), Some(seconds(240))) - 5.0).abs() < 1e-9);
    }
}
