"""The CPU cost of a journey and the duration of a quote, at the usual demand and at four times as much (`busy-day`).

`python tools/bench_application.py`: a separate space, 20 s of each demand. CPU time is that of the units, so other work
on the machine affects the durations more than the costs.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from sre_chaos.experiments import BUSY, USUAL_JOURNEYS
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.state import Running, SpaceState, running_space

CHECKOUT = Path(__file__).resolve().parents[1]
SETTLES_S, SECONDS = 10.0, 20.0
APPLICATION = ("quote-service", "policy-service", "user-service", "traffic")
MAX_QUOTES = 2000  # quotes that are requested from Jaeger


def main() -> None:
    """Measure both demands and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        program = Path(sys.executable).with_name("sre-space")
        subprocess.run([program, "up", "--ports", "free", "--state", state], check=True, stdout=subprocess.DEVNULL)
        try:
            print("| journeys a second | application, ms of CPU a journey | all units | quote p50, ms | p90, ms |")
            print("|---|---|---|---|---|")
            show(SpaceState(state), USUAL_JOURNEYS)
            chaos = (sys.executable, str(CHECKOUT / "trigger_chaos.py"), "busy-day", "--state", str(state))
            subprocess.run(chaos, check=True, stdout=subprocess.DEVNULL)
            show(SpaceState(state), BUSY)
        finally:
            subprocess.run([program, "down", "--state", state], check=True, stdout=subprocess.DEVNULL)


def show(state: SpaceState, demand: float) -> None:
    """Wait until the demand has settled, measure, and print one line of the table."""
    time.sleep(SETTLES_S)
    running = running_space(state)
    before, begun = spent(running), time.time()
    time.sleep(SECONDS)
    used = {unit: seconds - before.get(unit, 0.0) for unit, seconds in spent(running).items()}
    per_journey = 1000 / (SECONDS * demand)
    application = sum(used[unit] for unit in APPLICATION)
    quotes = durations(running.ports["jaeger_port"], begun)
    print(
        f"| {demand:g} | {application * per_journey:.0f} | {sum(used.values()) * per_journey:.0f} "
        f"| {quotes[len(quotes) // 2]:.0f} | {quotes[len(quotes) * 9 // 10]:.0f} |"
    )


def spent(running: Running) -> dict[str, float]:
    """Return the CPU seconds of each unit, by name."""
    units = space_supervisor.units(running.socket)
    return {unit.name: sum(psutil.Process(unit.pid).cpu_times()[:2]) for unit in units}


def durations(port: int, since: float) -> list[float]:
    """Return the durations in ms of the quotes since `since` (Unix seconds), shortest first."""
    query: dict[str, str | int] = {
        "service": "quote-service", "operation": "POST /quotes", "start": int(since * 1e6), "limit": MAX_QUOTES,
    }  # fmt: skip
    traces = httpx.get(f"http://127.0.0.1:{port}/api/traces", params=query, timeout=60).json()["data"]
    spans = [span for trace in traces for span in trace["spans"] if span["operationName"] == "POST /quotes"]
    return sorted(span["duration"] / 1000 for span in spans)


if __name__ == "__main__":
    main()
