"""Compares the HdrHistogram files of output folders with results.json, through a foreign reader.

Values are kept to three digits, so that a reader may answer anything within one part in a thousand; counts are exact.
"""

import json
import math
import sys
from pathlib import Path

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

DIGITS = 1e-3
PERCENTILES = [50, 90, 95, 99, 99.9, 100]


def check(good, what):
    if not good:
        sys.exit(f"foreign reader disagrees: {what}")


def same(found, expected):
    return abs(found - expected) <= DIGITS * max(abs(found), abs(expected)) + 1e-9


def intervals(file):
    """The histograms of the log, one a replication, by the foreign reader."""
    reader = HistogramLogReader(str(file), HdrHistogram(1, 10**12, 3))
    found = []
    while (histogram := reader.get_next_interval_histogram()) is not None:
        found.append(histogram)
    return found


def added(histograms):
    total = HdrHistogram(1, 10**12, 3)
    for histogram in histograms:
        total.add(histogram)
    return total


def percentile_text(file):
    """(value, level, count) of each line, and the total count."""
    lines = [line.split() for line in file.read_text().splitlines()]
    rows = [line for line in lines if len(line) == 4 and line[0][0].isdigit()]
    totals = [line for line in lines if line and line[0] == "#[Max"]
    count = int(totals[0][-1].rstrip("]"))
    return [(float(value), float(level), int(below)) for value, level, below, _ in rows], count


def check_text(name, total, scale, file):
    """Each line must name a recorded value, how many values reach up to it, and a level between that and the value before."""
    rows, count = percentile_text(file)
    check(count == total.get_total_count(), f"{name}: {count} values in the text, {total.get_total_count()} in the log")
    recorded = [(step.value_iterated_to / scale, step.total_count_to_this_value) for step in total.get_recorded_iterator()]
    for value, level, below in rows:
        position = min(range(len(recorded)), key=lambda place: abs(recorded[place][0] - value))
        found, reached = recorded[position]
        before = recorded[position - 1][1] if position > 0 else 0
        check(same(found, value), f"{name}: the text has {value}, the nearest in the log is {found}")
        check(reached == below, f"{name}: {reached} values up to {value} in the log, {below} in the text")
        check(before <= level * count * (1 + 1e-12) and level * count <= reached * (1 + 1e-12), f"{name}: {value} is no {level} quantile")
    return len(rows)


def at_rank(values, level):
    return values[max(math.ceil(level / 100 * len(values)), 1) - 1]


def failure_ratio(folder, results):
    logs = intervals(folder / "failure_ratio.hlog")
    for number, histogram in enumerate(logs):
        windows = [window for window in results["windows"] if window["replication"] == number]
        check(histogram.get_total_count() == len(windows), f"replication {number}: {len(windows)} windows")
    total = added(logs)
    exact = sorted(window["snat_failures"] / window["attempts"] for window in results["windows"])
    found = {}
    for level in PERCENTILES:
        found[level] = total.get_value_at_percentile(level) / 1e6
        # Kept in parts per million.
        expected = at_rank(exact, level)
        check(abs(found[level] - expected) <= DIGITS * expected + 1e-6, f"ratio p{level}: {found[level]}, exact {expected}")
    rows = check_text("failure_ratio", total, 1e6, folder / "failure_ratio.hgrm")
    print(f"  failure_ratio: {len(logs)} intervals, {total.get_total_count()} windows, {rows} lines of text agree; ", end="")
    print(", ".join(f"p{level} {value:.6f}" for level, value in found.items()))


def connect_delay(folder, results):
    logs = intervals(folder / "connect_delay.hlog")
    total = added(logs)
    granted = results["totals"]["attempts"] - results["totals"]["snat_failures"]
    delay = results["connect_delay_s"]
    found = {level: total.get_value_at_percentile(level) / 1e6 for level in PERCENTILES}
    for level, name in [(50, "p50"), (99, "p99"), (100, "max")]:
        check(same(found[level], delay[name]), f"delay {name}: {found[level]} s, results have {delay[name]} s")
    check(same(total.get_mean_value() / 1e6, delay["mean"]), f"mean delay: {total.get_mean_value() / 1e6} s, results have {delay['mean']} s")
    check(total.get_total_count() == granted, f"{total.get_total_count()} delays, {granted} flows were granted a port")
    rows = check_text("connect_delay", total, 1e3, folder / "connect_delay.hgrm")
    print(f"  connect_delay: {len(logs)} intervals, {total.get_total_count()} flows, {rows} lines of text agree; ", end="")
    print(", ".join(f"p{level} {value:.3f} s" for level, value in found.items()))


def main():
    for folder in map(Path, sys.argv[1:]):
        results = json.loads((folder / "results.json").read_text())
        print(f"{folder.name}: {results['replications']} replications")
        for file in ["failure_ratio", "connect_delay"]:
            check(len(intervals(folder / f"{file}.hlog")) == results["replications"], f"{file}: one interval a replication")
        failure_ratio(folder, results)
        connect_delay(folder, results)


main()
