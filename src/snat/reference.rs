//! Rows against plain lists that know nothing of bitmaps, heaps or counts.

use super::*;
use crate::random::{Purpose, Stream};
use crate::time::SimTime;
use proptest::prelude::*;

/// One flow: how long after the one before it asks, how long it lives, how long its port rests, how it ended.
type Flow = (u64, u64, u64, bool);

fn flows() -> impl Strategy<Value = Vec<Flow>> {
    prop::collection::vec((0u64..6, 0u64..60, 0u64..60, any::<bool>()), 1..400)
}

fn streams(seed: u64) -> RowStreams {
    RowStreams::all_from(Stream::new(seed, 0, Purpose::PortChoice, 0))
}

fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

/// Times of a flow that asks at `now`.
fn holding(now: u64, (_, life, rest, closed): Flow) -> Holding {
    let rest_kind = if closed { Rest::MayBeTakenOver } else { Rest::Undisturbed };
    Holding { rest: rest_kind, ..Holding::until(at(now + life), at(now + life + rest)) }
}

const ANYONE: &Asker = &Asker { node: 0, source: 0, destination: 0, others: 0 };

/// What a row answers to each flow.
fn answers(mut row: Row, flows: &[Flow]) -> Vec<Result<Slot, SnatFailure>> {
    let mut now = 0;
    let mut answers = Vec::new();
    for flow in flows {
        now += flow.0;
        let answer = row.open(at(now), ANYONE);
        if let Ok(slot) = answer {
            row.keep_until(slot, holding(now, *flow));
        }
        answers.push(answer);
    }
    answers
}

/// Linux, written down as it is told: port by port.
struct Naive {
    ports: Vec<Option<(Holding, u32)>>,
    takes_over: TakeOver,
    draws: Stream,
}

impl Naive {
    fn open(&mut self, now: SimTime) -> Option<(usize, u32)> {
        for port in &mut self.ports {
            *port = port.filter(|(holding, _)| holding.release > now);
        }
        let sequence = match self.takes_over {
            TakeOver::AfterClose => self.draws.below(1 << 32) as u32,
            TakeOver::Never => 0,
        };
        let none_free = self.ports.iter().all(Option::is_some);
        if none_free && self.takes_over == TakeOver::Never {
            return None;
        }
        let range = self.ports.len();
        for window in [128, 64, 32, 16, 8] {
            let window = window.min(range);
            let start = self.draws.below(65_536) as usize % range;
            for step in 0..window {
                let port = (start + step) % range;
                let may_take = |(holding, old): (Holding, u32)| {
                    self.takes_over == TakeOver::AfterClose
                        && window - step <= 32
                        && holding.close <= now
                        && holding.rest == Rest::MayBeTakenOver
                        && (sequence.wrapping_sub(old) as i32) > 0
                };
                if self.ports[port].is_none_or(may_take) {
                    return Some((port, sequence));
                }
            }
            if window == range {
                return None;
            }
        }
        None
    }
}

/// The windows of a range below 128 halve from the range itself; they are never reached.
fn naive_answers(ports: usize, takes_over: TakeOver, seed: u64, flows: &[Flow]) -> Vec<Option<u32>> {
    let mut naive = Naive { ports: vec![None; ports], takes_over, draws: streams(seed).row };
    let mut now = 0;
    let mut answers = Vec::new();
    for flow in flows {
        now += flow.0;
        let found = naive.open(at(now));
        if let Some((port, sequence)) = found {
            naive.ports[port] = Some((holding(now, *flow), sequence));
        }
        answers.push(found.map(|(port, _)| port as u32));
    }
    answers
}

proptest! {
    #[test]
    fn a_named_row_refuses_what_a_counted_one_refuses(
        flows in flows(),
        ports in prop::collection::vec(1u32..12, 1..4),
        cap in prop::option::of(1u32..8),
        count_holds in any::<bool>(),
        sticky in any::<bool>(),
    ) {
        let ip_choice = if sticky { IpChoice::Sticky(FirstIp::First) } else { IpChoice::InTurns };
        let rules = Rules { ip_choice, ..Rules::capped(Caps { per_ip: cap, count_holds }) };
        let named = Rules { identity: Identity::Always, ..rules.clone() };
        let ports: Vec<Option<u32>> = ports.into_iter().map(Some).collect();
        let row = |rules: &Rules| answers(Row::new(&ports, rules, streams(1)), &flows);
        let of_ip = |answers: Vec<Result<Slot, SnatFailure>>| {
            answers.into_iter().map(|answer| answer.map(|slot| slot.ip)).collect::<Vec<_>>()
        };
        prop_assert_eq!(of_ip(row(&rules)), of_ip(row(&named)));
    }

    #[test]
    fn full_spans_do_not_depend_on_names(flows in flows(), ports in 1u32..12) {
        let spans = |identity| {
            let mut row = Row::new(&[Some(ports)], &Rules { identity, ..Rules::default() }, streams(1));
            let mut now = 0;
            for flow in &flows {
                now += flow.0;
                if let Ok(slot) = row.open(at(now), ANYONE) {
                    row.keep_until(slot, holding(now, *flow));
                }
            }
            row.busy(at(now));
            row.full_spans(at(now)).into_iter().filter(|(since, until)| since < until).collect::<Vec<_>>()
        };
        prop_assert_eq!(spans(Identity::WhereNeeded), spans(Identity::Always));
    }

    #[test]
    fn the_linux_search_is_what_it_is_told_to_be(
        flows in flows(),
        ports in prop::sample::select(vec![1u32, 7, 31, 33, 64, 127, 128, 129, 200, 300]),
        takes_over in prop::sample::select(vec![TakeOver::Never, TakeOver::AfterClose]),
        seed in 0u64..1_000,
        slower in prop::sample::select(vec![1u64, 20]),
    ) {
        let flows: Vec<Flow> =
            flows.into_iter().map(|(gap, life, rest, closed)| (gap, life * slower, rest * slower, closed)).collect();
        let rules = Rules { search: Search::Linux, take_over: takes_over, ..Rules::default() };
        let row = Row::new(&[Some(ports)], &rules, streams(seed));
        let found = answers(row, &flows).into_iter().map(|answer| answer.ok().map(|slot| slot.port));
        prop_assert_eq!(found.collect::<Vec<_>>(), naive_answers(ports as usize, takes_over, seed, &flows));
    }

    /// Every free port is found, whatever the search begins with.
    #[test]
    fn a_full_search_takes_every_port_once(
        ports in 1u32..300,
        search in prop::sample::select(vec![Search::Lowest, Search::Random, Search::RoundRobin]),
        seed in 0u64..1_000,
    ) {
        let rules = Rules { search, identity: Identity::Always, ..Rules::default() };
        let mut row = Row::new(&[Some(ports)], &rules, streams(seed));
        let mut taken: Vec<u32> = (0..ports).map(|_| row.open(at(0), ANYONE).unwrap().port).collect();
        taken.sort_unstable();
        prop_assert_eq!(taken, (0..ports).collect::<Vec<_>>());
        prop_assert_eq!(row.open(at(0), ANYONE), Err(SnatFailure::NoFreePort));
    }
}

/// 6 of 8 ports busy: three looks fail with (6/8)^3, or with 6/8 x 5/7 x 4/6.
#[test]
fn looks_with_and_without_replacement_differ() {
    for (picks, expected) in [(Picks::WithReplacement, 0.421_875), (Picks::WithoutReplacement, 5.0 / 14.0)] {
        let rules = Rules { search: Search::RandomTries { tries: 3, picks }, ..Rules::default() };
        let mut failures = 0;
        for seed in 0..20_000 {
            let mut row = Row::new(&[Some(8)], &rules, streams(seed));
            while row.busy(at(0)) < 6 {
                let _ = row.open(at(0), ANYONE);
            }
            failures += u32::from(row.open(at(0), ANYONE) == Err(SnatFailure::SearchGaveUp));
        }
        let found = f64::from(failures) / 20_000.0;
        assert!((found - expected).abs() < 0.0115, "{picks:?}: {found}, not {expected}");
    }
}
