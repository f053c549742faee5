//! Whether failures end after a trigger, seen from the windows.
//!
//! Left out: runs in which nothing but bursts is asked for. Their failures end with their clients' patience, which
//! says nothing of the system.

use crate::experiment::plan::{Plan, longest_rest};
use crate::experiment::results::{Recovery, ReplicationRecovery, Window};
use crate::workload::arrivals::Trigger;

/// What the windows say, where the traffic has a trigger in the measured time and something to come back to.
pub fn recovery(plan: &Plan, windows: &[Window]) -> Option<Recovery> {
    let duration = plan.system.timing.duration();
    let triggers = plan.system.workloads.iter().flat_map(|workload| workload.arrivals.triggers());
    let triggers: Vec<Trigger> = triggers.filter(|trigger| trigger.begin < duration).collect();
    let first = triggers.iter().map(|trigger| trigger.begin).min()?;
    let last = triggers.iter().map(|trigger| trigger.end.min(duration)).max()?;
    if plan.is_pure_burst() {
        return None;
    }
    let rest = plan.system.workloads.iter().map(|workload| longest_rest(&plan.system, workload));
    let window_s = plan.cuts.window.as_secs_f64();
    let judge = Judge {
        first_trigger_s: first.as_secs_f64(),
        last_trigger_s: last.as_secs_f64(),
        quiet_s: rest.fold(window_s, f64::max),
        window_s,
        duration_s: duration.as_secs_f64(),
    };
    Some(judge.recovery(plan.replications, windows))
}

struct Judge {
    first_trigger_s: f64,
    last_trigger_s: f64,
    quiet_s: f64,
    window_s: f64,
    duration_s: f64,
}

impl Judge {
    fn recovery(&self, replications: u32, windows: &[Window]) -> Recovery {
        let before = windows.iter().filter(|window| window.start_s + self.window_s <= self.first_trigger_s);
        let failing_above = before.map(failure_ratio).fold(0.0, f64::max);
        let failing: Vec<&Window> =
            windows.iter().filter(|window| failure_ratio(window) > failing_above).collect();
        let replications: Vec<ReplicationRecovery> =
            (0..replications).map(|number| self.replication(number, &failing)).collect();
        let times: Vec<f64> = replications.iter().filter_map(|each| each.time_to_recover_s).collect();
        let recovered = times.len() as f64;
        Recovery {
            first_trigger_s: self.first_trigger_s,
            last_trigger_s: self.last_trigger_s,
            failing_above,
            quiet_s: self.quiet_s,
            share_recovered: recovered / replications.len() as f64,
            mean_time_to_recover_s: (recovered > 0.0).then(|| times.iter().sum::<f64>() / recovered),
            replications,
        }
    }

    fn replication(&self, replication: u32, failing: &[&Window]) -> ReplicationRecovery {
        let mut starts =
            failing.iter().filter(|window| window.replication == replication).map(|window| window.start_s);
        let first = starts.next();
        let last = starts.next_back().or(first);
        let over = last.map_or(0.0, |start| (start + self.window_s).min(self.duration_s));
        let recovered = last.is_none() || over + self.quiet_s <= self.duration_s;
        ReplicationRecovery {
            replication,
            first_failing_window_s: first,
            last_failing_window_s: last,
            recovered,
            time_to_recover_s: recovered.then(|| (over - self.last_trigger_s).max(0.0)),
        }
    }
}

fn failure_ratio(window: &Window) -> f64 {
    window.snat_failures as f64 / window.attempts as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of 10 s of one replication, by failures among 100 attempts.
    fn windows(failures: &[u64]) -> Vec<Window> {
        let window = |(number, failed): (usize, &u64)| Window {
            replication: 0,
            start_s: number as f64 * 10.0,
            attempts: 100,
            snat_failures: *failed,
            partial: false,
        };
        failures.iter().enumerate().map(window).collect()
    }

    /// A trigger from 20 to 25 s, ports that rest 20 s, 80 s in all.
    fn found(failures: &[u64]) -> Recovery {
        let judge = Judge {
            first_trigger_s: 20.0,
            last_trigger_s: 25.0,
            quiet_s: 20.0,
            window_s: 10.0,
            duration_s: 80.0,
        };
        judge.recovery(1, &windows(failures))
    }

    #[test]
    fn failures_that_end_long_before_the_run_does_are_recovered_from() {
        let found = found(&[0, 0, 50, 60, 1, 0, 0, 0]);
        let only = found.replications[0];
        assert_eq!((only.first_failing_window_s, only.last_failing_window_s), (Some(20.0), Some(40.0)));
        assert_eq!((found.share_recovered, found.mean_time_to_recover_s), (1.0, Some(25.0)));
    }

    #[test]
    fn a_pause_shorter_than_ports_rest_is_no_recovery() {
        let found = found(&[0, 0, 50, 60, 1, 0, 1, 0]);
        assert_eq!((found.share_recovered, found.mean_time_to_recover_s), (0.0, None));
        assert_eq!(found.replications[0].last_failing_window_s, Some(60.0));
    }

    #[test]
    fn windows_that_fail_no_more_than_before_the_trigger_do_not_count() {
        let found = found(&[1, 3, 50, 3, 2, 3, 1, 3]);
        assert_eq!((found.failing_above, found.mean_time_to_recover_s), (0.03, Some(5.0)));
    }

    #[test]
    fn a_trigger_that_breaks_nothing_leaves_nothing_to_recover_from() {
        let found = found(&[0; 8]);
        assert_eq!(found.replications[0].first_failing_window_s, None);
        assert_eq!((found.share_recovered, found.mean_time_to_recover_s), (1.0, Some(0.0)));
    }
}
