//! Progress on a terminal, and signals.

use crate::error::{Error, ExitStatus};
use crate::experiment::Control;
use crate::simulation::Sharding;
use clap::Args;
use clap::builder::TypedValueParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// How a simulation is run and watched.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Watching {
    /// Threads; by default one per core. The results do not depend on it.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_parser = threads())]
    threads: usize,
    /// No progress on standard error.
    #[arg(short, long)]
    quiet: bool,
}

/// More threads than this only wait for one another.
const MOST_THREADS: u64 = 1_024;

fn threads() -> impl TypedValueParser<Value = usize> {
    clap::value_parser!(u64).range(0..=MOST_THREADS).map(|threads| threads as usize)
}

/// Runs `work` with a progress bar of `things` on standard error, if that is a terminal, and stops it at SIGINT or SIGTERM.
pub(super) fn watched<T>(
    how: Watching,
    things: &str,
    work: impl FnOnce(&Control<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let stop = Arc::new(AtomicUsize::new(0));
    for (signal, status) in [
        (signal_hook::consts::SIGINT, ExitStatus::Interrupted),
        (signal_hook::consts::SIGTERM, ExitStatus::Terminated),
    ] {
        let registered =
            signal_hook::flag::register_usize(signal, Arc::clone(&stop), usize::from(status.code()));
        registered.map_err(|why| Error::Defect(format!("signals cannot be watched: {why}")))?;
    }
    let bar = bar(how.quiet, things);
    let progress = |done: u64, all: u64| {
        bar.set_length(all);
        // Threads may tell their progress out of order.
        bar.set_position(bar.position().max(done));
    };
    let control =
        Control { threads: how.threads, progress: &progress, stop: &stop, sharding: Sharding::Smallest };
    let result = work(&control);
    bar.finish_and_clear();
    result
}

fn bar(quiet: bool, things: &str) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(&format!(
        "{{bar:40}} {{pos}}/{{len}} {things}, {{per_sec}}, {{eta}} left"
    )) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
