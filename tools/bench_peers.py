"""`make bench-peers`: Prometheus with Alertmanager beside Scout, on the same traffic: delays and false alarms of each.

Each round has a space of its own. Its agents run dry: they detect and decide and change nothing, so that the fault
lasts until the slower ones have seen it too. `python tools/bench_peers.py --help` lists rounds and options.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers.feed import Feed
from peers.pages import Pages
from peers.programs import Missing, cache, programs
from peers.rules import VARIANTS
from peers.servers import HOST, peers

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.state import SpaceState, running_space

CHECKOUT = Path(__file__).resolve().parents[1]
FAULTS, CONTROLS = ("kill", "latency", "errors"), ("busy-day", "harmless-deploy")
ROUNDS = (*FAULTS, *CONTROLS)
LEARN_S, HOLD_S, CONTROL_S = 180.0, 780.0, 100.0  # 780: longer than the slowest rule, ten minutes of `for:`
SERVICES = ("quote-service", "policy-service", "user-service")
SCOUT = "Scout"
WHO = (SCOUT, *(one.name for one in VARIANTS))


@dataclass(frozen=True)
class Round:
    """What came of a round that was held for so long: seconds to the incident or page (None: none), false alarms."""

    name: str
    held: float
    delays: Mapping[str, float | None]
    first: Mapping[str, str]
    false: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Watched:
    """A running space and what its Scout and the peers have said, as (Unix seconds, words)."""

    state: SpaceState
    pages: Pages
    feed: Feed

    def said(self, who: str) -> list[tuple[float, str]]:
        """Return the incidents that Scout has opened, or the pages of a variant, oldest first."""
        if who != SCOUT:
            return [(page.at, page.alert) for page in self.pages.seen if page.variant == who]
        return sorted(asyncio.run(_opened(self.state)))

    def chaos(self, *words: str) -> Mapping[str, object]:
        """Run `trigger_chaos.py`; return its first JSON object."""
        command = [
            sys.executable,
            str(CHECKOUT / "trigger_chaos.py"),
            *words,
            "--state",
            str(self.state.root),
            "--json",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told: Mapping[str, object] = json.loads((done.stdout.strip().splitlines() or ["{}"])[0])
        return told


def main() -> None:
    """Play the rounds, print each, and the table of them all."""
    parser = argparse.ArgumentParser(description="Prometheus with Alertmanager beside Scout, on the same traffic.")
    parser.add_argument("rounds", nargs="*", metavar="ROUND", help=f"of {', '.join(ROUNDS)}; default: all")
    parser.add_argument("--hold", type=float, default=HOLD_S, help="how long a fault lasts at most, in seconds")
    parser.add_argument("--learn", type=float, default=LEARN_S, help="how long all is well before it, in seconds")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.rounds) - set(ROUNDS)):
        parser.error(f"there is no round {unknown[0]}")
    try:
        built = programs(cache())
    except Missing as error:
        sys.exit(f"bench-peers: {error}")
    rounds = []
    for name in asked.rounds or ROUNDS:
        rounds.append(play(name, built, asked.learn, asked.hold))
        print(line(rounds[-1]), flush=True)
    print("\n" + "\n".join(table(rounds)))


def play(name: str, built: Mapping[str, Path], learn: float, hold: float) -> Round:
    """Play one round: a healthy time, then the fault or control, until everybody has seen it or for a while."""
    with watched(built) as space:
        time.sleep(learn)
        begun = time.time()
        at = float(str(space.chaos(name).get("at", begun * 1e9))) / 1e9
        if name in CONTROLS:
            time.sleep(CONTROL_S)
        else:
            until(lambda: all(after(space.said(who), at) for who in WHO), hold)
        said = {who: space.said(who) for who in WHO}
        space.chaos("--recover")
        if space.feed.failure is not None:
            sys.exit(f"the peers did not get all of the spans, the round does not count: {space.feed.failure!r}")
    until_when = float("inf") if name in CONTROLS else at
    hits = {} if name in CONTROLS else {who: after(those, at) for who, those in said.items()}
    return Round(
        name,
        hold,
        {who: those[0][0] - at if those else None for who, those in hits.items()},
        {who: those[0][1] for who, those in hits.items() if those},
        {who: [words for when, words in those if when < until_when] for who, those in said.items()},
    )


def after(said: Sequence[tuple[float, str]], at: float) -> Sequence[tuple[float, str]]:
    """Return what was said since `at` (Unix seconds)."""
    return [one for one in said if one[0] >= at]


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition, for at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(1)


@contextmanager
def watched(built: Mapping[str, Path]) -> Iterator[Watched]:
    """Run a space, dry, and the peers beside it."""
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as folder, Pages() as pages:
        state, own = SpaceState(Path(folder) / "state"), Path(folder) / "peers"
        own.mkdir()
        program = str(Path(sys.executable).with_name("sre-space"))
        up = [program, "up", "--dry-run", "--ports", "free", "--state", str(state.root)]
        subprocess.run(up, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
        try:
            ports = running_space(state).ports
            urls = {name: f"http://{HOST}:{ports[name.replace('-', '_') + '_port']}/health" for name in SERVICES}
            with peers(built, own, urls, pages.url) as otlp, Feed(f"{HOST}:{ports['bus_port']}", otlp) as feed:
                yield Watched(state, pages, feed)
        finally:
            subprocess.run([program, "down", "--state", str(state.root)], check=True, stdout=subprocess.DEVNULL)


async def _opened(state: SpaceState) -> list[tuple[float, str]]:
    operator = Operator.of(state)
    try:
        cases = await operator.incidents.touched(0)
    finally:
        await operator.close()
    return [(case.chain[0].fact.at / 1e9, case.detection.key) for case in cases]


def line(round: Round) -> str:
    """Return one round as a line for people."""
    told = [f"{who} {cell(round, who)}" for who in round.delays]
    wrong = [f"{who}: {', '.join(said)}" for who, said in round.false.items() if said]
    return f"{round.name}: {'; '.join(told) or 'a control'}; false alarms: {'; '.join(wrong) or 'none'}"


def table(rounds: Sequence[Round]) -> list[str]:
    """Return the table of the delays of all faults, and of the false alarms of all rounds, as Markdown."""
    faults = [round for round in rounds if round.delays]
    rows = ["| who | " + " | ".join(f"{one.name}, s" for one in faults) + " | false alarms |"]
    rows.append("|---" * (len(faults) + 2) + "|")
    for who in WHO:
        false = sum(len(round.false[who]) for round in rounds)
        rows.append(f"| {who} | " + " | ".join(cell(one, who) for one in faults) + f" | {false} |")
    return rows


def cell(round: Round, who: str) -> str:
    """Return the delay of one of them in a round, with what it said first."""
    delay = round.delays[who]
    return f"{delay:.1f} (`{round.first[who]}`)" if delay is not None else f"none in {round.held:g}"


if __name__ == "__main__":
    main()
