//! The failure-rate histogram: how bad a window was, over all windows of all replications.
//!
//! Windows without a failure stand apart, in a strip of their own: beside thousands of them the bad ones could not be
//! seen, and the bad ones are what a reviewer looks for.

use crate::experiment::results::{Results, Window};
use crate::report::chart::{Axis, Bar, Chart, Ink, Mark, Panel, Shape, nice_step};
use crate::report::number::{count, counted, number, percent, span};
use crate::report::table::Table;

/// Bars aimed at.
const BINS: f64 = 24.0;

/// The histogram with its strip.
pub fn chart(results: &Results) -> Chart {
    let windows = Windows::of(results);
    Chart {
        name: "failure_ratio".into(),
        finding: windows.finding(),
        explanation: windows.explanation(),
        panels: vec![windows.strip(), windows.histogram()],
        table: windows.table(),
    }
}

/// Windows by whether and how they failed.
struct Windows {
    width_s: f64,
    without: u64,
    empty: u64,
    /// Failure ratios above 0, in percent, rising.
    failing: Vec<f64>,
    bin: f64,
}

impl Windows {
    fn of(results: &Results) -> Self {
        let ratio = |window: &Window| 100.0 * window.snat_failures as f64 / window.attempts as f64;
        let failing = results.windows.iter().filter(|window| window.snat_failures > 0);
        let mut failing: Vec<f64> = failing.map(ratio).collect();
        failing.sort_by(f64::total_cmp);
        let without = (results.windows.len() - failing.len()) as u64;
        let bin = failing.last().map_or(1.0, |worst| nice_step(worst / BINS));
        Self { width_s: results.window_s, without, empty: results.empty_windows, failing, bin }
    }

    fn all(&self) -> u64 {
        self.without + self.failing.len() as u64
    }

    fn finding(&self) -> String {
        let windows = format!("windows of {}", span(self.width_s));
        let (failing, all) = (self.failing.len() as u64, self.all());
        let Some(worst) = self.failing.last() else {
            return match all {
                0 => "No connection was attempted, so there is nothing to judge".into(),
                _ => format!("No attempt failed in any of {} {windows}", count(all)),
            };
        };
        let median = self.failing[(failing as usize - 1) / 2];
        let share = percent(failing as f64 / all as f64);
        format!(
            "Attempts fail in {} of {} {windows} ({share}); of those, the median one loses {} %, the worst {} %",
            count(failing),
            count(all),
            number(median),
            number(*worst)
        )
    }

    fn explanation(&self) -> String {
        let empty = match self.empty {
            0 => String::new(),
            empty => format!(" {} without any attempt left out.", counted(empty, "window")),
        };
        format!(
            "Each window of {} of each replication counts once. The strip splits them into windows without and with a \
             failed attempt; the bars show how many attempts the failing windows lost.{empty}",
            span(self.width_s)
        )
    }

    /// One bar, cut in two.
    fn strip(&self) -> Panel {
        let all = self.all().max(1) as f64;
        let border = 100.0 * self.without as f64 / all;
        let part = |from: f64, to: f64| {
            Shape::Bars(vec![Bar { from: (from, 0.0), to: (to, 1.0), label: String::new() }])
        };
        let name = |what: &str, windows: u64| {
            format!("{what}: {} ({})", counted(windows, "window"), percent(windows as f64 / all))
        };
        let failing = self.failing.len() as u64;
        Panel {
            height: 0.24,
            x: Axis::from_zero("share of all windows (%)", 100.0, number),
            y: Axis::places("", (0.0, 1.0), Vec::new()),
            marks: vec![
                Mark::named(name("no failure", self.without), Ink::Success, part(0.0, border)),
                Mark::named(
                    name("with failures", failing),
                    Ink::Failure,
                    part(border, 100.0 * (self.without + failing) as f64 / all),
                ),
            ],
        }
    }

    /// (from, to, windows) of each bar; a ratio on the border belongs to the lower one.
    fn bins(&self) -> Vec<(f64, f64, u64)> {
        let bin = |ratio: f64| ((ratio / self.bin - 1e-9).ceil().max(1.0) - 1.0) as usize;
        let mut counts = vec![0; self.failing.last().map_or(0, |worst| bin(*worst) + 1)];
        self.failing.iter().for_each(|ratio| counts[bin(*ratio)] += 1);
        let edge = |number: usize| number as f64 * self.bin;
        counts
            .into_iter()
            .enumerate()
            .map(|(number, windows)| (edge(number), edge(number + 1), windows))
            .collect()
    }

    fn histogram(&self) -> Panel {
        let bins = self.bins();
        let most = bins.iter().map(|(.., windows)| *windows).max().unwrap_or(0);
        let gap = self.bin * 0.04;
        let bar = |(from, to, windows): &(f64, f64, u64)| Bar {
            from: (from + gap, 0.0),
            to: (to - gap, *windows as f64),
            label: if *windows == 0 { String::new() } else { count(*windows) },
        };
        let shape = match bins.is_empty() {
            true => Shape::Note("no window with a failure".into()),
            false => Shape::Bars(bins.iter().map(bar).collect()),
        };
        let widest = bins.last().map_or(1.0, |(_, to, _)| *to);
        Panel {
            height: 0.76,
            x: Axis::from_zero("attempts of the window that found no SNAT port (%)", widest, number),
            y: Axis::counts("failing windows", most + most / 12),
            marks: vec![Mark::bare(Ink::Failure, shape)],
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(["attempts without a port", "windows", "share"]);
        let share = |windows: u64| percent(windows as f64 / self.all().max(1) as f64);
        table.push(["none".into(), count(self.without), share(self.without)]);
        for (from, to, windows) in self.bins() {
            let range = format!("above {} % to {} %", number(from), number(to));
            table.push([range, count(windows), share(windows)]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(without: u64, failing: &[f64]) -> Windows {
        let bin = failing.last().map_or(1.0, |worst| nice_step(worst / BINS));
        Windows { width_s: 60.0, without, empty: 0, failing: failing.to_vec(), bin }
    }

    #[test]
    fn every_failing_window_is_in_one_bar() {
        let windows = windows(5, &[0.5, 1.0, 1.5, 24.0]);
        assert_eq!(windows.bins().iter().map(|(.., count)| count).sum::<u64>(), 4);
        assert_eq!(windows.bins()[0], (0.0, 1.0, 2));
        assert_eq!(windows.bins().last().unwrap(), &(23.0, 24.0, 1));
        assert_eq!(windows.table().rows[0], ["none", "5", "55.56 %"]);
    }

    #[test]
    fn the_title_states_the_finding() {
        assert_eq!(windows(0, &[]).finding(), "No connection was attempted, so there is nothing to judge");
        assert_eq!(windows(1200, &[]).finding(), "No attempt failed in any of 1,200 windows of 1 min");
        assert_eq!(
            windows(3, &[50.0]).finding(),
            "Attempts fail in 1 of 4 windows of 1 min (25 %); of those, the median one loses 50 %, the worst 50 %"
        );
    }
}
