//! When a client sends its SYN again: a schedule, and the timers of the machine that keep it.
//!
//! A kernel's timers fire on a grid that all connections of the machine share, so SYNs of clients that wait together
//! come in bunches. Without [`ResendTimers`] every SYN is sent to the nanosecond.

use super::client::Order;
use crate::time::{SimDuration, SimTime};

/// When a client sends its SYN again, counted from the first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SynSchedule {
    /// Times of the further SYNs, rising; empty: one SYN, a refused try fails at once.
    pub resends: Vec<SimDuration>,
    /// The client gives up this long after the first SYN; absent with an empty list.
    pub give_up: Option<SimDuration>,
    /// What the timers make of those times; absent: nothing.
    pub timers: Option<ResendTimers>,
}

/// The timers that resend SYNs. Each is armed when a SYN is sent, for the gap until the next one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResendTimers {
    /// (bound, step): a gap below the first bound that holds it ends strictly later, at the next multiple of the step.
    /// Bounds rise; gaps beyond the last are exact.
    pub grid: Vec<(SimDuration, SimDuration)>,
    /// Which of the timers that end at one instant comes first, by when it was armed.
    pub order: Order,
    /// The gap after the last SYN, where the schedule ends by itself; the end is a timer too.
    pub last: Option<SimDuration>,
    /// The client's own timer, exact, ends the schedule this long after the first SYN.
    pub limit: Option<SimDuration>,
}

impl SynSchedule {
    /// One SYN and no more.
    pub const NONE: Self = Self { resends: Vec::new(), give_up: None, timers: None };

    /// The schedule when the client stops at `connect_timeout` after the first SYN.
    ///
    /// A SYN due at the very instant of the timeout is not sent.
    pub fn ended_by(mut self, connect_timeout: Option<SimDuration>) -> Self {
        if let (Some(limit), false) = (connect_timeout, self.resends.is_empty()) {
            let sent = self.resends.len();
            self.resends.retain(|resend| *resend < limit);
            self.give_up = Some(self.give_up.map_or(limit, |own| own.min(limit)));
            if let Some(timers) = &mut self.timers {
                timers.limit = Some(timers.limit.map_or(limit, |own| own.min(limit)));
                timers.last = timers.last.filter(|_| self.resends.len() == sent);
            }
        }
        self
    }

    /// When the SYN goes out that follows the first and `number` others; nothing where the client sends no more.
    /// `phase` lies on the grid of its machine, however far from the run.
    #[inline]
    pub fn resend(&self, first: SimTime, number: usize, phase: SimDuration) -> Option<SimTime> {
        let due = *self.resends.get(number)?;
        match &self.timers {
            None => Some(first + due),
            Some(timers) => {
                let sent = timers.sent(first, &self.resends[..=number], phase);
                timers.limit.is_none_or(|limit| sent < first + limit).then_some(sent)
            }
        }
    }

    /// When the client gives up that sent its first SYN at `first`; nothing where only an empty schedule ends.
    pub fn end(&self, first: SimTime, phase: SimDuration) -> Option<SimTime> {
        let Some(timers) = &self.timers else { return self.give_up.map(|give_up| first + give_up) };
        let own = timers.last.map(|gap| timers.fires(timers.sent(first, &self.resends, phase), gap, phase));
        own.into_iter().chain(timers.limit.map(|limit| first + limit)).min()
    }

    /// The longest time that the client may need for its last SYN and its end.
    pub fn patience(&self) -> SimDuration {
        let last = self.resends.last().copied().unwrap_or(SimDuration::ZERO);
        let nominal = self.give_up.map_or(last, |give_up| give_up.max(last));
        let late = self.timers.iter().map(|timers| timers.most_late(self.resends.len() as u64 + 1));
        late.fold(nominal, SimDuration::plus)
    }
}

impl ResendTimers {
    /// When the last of the SYNs goes out that were to follow the first at `resends`.
    fn sent(&self, first: SimTime, resends: &[SimDuration], phase: SimDuration) -> SimTime {
        let mut before = SimDuration::ZERO;
        resends.iter().fold(first, |sent, resend| {
            let gap = resend.less(before);
            before = *resend;
            self.fires(sent, gap, phase)
        })
    }

    /// When a timer fires that is armed for `gap`.
    fn fires(&self, armed: SimTime, gap: SimDuration, phase: SimDuration) -> SimTime {
        let exact = armed + gap;
        let Some((_, step)) = self.grid.iter().find(|(bound, _)| gap < *bound) else { return exact };
        let step = step.nanos();
        let phase = phase.nanos() % step;
        match exact.nanos().checked_sub(phase) {
            None => SimTime::from_nanos(phase),
            Some(since) => exact + SimDuration::from_nanos(step - since % step),
        }
    }

    /// By how much so many timers in a row may be late.
    fn most_late(&self, timers: u64) -> SimDuration {
        let longest = self.grid.iter().map(|(_, step)| step.nanos()).max().unwrap_or(0);
        SimDuration::from_nanos(longest.saturating_mul(timers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLIS: fn(u64) -> SimDuration = |millis| SimDuration::from_nanos(millis * 1_000_000);

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + MILLIS(millis)
    }

    /// Current kernels' gaps, on the grid of 250 ticks a second.
    fn kernel() -> SynSchedule {
        let grid = vec![(MILLIS(2_044), MILLIS(32)), (MILLIS(16_300), MILLIS(256))];
        let timers = ResendTimers { grid, last: Some(MILLIS(8_000)), ..ResendTimers::default() };
        let resends = [1, 2, 3, 4, 5, 7, 11].map(SimDuration::from_secs).to_vec();
        SynSchedule { resends, give_up: Some(SimDuration::from_secs(19)), timers: Some(timers) }
    }

    fn sent(schedule: &SynSchedule, first: u64, phase: u64) -> Vec<u64> {
        let resend = |number| schedule.resend(at(first), number, MILLIS(phase));
        (0..).map_while(resend).map(|time| time.nanos() / 1_000_000).collect()
    }

    /// `e9-what-the-client-sees.json`: SYNs of real clients at 1.004, 2.028, 3.052, 4.076, 5.1, 7.116 and 11.212 s.
    #[test]
    fn each_syn_goes_out_at_the_first_multiple_after_its_gap() {
        let steps: Vec<u64> = sent(&kernel(), 0, 12).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(sent(&kernel(), 0, 12)[0], 1_004, "12 ms and 31 steps of 32 ms");
        assert_eq!(steps[..5], [1_024, 1_024, 1_024, 1_024, 2_016]);
        assert!(steps[5] > 4_000 && steps[5] <= 4_256 && sent(&kernel(), 0, 12)[6] % 256 == 12, "{steps:?}");
    }

    #[test]
    fn a_gap_that_ends_on_the_grid_waits_for_the_next_multiple() {
        assert_eq!(sent(&kernel(), 0, 1_000 % 256)[0], 1_032);
        assert_eq!(sent(&kernel(), 1, 1_000 % 256)[0], 1_032, "clients that begin apart meet");
    }

    #[test]
    fn the_end_is_a_timer_too_unless_the_client_has_its_own() {
        let last = sent(&kernel(), 0, 12)[6];
        let end = kernel().end(at(0), MILLIS(12)).unwrap();
        assert!(end > at(last + 8_000) && end <= at(last + 8_256), "{end:?}");
        assert!(kernel().patience() >= end.since(at(0)));
        let limited = kernel().ended_by(Some(MILLIS(7_100)));
        assert_eq!(sent(&limited, 0, 12).len(), 5, "the SYN due at 7.116 s is not sent");
        assert_eq!(limited.end(at(0), MILLIS(12)), Some(at(7_100)));
        let early = kernel().ended_by(Some(MILLIS(1_500)));
        assert_eq!((sent(&early, 0, 12), early.end(at(0), MILLIS(12))), (vec![1_004], Some(at(1_500))));
    }

    #[test]
    fn gaps_beyond_the_grid_are_exact() {
        let mut schedule = kernel();
        schedule.timers.as_mut().unwrap().grid.truncate(1);
        let sent = sent(&schedule, 0, 12);
        assert_eq!(sent[6] - sent[5], 4_000);
    }
}
