//! How requests come out, and whether their applications try again.

use super::case::{Budget, Retry};
use super::note::Note;
use super::simulator::{Event, Request, Simulator, nanos};

/// Requests and retries count towards a budget for so long.
const BUDGET_WINDOW: u64 = 10_000_000_000;

impl Simulator<'_> {
    pub fn succeeded(&mut self, request: usize) {
        self.comes_out(request, true);
    }

    pub fn comes_out(&mut self, request: usize, succeeded: bool) {
        let Request { asked, stale, .. } = self.requests[request];
        self.requests[request].over = true;
        self.notes.push(Note::Request { asked, succeeded, stale });
    }

    /// A try has failed.
    pub fn failed(&mut self, request: usize) {
        let Request { workload, tries, asked, .. } = self.requests[request];
        let Some(retry) = &self.case.workloads[workload].retry else { return self.comes_out(request, false) };
        if tries >= retry.attempts {
            return self.comes_out(request, false);
        }
        if !self.within_budget(request, retry) {
            self.notes.push(Note::RefusedByBudget { asked });
            return self.comes_out(request, false);
        }
        let doubled = nanos(retry.base) << (tries - 1);
        let wait = doubled.min(retry.cap.map_or(u64::MAX, nanos));
        self.notes.push(Note::BackingOff { time: self.now, more: 1 });
        self.requests[request].backs_off = true;
        self.at(self.now + wait, Event::TryAgain(request));
    }

    fn within_budget(&mut self, request: usize, retry: &Retry) -> bool {
        let Some(Budget { tenths, floor_tenths }) = &retry.budget else { return true };
        let client = self.client(request);
        let now = self.now;
        let (requests, retries) = self.tallies.entry(client).or_default();
        let latest = |times: &[u64]| times.iter().filter(|time| **time + BUDGET_WINDOW > now).count() as u64;
        let allowed = latest(requests) * u64::from(*tenths) + u64::from(*floor_tenths) * 10;
        let may = (latest(retries) + 1) * 10 <= allowed;
        if may {
            retries.push(now);
        }
        may
    }

    pub fn end_of_back_off(&mut self, request: usize) {
        self.requests[request].backs_off = false;
        self.notes.push(Note::BackingOff { time: self.now, more: -1 });
        self.try_once(request);
    }
}
