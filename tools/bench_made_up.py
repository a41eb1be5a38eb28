"""The accuracy of diagnosis on random systems and faults, on which none of its rules was tuned.

Run by `make bench-diagnosis` (`tests/` is on the path for `support.shop`).
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator

from support.shop import Fault, Node, made_up, nodes_of, shop, telemetry

from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.domain.diagnosis import CauseKind

SYSTEMS = 60
REQUESTS = 200
SLOW_MS = 40.0


def main() -> None:
    """Print a row for each kind of fault (right service, right kind, verdicts) and for the healthy controls."""
    systems = int(sys.argv[1]) if len(sys.argv) > 1 else SYSTEMS
    tried, service, kind = Counter[str](), Counter[str](), Counter[str]()
    verdicts: dict[str, Counter[str]] = {}
    for seed in range(systems):
        roots = made_up(seed)
        baseline = telemetry(shop(REQUESTS, seed + 1, roots=roots))
        for name, expected, guilty, fault in _faults(roots, random.Random(seed)):
            diagnosis = diagnose(telemetry(shop(REQUESTS, seed + 3, fault, roots)), [baseline])
            tried[name] += 1
            verdicts.setdefault(name, Counter())[diagnosis.verdict] += 1
            hit = bool(diagnosis.causes) and diagnosis.causes[0].service == guilty
            service[name] += hit
            kind[name] += hit and diagnosis.causes[0].kind is expected
    print("\n| made-up fault | service @1 | kind @1 | verdicts |\n|---|---|---|---|")
    for name, count in tried.items():
        counts = ", ".join(f"{number} {verdict}" for verdict, number in verdicts[name].most_common())
        cells = ("", "") if name == "none" else (f"{service[name]}/{count}", f"{kind[name]}/{count}")
        print(f"| {name} | {cells[0]} | {cells[1]} | {counts} |")


def _faults(roots: tuple[Node, ...], chance: random.Random) -> Iterator[tuple[str, CauseKind, str, Fault]]:
    inner = [node for node in nodes_of(roots) if node.service != "gate"]
    served, statements = [node for node in inner if not node.statement], [node for node in inner if node.statement]
    yield "none", CauseKind.UNKNOWN, "", Fault()
    target = chance.choice(served)
    yield "slow code", CauseKind.SLOW_CODE, target.service, Fault(slow={target.operation: SLOW_MS})
    target = chance.choice(served)
    yield (
        "error in half of the requests",
        CauseKind.ERROR,
        target.service,
        Fault(fails={target.operation: "boom"}, share=0.5),
    )
    target = chance.choice(served)
    yield "crash", CauseKind.CRASH, target.service, Fault(dead=target.service)
    target = chance.choice(served)
    yield "hang", CauseKind.HANG, target.service, Fault(dead=target.service, dead_message="ReadTimeout")
    if statements:
        target = chance.choice(statements)
        yield "slow statement", CauseKind.SLOW_QUERY, target.service, Fault(slow={target.operation: SLOW_MS})
        target = chance.choice(statements)
        yield "failing statement", CauseKind.DEPENDENCY_ERROR, target.service, Fault(fails={target.operation: "disk"})
    callers = [node for node in served if node.calls]
    if callers:
        target = chance.choice(callers)
        yield "breaks off, no status", CauseKind.ERROR, target.service, Fault(breaks_off=target.operation)
    yield from _networks(roots, chance)


def _networks(roots: tuple[Node, ...], chance: random.Random) -> Iterator[tuple[str, CauseKind, str, Fault]]:
    pairs = {(up.service, down.service) for up in nodes_of(roots) for down in up.calls if up.service != down.service}
    callee = chance.choice(sorted({down for _, down in pairs}))
    slow = {pair: SLOW_MS for pair in pairs if pair[1] == callee}
    yield "network, its responses", CauseKind.SLOW_NETWORK, callee, Fault(way=slow, leg=0.0)
    yield "network, both legs", CauseKind.SLOW_NETWORK, callee, Fault(way=slow)
    callers = sorted({up for up, _ in pairs if up != "gate"})
    if callers:
        caller = chance.choice(callers)
        slow = {pair: SLOW_MS for pair in pairs if pair[0] == caller}
        yield "network, its requests", CauseKind.SLOW_NETWORK, caller, Fault(way=slow, leg=1.0)


if __name__ == "__main__":
    main()
