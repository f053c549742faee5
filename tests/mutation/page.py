"""Makes the page of a mutation run: what was changed, what the tests saw of it, and what they did not."""

import json
import sys
from collections import Counter
from math import sqrt

PARTS = ["snat", "outbound", "simulation", "metrics"]
CAUGHT = {"CaughtMutant", "Timeout"}


def wilson(hits, of, z=1.96):
    """95 % interval of a share (Wilson, 1927)."""
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    width = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - width, middle + width


def main():
    commit, shards, paths = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    outcomes = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            outcomes += [each for each in json.load(file)["outcomes"] if each["scenario"] != "Baseline"]
    counts = {part: Counter() for part in PARTS}
    missed = []
    for outcome in outcomes:
        mutant = outcome["scenario"]["Mutant"]
        part = mutant["file"].split("/")[1]
        summary = outcome["summary"]
        counts[part][summary] += 1
        if summary == "MissedMutant":
            missed.append(mutant["name"])
    print("# Changes of the engine that the tests see\n")
    print(
        f"{len(paths)} of {shards} shards of all changes that cargo-mutants proposes for these parts: each change was made alone at commit {commit}, and "
        "the tests were run on it (`tests/mutation/run`; without the slowest ones, which `tests/mutation/nextest.toml` names). Caught: a test failed or did not end."
    )
    print("Not counted: changes that do not compile.\n")
    print("| part | changes | caught | missed | caught, 95 % interval |")
    print("|---|--:|--:|--:|--:|")
    total = Counter()
    for part in PARTS + ["all"]:
        count = total if part == "all" else counts[part]
        if part != "all":
            total.update(count)
        caught = sum(count[each] for each in CAUGHT)
        all_of = caught + count["MissedMutant"]
        low, high = wilson(caught, all_of)
        share = f"{100 * caught / all_of:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)" if all_of else ""
        print(f"| {part} | {all_of} | {caught} | {count['MissedMutant']} | {share} |")
    if missed:
        print("\nMissed:\n")
        for name in sorted(missed):
            print(f"- `{name}`")


if __name__ == "__main__":
    main()
