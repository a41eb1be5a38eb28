"""`make bench`: the figures of `docs/benchmarks.md`, from ten demonstrations in a row, each in a new space."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 10
TARGETS = {"mttd_s": 2.0, "serving_s": 5.0, "mttr_s": 15.0}
LABELS = {
    "mttd_s": "kill to incident open",
    "serving_s": "kill to serving again",
    "mttr_s": "kill to recovery verified",
    "journeys_failed": "journey attempts failed",
    "whole_s": "the whole demonstration (warm)",
}


def main() -> None:
    """Run, print the table, exit 0 only if every run recovered and the medians meet the targets."""
    runs = [run(number) for number in range(1, RUNS + 1)]
    recovered = sum(bool(story["recovered"] and story["lesson"]) for story in runs)
    print(f"\nrecovered and learnt: {recovered} of {RUNS}\n")
    print("| figure | median | min | max | target |\n|---|---|---|---|---|")
    passed = recovered == RUNS
    for key, label in LABELS.items():
        values = [float(story[key]) for story in runs if story[key] is not None]
        median = statistics.median(values)
        target = TARGETS.get(key)
        passed = passed and (target is None or median <= target)
        shown_target = f"≤ {target:g}" if target else ""
        print(f"| {label} | {median:.2f} | {min(values):.2f} | {max(values):.2f} | {shown_target} |")
    sys.exit(0 if passed else 1)


def run(number: int) -> dict[str, float]:
    """Run one demonstration and return its figures, with its whole duration in seconds."""
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
