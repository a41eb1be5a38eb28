"""`make bench`: the figures of `docs/benchmarks.md`, from ten demonstrations in a row, each on a space of its own."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 10
WANTED = {"mttd_s": 2.0, "serving_s": 5.0, "mttr_s": 15.0}
WORDS = {
    "mttd_s": "kill to incident open",
    "serving_s": "kill to serving again",
    "mttr_s": "kill to recovery verified",
    "journeys_failed": "journey attempts failed",
    "whole_s": "the whole demonstration (warm)",
}


def main() -> None:
    """Run, print the table, exit 0 only if every run recovered and the medians are as wanted."""
    runs = [run(number) for number in range(1, RUNS + 1)]
    recovered = sum(bool(one["recovered"] and one["lesson"]) for one in runs)
    print(f"\nrecovered and learnt: {recovered} of {RUNS}\n")
    print("| figure | median | least | most | wanted |\n|---|---|---|---|---|")
    good = recovered == RUNS
    for key, words in WORDS.items():
        values = [float(one[key]) for one in runs if one[key] is not None]
        median = statistics.median(values)
        wanted = WANTED.get(key)
        good = good and (wanted is None or median <= wanted)
        told = f"≤ {wanted:g}" if wanted else ""
        print(f"| {words} | {median:.2f} | {min(values):.2f} | {max(values):.2f} | {told} |")
    sys.exit(0 if good else 1)


def run(number: int) -> dict[str, float]:
    """One demonstration; its last line."""
    program = Path(sys.executable).with_name("sre-space")
    begun = time.monotonic()
    done = subprocess.run([program, "demo", "--fault", "kill", "--json"], capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        sys.exit(f"run {number} failed:\n{done.stderr}")
    story: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    story["whole_s"] = time.monotonic() - begun
    print(
        f"run {number}: {'recovered' if story['recovered'] else 'NOT recovered'} after {story['mttr_s']} s", flush=True
    )
    return story


if __name__ == "__main__":
    main()
