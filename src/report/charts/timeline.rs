//! Failures and occupancy over time.

use crate::experiment::results::{Phase, Results, SeriesBin};
use crate::report::chart::{Axis, Chart, Ink, Mark, Panel, Shape};
use crate::report::number::{count, number, span};
use crate::report::table::Table;

/// Points that a picture can show; longer runs are drawn coarser.
const POINTS: usize = 480;

/// Rows of the table beside the chart.
const ROWS: usize = 60;

/// Two panels over the same time.
pub fn chart(results: &Results) -> Chart {
    let failures = Failures::of(results);
    let ports = ports(results);
    let range = match results.replications {
        1 => "",
        _ => ", mean over replications and their range",
    };
    Chart {
        name: "timeline".into(),
        finding: finding(results, &failures, &ports),
        explanation: format!(
            "Above, attempts that found no port in each {}{range}; below, ports held over the whole device, all \
             destinations together, mean over replications and over each {}.{}",
            span(failures.width_s),
            span(
                ports.windows(2).next().map_or(results.duration_s, |pair| pair[1].start_s - pair[0].start_s)
            ),
            moments_told(results)
        ),
        panels: vec![failures.panel(results), ports_panel(results, &ports)],
        table: table(&failures, &ports),
    }
}

fn finding(results: &Results, failures: &Failures, ports: &[Held]) -> String {
    let worst =
        failures.bins.iter().enumerate().max_by(|(_, one), (_, other)| one.mean.total_cmp(&other.mean));
    match (results.first_failure_s, worst.filter(|(_, worst)| worst.mean > 0.0)) {
        (Some(first), Some((place, worst))) => format!(
            "The first attempt fails {} s after the start; in the worst {}, from {}, {} fail{}",
            number(first),
            span(failures.width_s),
            span(place as f64 * failures.width_s),
            number(worst.mean),
            match worst.most > worst.mean {
                true => format!(" on average, {} in one replication", number(worst.most)),
                false => String::new(),
            }
        ),
        _ => {
            let most = ports.iter().map(Held::all).fold(0.0, f64::max);
            let width =
                ports.windows(2).next().map_or(results.duration_s, |pair| pair[1].start_s - pair[0].start_s);
            let width = span(width);
            format!("No attempt fails; in the fullest {width} {} ports are held on average", number(most))
        }
    }
}

/// Failed attempts of a stretch of time, over replications.
#[derive(Clone, Copy)]
struct Failed {
    mean: f64,
    least: f64,
    most: f64,
}

/// Failed attempts, a window or several at a time.
struct Failures {
    width_s: f64,
    bins: Vec<Failed>,
}

impl Failures {
    fn of(results: &Results) -> Self {
        let windows = (results.duration_s / results.window_s).ceil().max(1.0) as usize;
        let together = windows.div_ceil(POINTS);
        let width_s = results.window_s * together as f64;
        let trials = results.replications.max(1) as usize;
        let mut failed = vec![vec![0.0; trials]; windows.div_ceil(together)];
        for window in &results.windows {
            let bin = failed.get_mut((window.start_s / width_s + 1e-9) as usize);
            if let Some(failed) = bin.and_then(|bin| bin.get_mut(window.replication as usize)) {
                *failed += window.snat_failures as f64;
            }
        }
        let over_trials = |failed: Vec<f64>| Failed {
            mean: failed.iter().sum::<f64>() / trials as f64,
            least: failed.iter().copied().fold(f64::INFINITY, f64::min),
            most: failed.iter().copied().fold(0.0, f64::max),
        };
        Self { width_s, bins: failed.into_iter().map(over_trials).collect() }
    }

    fn panel(&self, results: &Results) -> Panel {
        let end = results.duration_s;
        let steps = |value: fn(&Failed) -> f64| {
            let edge = |number: usize| (number as f64 * self.width_s).min(end);
            let bins = self.bins.iter().enumerate();
            bins.flat_map(move |(number, bin)| [(edge(number), value(bin)), (edge(number + 1), value(bin))])
        };
        let mut marks =
            vec![Mark::named("failed attempts", Ink::Failure, Shape::Line(steps(|bin| bin.mean).collect()))];
        if self.bins.iter().any(|bin| bin.most > bin.least) {
            let ends = steps(|bin| bin.least).zip(steps(|bin| bin.most));
            let range = Shape::Band(ends.map(|((x, least), (_, most))| (x, least, most)).collect());
            marks.insert(0, Mark::named("least to most of the replications", Ink::FailureRange, range));
        }
        marks.extend(moments(results, |number| number.to_string()));
        let most = self.bins.iter().map(|bin| bin.most).fold(0.0, f64::max);
        Panel {
            height: 0.47,
            x: Axis::places("", (0.0, end), Vec::new()),
            y: Axis::from_zero(&format!("failed in {}", span(self.width_s)), most, number),
            marks,
        }
    }
}

/// Ports held over a stretch of time, mean over replications.
struct Held {
    start_s: f64,
    in_use: f64,
    hold_down: f64,
}

impl Held {
    fn all(&self) -> f64 {
        self.in_use + self.hold_down
    }
}

fn ports(results: &Results) -> Vec<Held> {
    let trials: Vec<&[SeriesBin]> =
        results.series.chunk_by(|one, other| one.replication == other.replication).collect();
    let bins = trials.first().map_or(0, |bins| bins.len());
    let together = bins.div_ceil(POINTS).max(1);
    let held = |first: usize| {
        let bins = || trials.iter().flat_map(move |trial| trial.iter().skip(first).take(together));
        let mean =
            |value: fn(&SeriesBin) -> f64| bins().map(value).sum::<f64>() / bins().count().max(1) as f64;
        let start_s = bins().next().map_or(0.0, |bin| bin.start_s);
        Held { start_s, in_use: mean(|bin| bin.in_use), hold_down: mean(|bin| bin.hold_down) }
    };
    (0..bins).step_by(together).map(held).collect()
}

fn ports_panel(results: &Results, ports: &[Held]) -> Panel {
    let end = results.duration_s;
    let band = |low: fn(&Held) -> f64, high: fn(&Held) -> f64| {
        let ends = ports.iter().skip(1).map(|held| held.start_s).chain([end]);
        let steps = ports.iter().zip(ends);
        Shape::Band(
            steps.flat_map(|(held, end)| [held.start_s, end].map(|at| (at, low(held), high(held)))).collect(),
        )
    };
    let mut most = ports.iter().map(Held::all).fold(0.0, f64::max);
    let mut marks = vec![
        Mark::named("in hold-down", Ink::HoldDown, band(|held| held.in_use, Held::all)),
        Mark::named("serving a flow", Ink::InUse, band(|_| 0.0, |held| held.in_use)),
    ];
    // A limit far above the curve would only flatten it.
    if let Some(all) = all_ports(results).filter(|all| *all < 4.0 * most) {
        most = most.max(all);
        let name = match results.phases.is_empty() {
            true => format!("all ports of the device: {}", count(all as u64)),
            false => "all ports of the device".into(),
        };
        marks.push(Mark::named(name, Ink::Limit, Shape::Dashes(limit(results, all))));
    }
    marks.extend(moments(results, |_| String::new()));
    Panel {
        height: 0.53,
        x: Axis::times("time", end),
        y: Axis::from_zero("ports", most * 1.02, number),
        marks,
    }
}

/// Moments at which something happens, each with a label made of its number.
fn moments(results: &Results, label: impl Fn(usize) -> String) -> Option<Mark> {
    let happen = results.phases.iter().filter(|phase| !phase.what.is_empty());
    // Labels closer than this would cover one another.
    let apart = results.duration_s / 50.0;
    let mut labelled = f64::NEG_INFINITY;
    let moment = |(number, phase): (usize, &Phase)| {
        let is_free = phase.start_s - labelled >= apart;
        labelled = if is_free { phase.start_s } else { labelled };
        (phase.start_s, if is_free { label(number + 1) } else { String::new() })
    };
    let moments: Vec<(f64, String)> = happen.enumerate().map(moment).collect();
    (!moments.is_empty()).then(|| Mark::bare(Ink::Moment, Shape::Moments(moments)))
}

/// What happens at them, by number.
fn moments_told(results: &Results) -> String {
    let happen = results.phases.iter().filter(|phase| !phase.what.is_empty());
    let told: Vec<String> = happen
        .enumerate()
        .map(|(number, phase)| format!("{}: {}", number + 1, phase.what.join(", ")))
        .collect();
    if told.is_empty() { String::new() } else { format!(" Marked moments: {}.", told.join("; ")) }
}

/// All ports of the device over time: as many as `all` where nothing changes them.
fn limit(results: &Results, all: f64) -> Vec<(f64, f64)> {
    if results.phases.is_empty() {
        return vec![(0.0, all), (results.duration_s, all)];
    }
    let step = |phase: &Phase| {
        let ports = phase.ports.map_or(all, |ports| ports as f64);
        [(phase.start_s, ports), (phase.end_s, ports)]
    };
    results.phases.iter().flat_map(step).collect()
}

/// Ports of all port pools, where one destination has them all; several destinations share ports.
fn all_ports(results: &Results) -> Option<f64> {
    if results.failures_by_destination.len() != 1 {
        return None;
    }
    if !results.phases.is_empty() {
        let most = results.phases.iter().map(|phase| phase.ports).max()?;
        return most.map(|ports| ports as f64);
    }
    let ports = results.occupancy_by_pool.iter().map(|pool| pool.ports).collect::<Option<Vec<u64>>>()?;
    Some(ports.iter().sum::<u64>() as f64)
}

fn table(failures: &Failures, ports: &[Held]) -> Table {
    let mut table =
        Table::new(["from", "failed attempts from here on", "ports serving a flow", "ports in hold-down"]);
    for (place, held) in ports.iter().enumerate() {
        let until = ports.get(place + 1).map_or(f64::INFINITY, |next| next.start_s);
        let inside = |at: f64| held.start_s <= at + 1e-9 && at + 1e-9 < until;
        let bins = failures.bins.iter().enumerate();
        let failed: f64 = bins
            .filter(|(bin, _)| inside(*bin as f64 * failures.width_s))
            .map(|(_, failed)| failed.mean)
            .sum();
        table.push([span(held.start_s), number(failed), number(held.in_use), number(held.hold_down)]);
    }
    table.cut(ROWS)
}
