//! HdrHistogram files: percentile text (`.hgrm`) and interval logs (`.hlog`).
//!
//! Failure ratios are kept in parts per million, connect delays in microseconds. A replication is one interval of a
//! log; they stand one after another, as if they had been measured in turn.

use crate::error::Error;
use crate::experiment::results::Results;
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};
use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

/// Significant digits kept.
const DIGITS: u8 = 3;

/// Steps of the percentile text for each halving of the distance to 100 %.
const TICKS_PER_HALF: u32 = 5;

fn empty() -> Histogram<u64> {
    Histogram::new(DIGITS).expect("three digits are allowed")
}

fn record(histogram: &mut Histogram<u64>, value: u64) {
    histogram.record(value).expect("a histogram that resizes itself holds any value");
}

/// Failure ratios of the windows of each replication, parts per million.
pub fn failure_ratios_by_replication(results: &Results) -> Vec<Histogram<u64>> {
    let mut histograms = vec![empty(); results.replications as usize];
    for window in &results.windows {
        let ratio = window.snat_failures as f64 / window.attempts as f64;
        if let Some(histogram) = histograms.get_mut(window.replication as usize) {
            record(histogram, (ratio * 1e6).round() as u64);
        }
    }
    histograms
}

/// Connect delays of each replication, microseconds.
pub fn connect_delays_by_replication(results: &Results) -> Vec<Histogram<u64>> {
    let decode = |text: &String| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
    };
    results.connect_delay_histograms.iter().map(|text| decode(text).unwrap_or_else(empty)).collect()
}

/// Connect delays of all replications, microseconds.
pub fn connect_delays(results: &Results) -> Histogram<u64> {
    sum(&connect_delays_by_replication(results))
}

/// All histograms added up.
pub fn sum(histograms: &[Histogram<u64>]) -> Histogram<u64> {
    histograms.iter().fold(empty(), |mut sum, histogram| {
        sum.add(histogram).expect("a histogram that resizes itself holds any sum");
        sum
    })
}

/// Percentile text, as the public HdrHistogram plotter reads it; values are divided by `scale`.
pub fn percentiles(histogram: &Histogram<u64>, scale: f64, unit: &str) -> String {
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut seen = 0;
    for value in histogram.iter_quantiles(TICKS_PER_HALF) {
        seen += value.count_since_last_iteration();
        let (level, shown) = (value.quantile_iterated_to(), value.value_iterated_to() as f64 / scale);
        let odds =
            if level < 1.0 { format!("{:14.2}", 1.0 / (1.0 - level)) } else { format!("{:>14}", "inf") };
        let _ = writeln!(text, "{shown:12.6} {level:2.12} {seen:10} {odds}");
    }
    let (mean, deviation) = (histogram.mean() / scale, histogram.stdev() / scale);
    let _ = writeln!(text, "#[Mean    = {mean:12.6}, StdDeviation   = {deviation:12.6}]");
    let max = histogram.max() as f64 / scale;
    let _ = writeln!(text, "#[Max     = {max:12.6}, Total count    = {:12}]", histogram.len());
    let _ = writeln!(text, "#[Unit    = {unit}]");
    text
}

/// An interval log, one interval a replication of `seconds`.
pub fn interval_log(histograms: &[Histogram<u64>], seconds: f64, unit: &str) -> Result<Vec<u8>, Error> {
    let defect = |why: String| Error::Defect(format!("an interval log cannot be written: {why}"));
    let (mut bytes, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment(&format!("unit of values: {unit}"))
        .with_start_time(UNIX_EPOCH)
        .with_base_time(UNIX_EPOCH);
    let length = Duration::from_secs_f64(seconds);
    let mut log =
        builder.begin_log_with(&mut bytes, &mut serializer).map_err(|why| defect(format!("{why:?}")))?;
    for (replication, histogram) in histograms.iter().enumerate() {
        let name = format!("replication-{replication}");
        let start = length.saturating_mul(replication as u32);
        let written = log.write_histogram(histogram, start, length, Tag::new(&name));
        written.map_err(|why| defect(format!("{why:?}")))?;
    }
    Ok(bytes)
}
