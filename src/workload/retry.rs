//! What an application does after a failed request.

use crate::random::Stream;
use crate::time::SimDuration;

/// How an application tries again.
#[derive(Debug, Clone, PartialEq)]
pub enum Retry {
    /// A number of tries with growing waits.
    Attempts {
        /// Tries in all, the first one included.
        most: u32,
        /// How long it waits.
        backoff: Backoff,
        /// How many retries a client may make in relation to its requests; absent: any number.
        budget: Option<Budget>,
    },
    /// The classical retrial queue: whoever persists waits an exponential time, as often as need be.
    Orbit {
        /// Retries per second of each waiting client.
        rate: f64,
        /// Probability of trying again after the first failure.
        first_persistence: f64,
        /// Probability of trying again after a failed retry.
        persistence: f64,
    },
}

/// Waits between tries: after failure `i`, counted from 0, at most `min(cap, base x 2^i)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The first wait before jitter.
    pub base: SimDuration,
    /// No wait is longer.
    pub cap: SimDuration,
    /// How waits are spread.
    pub jitter: Jitter,
}

/// How waits are spread, by the names of M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Jitter {
    /// Not at all.
    #[default]
    None,
    /// Uniform between 0 and the full wait.
    Full,
    /// Half of the wait, and uniform up to the other half.
    Equal,
    /// Uniform between `base` and three times the last wait.
    Decorrelated,
}

/// Retries of one client towards one destination within [`Budget::SPAN`] may be `ratio` of its requests, and `floor`
/// more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Retries for each request.
    pub ratio: f64,
    /// Retries per second that are always allowed.
    pub floor: f64,
}

impl Budget {
    /// The sliding span over which requests and retries are compared; Finagle's `RetryBudget` has the same.
    pub const SPAN: SimDuration = SimDuration::from_secs(10);

    /// Whether one more retry is allowed after so many requests and retries within the span.
    pub fn allows(&self, requests: usize, retries: usize) -> bool {
        let most = self.ratio * requests as f64 + self.floor * Self::SPAN.as_secs_f64();
        (retries + 1) as f64 <= most
    }
}

impl Retry {
    /// How long the client waits after try number `tries` (from 1) failed, the last wait having been `last`; nothing
    /// when it gives up. A budget is not looked at here.
    pub fn wait(&self, tries: u32, last: SimDuration, stream: &mut Stream) -> Option<SimDuration> {
        match self {
            Self::Attempts { most, backoff, .. } => {
                (tries < *most).then(|| backoff.wait(tries, last, stream))
            }
            Self::Orbit { rate, first_persistence, persistence } => {
                let persists = if tries == 1 { *first_persistence } else { *persistence };
                let stays = persists >= 1.0 || stream.uniform() < persists;
                stays.then(|| SimDuration::from_secs_f64(stream.exponential() / rate))
            }
        }
    }

    /// The budget, where there is one.
    pub fn budget(&self) -> Option<Budget> {
        match self {
            Self::Attempts { budget, .. } => *budget,
            Self::Orbit { .. } => None,
        }
    }

    /// Most tries of a request; in an orbit, where there is no most, [`Self::UNUSUAL`].
    pub fn most_tries(&self) -> u32 {
        match self {
            Self::Attempts { most, .. } => *most,
            Self::Orbit { .. } => Self::UNUSUAL,
        }
    }

    /// All waits of a client that keeps failing, each as long as it can be; in an orbit, so many mean waits.
    pub fn longest_waits(&self) -> SimDuration {
        match self {
            Self::Attempts { most, backoff, .. } => {
                let waits = (1..*most).map(|tries| backoff.longest(tries));
                waits.fold(SimDuration::ZERO, SimDuration::plus)
            }
            Self::Orbit { rate, .. } => SimDuration::from_secs_f64(f64::from(Self::UNUSUAL) / rate),
        }
    }

    /// Few clients of an orbit that is not overloaded try more often.
    const UNUSUAL: u32 = 20;
}

impl Backoff {
    /// `min(cap, base x 2^(tries - 1))`, three instead of two for decorrelated jitter.
    fn longest(&self, tries: u32) -> SimDuration {
        let growth: u64 = if self.jitter == Jitter::Decorrelated { 3 } else { 2 };
        let times = if self.jitter == Jitter::Decorrelated { tries } else { tries - 1 };
        let grown = growth.checked_pow(times).and_then(|factor| self.base.nanos().checked_mul(factor));
        grown.map_or(self.cap, SimDuration::from_nanos).min(self.cap)
    }

    fn wait(&self, tries: u32, last: SimDuration, stream: &mut Stream) -> SimDuration {
        let longest = self.longest(tries);
        let between = |low: SimDuration, high: SimDuration, stream: &mut Stream| {
            let width = high.nanos().saturating_sub(low.nanos());
            low.plus(SimDuration::from_nanos((width as f64 * stream.uniform()) as u64))
        };
        match self.jitter {
            Jitter::None => longest,
            Jitter::Full => between(SimDuration::ZERO, longest, stream),
            Jitter::Equal => between(SimDuration::from_nanos(longest.nanos() / 2), longest, stream),
            Jitter::Decorrelated => {
                let last = last.max(self.base);
                let high = SimDuration::from_nanos(last.nanos().saturating_mul(3));
                between(self.base, high, stream).min(self.cap)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    const MILLIS: fn(u64) -> SimDuration = |millis| SimDuration::from_nanos(millis * 1_000_000);

    fn backoff(jitter: Jitter) -> Backoff {
        Backoff { base: MILLIS(100), cap: SimDuration::from_secs(10), jitter }
    }

    fn waits(jitter: Jitter, count: u32, stream: &mut Stream) -> Vec<f64> {
        let retry = Retry::Attempts { most: count + 1, backoff: backoff(jitter), budget: None };
        let mut last = SimDuration::ZERO;
        let mut waits = Vec::new();
        for tries in 1.. {
            let Some(wait) = retry.wait(tries, last, stream) else { break };
            waits.push(wait.as_secs_f64());
            last = wait;
        }
        waits
    }

    fn stream() -> Stream {
        Stream::new(3, 0, Purpose::Retry, 0)
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let waits = waits(Jitter::None, 9, &mut stream());
        assert_eq!(waits, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]);
        let far = backoff(Jitter::None).longest(500);
        assert_eq!(far, SimDuration::from_secs(10));
    }

    /// O-RE4: 8 waits of full jitter sum to 11.35 s on average; 4 standard errors.
    #[test]
    fn full_jitter_waits_half_as_long_on_average() {
        let mut stream = stream();
        let rounds = 20_000;
        let sums: Vec<f64> = (0..rounds).map(|_| waits(Jitter::Full, 8, &mut stream).iter().sum()).collect();
        let mean = sums.iter().sum::<f64>() / f64::from(rounds);
        let squares: f64 = (0..8).map(|step| (0.1 * f64::from(1 << step)).min(10.0).powi(2)).sum();
        let error = (squares / 12.0 / f64::from(rounds)).sqrt();
        assert!((mean - 11.35).abs() < 4.0 * error, "{mean}, standard error {error}");
    }

    #[test]
    fn jitter_stays_within_its_bounds() {
        let mut stream = stream();
        for _ in 0..2_000 {
            let mut last: f64 = 0.1;
            for (step, wait) in waits(Jitter::Equal, 8, &mut stream).into_iter().enumerate() {
                let full = (0.1 * f64::from(1 << step)).min(10.0);
                assert!((full / 2.0..=full).contains(&wait), "{wait} of {full}");
            }
            for wait in waits(Jitter::Decorrelated, 8, &mut stream) {
                assert!((0.1 - 1e-9..=(3.0 * last).min(10.0) + 1e-9).contains(&wait), "{wait} after {last}");
                last = wait;
            }
        }
    }

    #[test]
    fn a_budget_is_a_share_of_requests_and_a_floor() {
        let budget = Budget { ratio: 0.1, floor: 0.2 };
        assert!(budget.allows(0, 1) && !budget.allows(0, 2));
        assert!(budget.allows(10, 2) && !budget.allows(10, 3));
    }

    #[test]
    fn an_orbit_loses_the_impatient() {
        let retry = Retry::Orbit { rate: 2.0, first_persistence: 1.0, persistence: 0.8 };
        let mut stream = stream();
        assert!((0..100).all(|_| retry.wait(1, SimDuration::ZERO, &mut stream).is_some()));
        let stayed = (0..100_000).filter(|_| retry.wait(2, SimDuration::ZERO, &mut stream).is_some()).count();
        assert!((stayed as f64 - 80_000.0).abs() < 4.0 * (100_000.0f64 * 0.16).sqrt(), "{stayed}");
    }
}
