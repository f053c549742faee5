"""What the tests saw of changes of the engine: kept in outcomes.csv, a row a change, and shown as a page."""

import csv
import json
import sys
from collections import Counter
from math import sqrt
from pathlib import Path

SHARDS = 120
PARTS = ["snat", "outbound", "simulation", "metrics"]
CAUGHT = {"CaughtMutant", "Timeout"}
COLUMNS = ["commit", "shard", "change", "outcome", "since"]
TABLE = Path(__file__).with_name("outcomes.csv")


def rows():
    if not TABLE.exists():
        return []
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def next_shard():
    """The shard after the last one, as cargo-mutants wants it."""
    last = max((int(row["shard"]) for row in rows()), default=-1)
    return f"{(last + 1) % SHARDS}/{SHARDS}"


def add(commit, shard, path):
    with open(path, encoding="utf-8") as file:
        outcomes = [each for each in json.load(file)["outcomes"] if each["scenario"] != "Baseline"]
    number = shard.split("/")[0]
    is_new = not TABLE.exists()
    with TABLE.open("a", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if is_new:
            table.writerow(COLUMNS)
        for outcome in outcomes:
            table.writerow([commit, number, outcome["scenario"]["Mutant"]["name"], outcome["summary"], ""])


def wilson(hits, of, z=1.96):
    """95 % interval of a share (Wilson, 1927)."""
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    width = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - width, middle + width


def line(part, of_part):
    caught = sum(row["outcome"] in CAUGHT for row in of_part)
    missed = sum(row["outcome"] == "MissedMutant" for row in of_part)
    low, high = wilson(caught, caught + missed)
    share = f"{100 * caught / (caught + missed):.0f} % ({100 * low:.0f} to {100 * high:.0f} %)" if of_part else ""
    since = sum(row["outcome"] == "MissedMutant" and bool(row["since"]) for row in of_part)
    return f"| {part} | {caught + missed} | {caught} | {missed} | {share} | {since} |"


def page():
    every = rows()
    judged = [row for row in every if row["outcome"] in CAUGHT | {"MissedMutant"}]
    shards = {(row["commit"], row["shard"]) for row in every}
    commits = Counter(commit for commit, _ in shards)
    where = ", ".join(f"{count} at {commit}" for commit, count in commits.items())
    print("# Changes of the engine that the tests see\n")
    print(
        f"{len(shards)} shards ({where}) of {SHARDS}, into which all changes are dealt out that cargo-mutants proposes for these parts. Each change was made "
        "alone, and the tests were run on it (`tests/mutation/run`; without the slowest ones, which `tests/mutation/nextest.toml` names). Caught: a "
        f"test failed or did not end. Not counted: {len(every) - len(judged)} changes that do not compile. The shards are a random part of all changes, and "
        "the interval says what the others may be like.\n"
    )
    print("| part | changes | caught | missed | caught, 95 % interval | of the missed, looked into |")
    print("|---|--:|--:|--:|--:|--:|")
    for part in PARTS:
        print(line(part, [row for row in judged if row["change"].startswith(f"src/{part}/")]))
    print(line("all", judged))
    missed = sorted((row for row in judged if row["outcome"] == "MissedMutant"), key=lambda row: row["change"])
    if missed:
        print("\nMissed, and what became of it:\n")
        for row in missed:
            print(f"- `{row['change']}`: {row['since'] or 'not looked into yet'}")


def main():
    match sys.argv[1:]:
        case ["next"]:
            print(next_shard())
        case ["add", commit, shard, path]:
            add(commit, shard, path)
        case ["page"]:
            page()
        case _:
            sys.exit("usage: outcomes.py next | add COMMIT SHARD OUTCOMES | page")


if __name__ == "__main__":
    main()
