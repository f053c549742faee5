"""Runs programs in turn, round after round, and prints what an event cost each of them.

`python measure.py ROUNDS` reads a program a line from standard input: its name, a tab, its command. Each one's median
ns/event is also given as a multiple of the first one's. A command prints one JSON object, a peer's or that of
`snatsim run -o json`.

The CPU time is the whole process's, in user mode, from start to end, as `wait4` gives it. The peak RSS is the kernel's
VmHWM, last read at most 10 ms before the end: `wait4` itself never gives less than this script's own.
"""

import json
import os
import shlex
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Run:
    user_seconds: float
    peak_mib: float
    events: int
    arrivals: int
    blocked: int


def peak_kib(pid, otherwise):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), otherwise)
    except OSError:
        return otherwise


def wait(pid):
    """The exit status, the resource usage and the peak RSS in KiB of a child."""
    peak = 0
    while True:
        peak = peak_kib(pid, peak)
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), usage, peak or usage.ru_maxrss
        time.sleep(0.01)


def run(command):
    with tempfile.TemporaryFile("w+") as output:
        to_output = [(os.POSIX_SPAWN_DUP2, output.fileno(), 1)]
        words = shlex.split(command)
        code, usage, peak = wait(os.posix_spawnp(words[0], words, os.environ, file_actions=to_output))
        if code != 0:
            sys.exit(f"measure.py: exit status {code} of `{command}`")
        output.seek(0)
        printed = json.load(output)
    if "performance" in printed:
        events, totals = printed["performance"]["events"], printed["totals"]
        arrivals, blocked = totals["attempts"], totals["snat_failures"]
    else:
        events, arrivals, blocked = printed["events"], printed["arrivals"], printed["blocked"]
    return Run(usage.ru_utime, peak / 1024, events, arrivals, blocked)


def nanoseconds(runs):
    return statistics.median(run.user_seconds * 1e9 / run.events for run in runs)


def row(name, runs, baseline):
    seconds = [run.user_seconds for run in runs]
    cost = nanoseconds(runs)
    return (
        f"{name:14} {statistics.median(seconds):8.3f}  {min(seconds):8.3f} to {max(seconds):8.3f} {cost:10.1f} "
        f"{runs[0].events:11,} {cost / nanoseconds(baseline):11.3f} {max(run.peak_mib for run in runs):9.1f} "
        f"{100 * runs[0].blocked / runs[0].arrivals:10.3f}"
    )


def main(rounds):
    commands = dict(line.rstrip("\n").split("\t", 1) for line in sys.stdin)
    runs = {name: [] for name in commands}
    for _ in range(int(rounds)):
        for name, command in commands.items():
            runs[name].append(run(command))
    baseline = next(iter(runs))
    print(
        f"{'program':14} {'user s':>8}  {'lowest to highest':>20} {'ns/event':>10} {'events':>11} "
        f"{'of ' + baseline:>11} {'peak MiB':>9} {'blocked %':>10}"
    )
    for name, of_program in runs.items():
        print(row(name, of_program, runs[baseline]))


if __name__ == "__main__":
    main(*sys.argv[1:])
