//! No port is lost, made up or served twice: whatever the device and the traffic.

use crate::check::scenario;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestCaseError};
use snatsim::experiment::Plan;
use snatsim::flow::EndKind;
use snatsim::flow::QuotaId;
use snatsim::metrics::{Cuts, Recorder, RowSummary, Summary};
use snatsim::outbound::CapOver;
use snatsim::simulation::{
    Attempt, Connected, GaveUp, Kept, Observer, Outcome, PoolLevel, RowId, Shard, Sharding, System, TrialKey,
    run_shard, shards,
};
use snatsim::snat::SnatFailure;
use snatsim::time::SimTime;
use snatsim::workload::Workload;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;

type Check = Result<(), TestCaseError>;

/// Books what a run tells of one row, and judges nothing.
#[derive(Default)]
struct Account {
    /// Instants of grants, in the order they were told; residents of a stationary start are granted at its beginning.
    granted: Vec<SimTime>,
    refused: Vec<(SimTime, SnatFailure)>,
    kept: Vec<Kept>,
}

/// Books every row, and passes everything on to the recorder.
struct Ledger<'a> {
    rows: BTreeMap<RowId, Account>,
    connected: usize,
    recorder: Recorder<'a>,
}

impl Observer for Ledger<'_> {
    fn attempt(&mut self, attempt: Attempt) {
        let account = self.rows.entry(attempt.row).or_default();
        match attempt.refused {
            None => account.granted.push(attempt.time),
            Some(reason) => account.refused.push((attempt.time, reason)),
        }
        self.recorder.attempt(attempt);
    }

    fn kept(&mut self, kept: Kept) {
        let account = self.rows.entry(kept.row).or_default();
        if kept.initial {
            account.granted.push(kept.start);
        }
        account.kept.push(kept);
        self.recorder.kept(kept);
    }

    fn full(&mut self, row: RowId, since: SimTime, until: SimTime) {
        self.recorder.full(row, since, until);
    }

    fn connected(&mut self, connected: Connected) {
        self.connected += 1;
        self.recorder.connected(connected);
    }

    fn outcome(&mut self, outcome: Outcome) {
        self.recorder.outcome(outcome);
    }

    fn waits(&mut self, asked: SimTime) {
        self.recorder.waits(asked);
    }

    fn wait_timed_out(&mut self, asked: SimTime) {
        self.recorder.wait_timed_out(asked);
    }

    fn backing_off(&mut self, time: SimTime, more: i64) {
        self.recorder.backing_off(time, more);
    }

    fn refused_by_budget(&mut self, asked: SimTime) {
        self.recorder.refused_by_budget(asked);
    }

    fn timed_out(&mut self, asked: SimTime, what: GaveUp) {
        self.recorder.timed_out(asked, what);
    }

    fn no_local_port(&mut self, asked: SimTime) {
        self.recorder.no_local_port(asked);
    }

    fn unresolved(&mut self, requests: u64) {
        self.recorder.unresolved(requests);
    }

    fn pool_level(&mut self, level: PoolLevel) {
        self.recorder.pool_level(level);
    }

    fn most_live(&mut self, quota: QuotaId, live: u64) {
        self.recorder.most_live(quota, live);
    }
}

/// Ports by what they do, once everything of an instant has happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Level {
    in_use: i64,
    resting: i64,
    released: i64,
}

impl Level {
    fn add(&mut self, change: Level) {
        let Level { in_use, resting, released } = change;
        self.in_use += in_use;
        self.resting += resting;
        self.released += released;
    }

    fn busy(self) -> i64 {
        self.in_use + self.resting
    }
}

/// The levels at each instant at which one changes, from the times that ports were kept.
struct Levels(Vec<(SimTime, Level)>);

impl Levels {
    fn of<'k>(kept: impl Iterator<Item = &'k Kept>) -> Self {
        let mut changes: BTreeMap<SimTime, Level> = BTreeMap::new();
        let mut change = |time, in_use, resting, released| {
            changes.entry(time).or_default().add(Level { in_use, resting, released });
        };
        for Kept { start, close, release, .. } in kept {
            change(*start, 1, 0, 0);
            change(*close, -1, 1, 0);
            change(*release, 0, -1, 1);
        }
        let mut level = Level::default();
        let levels = changes.into_iter().map(|(time, change)| {
            level.add(change);
            (time, level)
        });
        Self(levels.collect())
    }

    fn at(&self, time: SimTime) -> Level {
        let next = self.0.partition_point(|(change, _)| *change <= time);
        next.checked_sub(1).map_or_else(Level::default, |last| self.0[last].1)
    }

    /// Measured nanoseconds of each level, weighted.
    fn integral(&self, cuts: &Cuts, weight: impl Fn(Level) -> u128) -> u128 {
        let ends = self.0.iter().skip(1).map(|(time, _)| *time).chain([SimTime::NEVER]);
        let spans = self.0.iter().zip(ends);
        spans.map(|((start, level), end)| weight(*level) * u128::from(cuts.measured(*start, end))).sum()
    }
}

impl Account {
    /// The ports themselves.
    fn check_ports(&self, system: &System, row: RowId, levels: &Levels) -> Check {
        self.nothing_is_lost(levels)?;
        self.nothing_is_served_twice(system, row, levels)?;
        self.refusals_have_their_reason(system, row, levels)
    }

    /// What the recorder made of them.
    fn check_figures(&self, plan: &Plan, row: RowId, levels: &Levels, figures: &Summary) -> Check {
        match figures.rows.get(&row) {
            None => self.counts_agree(&plan.cuts, &RowSummary::default()),
            Some(figures) => {
                self.counts_agree(&plan.cuts, figures)?;
                self.occupancy_agrees(&plan.cuts, figures, levels)?;
                let full = |level: Level| plan.system.ports_in_row(row) == Some(level.busy() as u64);
                let full = levels.integral(&plan.cuts, |level| u128::from(full(level)));
                prop_assert_eq!(u128::from(figures.full_nanos), full);
                Ok(())
            }
        }
    }

    /// Each grant is kept once; at each instant a granted port serves, rests or was released.
    fn nothing_is_lost(&self, levels: &Levels) -> Check {
        let mut granted = self.granted.clone();
        let mut starts: Vec<SimTime> = self.kept.iter().map(|kept| kept.start).collect();
        granted.sort_unstable();
        starts.sort_unstable();
        prop_assert_eq!(&granted, &starts);
        for kept in &self.kept {
            prop_assert!(kept.start <= kept.close && kept.close <= kept.release, "{:?}", kept);
        }
        for (time, level) in &levels.0 {
            let Level { in_use, resting, released } = *level;
            let granted = granted.partition_point(|grant| grant <= time) as i64;
            prop_assert_eq!(granted, released + in_use + resting, "at {:?}", time);
        }
        Ok(())
    }

    fn nothing_is_served_twice(&self, system: &System, row: RowId, levels: &Levels) -> Check {
        let ports = system.ports_in_row(row).map_or(i64::MAX, |ports| ports as i64);
        let cap = live_cap(system, row).unwrap_or(i64::MAX);
        for (time, level) in &levels.0 {
            prop_assert!(level.busy() <= ports, "{:?} of {} ports at {:?}", level, ports, time);
            prop_assert!(level.in_use <= cap, "{:?}, at most {} live, at {:?}", level, cap, time);
        }
        Ok(())
    }

    fn refusals_have_their_reason(&self, system: &System, row: RowId, levels: &Levels) -> Check {
        let ports = system.ports_in_row(row);
        let cap = system.paths.device().per_destination_cap().map(i64::from);
        for (time, reason) in &self.refused {
            let level = levels.at(*time);
            let true_reason = match reason {
                SnatFailure::NoFreePort => ports == Some(level.busy() as u64),
                SnatFailure::DestinationCap => Some(level.in_use) >= cap,
                SnatFailure::TotalCap => true,
                SnatFailure::SearchGaveUp => ports.is_none_or(|ports| (level.busy() as u64) < ports),
                SnatFailure::NodeCap | SnatFailure::TrackingTableFull => false,
                SnatFailure::NoEgress => ports == Some(0),
            };
            prop_assert!(true_reason, "{:?} with {:?} of {:?} ports at {:?}", reason, level, ports, time);
        }
        Ok(())
    }

    /// Attempts = opened + failed; busy time is the measured part of the times that ports were kept.
    fn counts_agree(&self, cuts: &Cuts, figures: &RowSummary) -> Check {
        let opened = self.kept.iter().filter(|kept| !kept.initial && cuts.hold(kept.start)).count() as u64;
        let failed = self.refused.iter().filter(|(time, _)| cuts.hold(*time)).count() as u64;
        prop_assert_eq!((figures.attempts, figures.snat_failures), (opened + failed, failed));
        let held = self.kept.iter().map(|kept| u128::from(cuts.measured(kept.start, kept.release)));
        prop_assert_eq!(figures.busy_nanos, held.sum::<u128>());
        Ok(())
    }

    /// The integral of busy ports over time, and their counts at grid instants.
    fn occupancy_agrees(&self, cuts: &Cuts, figures: &RowSummary, levels: &Levels) -> Check {
        prop_assert_eq!(figures.busy_nanos, levels.integral(cuts, |level| level.busy() as u128));
        let mut instants: BTreeMap<u64, u64> = BTreeMap::new();
        let (mut in_use, mut resting) = (0, 0);
        for instant in 0..cuts.grid_instants() as u64 {
            let level = levels.at(SimTime::from_nanos(cuts.origin.nanos() + instant * cuts.step.nanos()));
            *instants.entry(level.busy() as u64).or_default() += 1;
            in_use += level.in_use as u64;
            resting += level.resting as u64;
        }
        prop_assert_eq!((&figures.instants, figures.in_use, figures.resting), (&instants, in_use, resting));
        Ok(())
    }
}

/// Most live flows of a row: the cap of each of its public IPs.
fn live_cap(system: &System, row: RowId) -> Option<i64> {
    let cap = system.paths.device().per_destination_cap()?;
    Some(i64::from(cap) * system.ports(row).len() as i64)
}

/// The device's cap on all its flows.
fn total_cap(system: &System) -> Option<i64> {
    let caps = system.paths.device().caps.iter();
    let total = caps.map(|cap| match &cap.over {
        CapOver::Stage(most) => i64::from(*most),
        CapOver::EachNode(_) | CapOver::EachPool(_) => unreachable!("no system here has one"),
    });
    total.min()
}

/// Over all rows, live flows stay within the device's cap, and who is refused for it meets it full.
fn total_cap_holds(system: &System, rows: &BTreeMap<RowId, Account>) -> Check {
    let Some(cap) = total_cap(system) else { return Ok(()) };
    let levels = Levels::of(rows.values().flat_map(|account| &account.kept));
    for (time, level) in &levels.0 {
        prop_assert!(level.in_use <= cap, "{:?}, at most {} live, at {:?}", level, cap, time);
    }
    let capped = |(_, reason): &&(SimTime, SnatFailure)| *reason == SnatFailure::TotalCap;
    for (time, _) in rows.values().flat_map(|account| &account.refused).filter(capped) {
        prop_assert_eq!(levels.at(*time).in_use, cap, "at {:?}", time);
    }
    Ok(())
}

/// Runs one replication and checks every row of every shard.
fn audit(text: &str) -> Check {
    let plan = Plan::new(&scenario(text, &[])).unwrap();
    let sharding = if total_cap(&plan.system).is_some() { Sharding::ByQuota } else { Sharding::Smallest };
    let mut summary = Summary::empty(&plan.cuts);
    for shard in shards(&plan.system, sharding) {
        summary.merge(audit_shard(&plan, &shard)?);
    }
    let tries: u64 = summary.rows.values().map(|row| row.attempts).sum();
    let binned: u64 = summary.series.iter().map(|bin| bin.successful + bin.failed).sum();
    prop_assert_eq!(tries, binned);
    counts_agree(&plan, &summary)
}

/// What is counted of SYNs, flows and requests, of those that were asked for in the measured time.
fn counts_agree(plan: &Plan, summary: &Summary) -> Check {
    let counts = summary.counts();
    let granted = counts.attempts - counts.snat_failures;
    let workloads = &plan.system.workloads;
    let timeouts = summary.timeouts;
    if !workloads.iter().any(|workload| workload.ends.share(EndKind::HalfOpen) > 0.0) {
        prop_assert_eq!(granted, counts.flows - counts.connection_failures, "a grant is a flow that opened");
        let failures = counts.snat_failures + summary.no_local_port;
        prop_assert!(counts.connection_failures <= failures, "{:?}", counts);
        prop_assert!(timeouts.connecting <= counts.connection_failures, "{:?} {:?}", timeouts, counts);
    }
    let asked = counts.requests + summary.unresolved;
    match workloads.iter().any(|workload| workload.client_pool.is_some()) {
        false => {
            let (least, most) = (asked.saturating_sub(summary.no_local_port), asked);
            let first = counts.first_attempts;
            prop_assert!(
                (least..=most).contains(&first),
                "each request asks for a port, if its pod lets it: {:?}",
                counts
            );
        }
        true => prop_assert!(counts.first_attempts <= asked, "{:?}", counts),
    }
    prop_assert!(counts.attempts == 0 || counts.first_attempts > 0, "somebody was first: {:?}", counts);
    prop_assert!(counts.first_failures <= counts.first_attempts && counts.stale <= counts.requests);
    if !workloads.iter().any(|workload| workload.retry.is_some()) {
        let gave_up = timeouts.in_line + timeouts.awaiting_answer;
        prop_assert!(gave_up <= counts.request_failures, "{:?} {:?}", timeouts, counts);
        prop_assert!(counts.flows <= asked, "one flow a request: {:?}", counts);
    }
    Ok(())
}

fn audit_shard(plan: &Plan, shard: &Shard) -> Result<Summary, TestCaseError> {
    let recorder = Recorder::new(plan.cuts, &plan.system, shard);
    let mut ledger = Ledger { rows: BTreeMap::new(), connected: 0, recorder };
    let key = TrialKey { seed: plan.seed, replication: 0 };
    let events = run_shard(&plan.system, shard, key, &AtomicUsize::new(0), &mut ledger);
    let Ledger { rows, connected, recorder } = ledger;
    let figures = recorder.finish(events);
    for (row, account) in &rows {
        let levels = Levels::of(account.kept.iter());
        account.check_ports(&plan.system, *row, &levels)?;
        account.check_figures(plan, *row, &levels, &figures)?;
    }
    total_cap_holds(&plan.system, &rows)?;
    let unanswered = |workload: &Workload| workload.ends.share(EndKind::HalfOpen) > 0.0;
    let opened = rows.values().flat_map(|account| &account.kept).filter(|kept| !kept.initial).count();
    if !plan.system.workloads.iter().any(unanswered) {
        prop_assert_eq!(connected, opened);
    }
    Ok(figures)
}

pub fn device() -> impl Strategy<Value = String> {
    let partition =
        select(vec!["\"node\"", "\"shared\"", "{ instances = 2 }", "{ instances = 2, by_node = [2, 1, 2] }"]);
    let sharing = select(vec!["endpoint", "address", "exclusive", "exclusive-any-protocol"]);
    let caps = (prop::option::of(1u32..7), prop::option::of(2u32..16));
    let custom = (1u32..9, 1u32..4, partition, sharing, caps).prop_map(
        |(ports, ips, partition, sharing, (per_destination, total))| {
            let per_destination = per_destination.filter(|_| sharing == "endpoint");
            let cap = |key: &str, cap: Option<u32>| cap.map(|cap| format!("{key} = {cap}\n")).unwrap_or_default();
            format!(
                "model = \"custom\"\nports = {ports}\npublic_ips = {ips}\npartition = {partition}\nsharing = \"{sharing}\"\n{}{}",
                cap("per_destination_cap", per_destination),
                cap("total_cap", total)
            )
        },
    );
    let gateway = (1u32..9, 1u32..4, 1u32..9).prop_map(|(ports, ips, cap)| {
        format!(
            "model = \"azure/nat-gateway\"\nports_per_ip = {ports}\npublic_ips = {ips}\nper_destination_cap = {cap}\n"
        )
    });
    let balancer = select(vec![8u32, 16])
        .prop_map(|ports| format!("model = \"azure/load-balancer\"\nports_per_node = {ports}\n"));
    let firewall = (1u32..9).prop_map(|ports| {
        format!("model = \"azure/firewall\"\ninstances = 3\nports_per_ip_and_instance = {ports}\n")
    });
    let holds = select(vec!["\"0s\"", "\"1500ms\"", "{ exponential = { mean = \"1s\" } }"]);
    let timers = "udp_idle_timeout = \"1s\"\nhalf_open = \"2s\"";
    (prop_oneof![3 => custom, 1 => gateway, 1 => balancer, 1 => firewall], holds).prop_map(
        move |(device, hold)| {
            format!("[outbound]\n{device}hold_down = {hold}\n{timers}\nidle_timeout = \"4m\"\n")
        },
    )
}

pub fn workload() -> impl Strategy<Value = String> {
    let arrivals = select(vec![
        "poisson = { rate = \"3 per s\" }",
        "even = { rate = \"2 per s\" }",
        "batch = { rate = \"1 per s\", size.geometric = { mean = 3.0 } }",
        "herd = { every = \"7s\", clients = 9, jitter = \"1s\" }",
        "burst = { at = \"3s\", flows = 25 }",
    ]);
    let lifetime = select(vec![
        "constant = { value = \"0s\" }",
        "constant = { value = \"2s\" }",
        "exponential = { mean = \"1s\" }",
        "pareto = { mean = \"1s\", alpha = 1.5 }",
    ]);
    let destinations = select(vec!["a = 1", "a = 1, b = 2", "a = 1, dns = 1", "dns = 1"]);
    let ends = select(vec![
        "fin = 1",
        "fin = 0.5, rst = 0.5",
        "fin = 0.4, abandoned = 0.2, half_open = 0.2, refused = 0.2",
    ]);
    let syn = select(vec![
        "\"none\"",
        "\"linux-6.5\"",
        "\"linux-6.5\"\nrequest_timeout = \"1900ms\"",
        "\"none\"\nrequest_timeout = \"500ms\"",
        "[\"500ms\", \"1s\", \"1s\"]\nconnect_timeout = \"5s\"",
        "{ intervals = [\"500ms\", \"1s\"], grid = [[\"800ms\", \"300ms\"]], order = \"last-armed-first\" }\nconnect_timeout = \"5s\"",
    ]);
    let alone = (destinations, ends).prop_map(|(destinations, ends)| {
        format!("destinations = {{ {destinations} }}\nends = {{ {ends} }}\n")
    });
    let pooled = select(vec![
        "max = 2",
        "max = 3, idle_timeout = \"2s\"",
        "max = 1, idle_timeout = \"5m\"",
        "max = 2, streams = 3, order = \"fifo\", max_lifetime = { value = \"3s\", jitter = \"1s\" }",
        "max_idle = 1, idle_timeout = \"4s\", wait = { timeout = \"1s\" }",
        "max = 1, wait = { order = \"lifo\", timeout = \"700ms\" }",
        "preset = \"hikaricp\"",
    ])
    .prop_map(|pool| format!("destinations = {{ a = 1, b = 1 }}\nclient_pool = {{ {pool} }}\n"));
    let retry = select(vec![
        "",
        "retry = { attempts = 4, backoff = { base = \"300ms\", cap = \"2s\", jitter = \"full\" } }\n",
        "retry = { attempts = 9, backoff = { base = \"1s\" }, budget = { ratio = 0.2, floor = \"0.1 per s\" } }\n",
        "retry.orbit = { rate = \"1 per s\", persistence = 0.9 }\n",
    ]);
    (1u32..6, arrivals, lifetime, syn, retry, prop_oneof![3 => alone, 1 => pooled]).prop_map(
        |(pods, arrivals, lifetime, syn, retry, rest)| {
            format!(
                "[[workload]]\npods = {pods}\narrivals.{arrivals}\nlifetime.{lifetime}\nsyn = {syn}\n{retry}{rest}"
            )
        },
    )
}

pub const PLACES: &str = "[[node_pool]]\nnodes = 3\nmax_surge = 0\n[[destination]]\nname = \"a\"\naddress = \"203.0.113.1\"\n\
                      [[destination]]\nname = \"b\"\naddress = \"203.0.113.1\"\nport = 8443\n\
                      [[destination]]\nname = \"dns\"\nprotocol = \"udp\"\n";

const FEW_LOCAL_PORTS: &str = "[cluster]\nnetwork_plugin = \"azure-cni-pod-subnet\"\nlocal_ports = [1001, 1002]\n\
                               time_wait = \"1500ms\"\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ports_are_conserved(
        device in device(),
        workloads in prop::collection::vec(workload(), 1..4),
        warm_up in select(vec!["0s", "7s", "auto"]),
        seed in 0u32..1_000_000,
        cluster in select(vec!["", "", FEW_LOCAL_PORTS]),
    ) {
        let run = format!("[run]\nduration = \"40s\"\nwarm_up = \"{warm_up}\"\nreplications = 1\nseed = {seed}\n");
        audit(&format!("{device}{cluster}{PLACES}{}{run}", workloads.concat()))?;
    }
}
