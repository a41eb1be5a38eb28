"""The changes around an incident: most are innocent, and at most one brought the fault."""

import random
from collections.abc import Iterator, Sequence

from sre_evaluation.hostile.fault import Fault
from sre_evaluation.hostile.faults_between import SlowStatement, Unreachable
from sre_evaluation.hostile.faults_inside import HeldLock, Raises, SlowCode, Swallows, WrongAnswer
from sre_evaluation.hostile.topology import System

NS = 1_000_000_000
Record = dict[str, object]

_INNOCENT = (
    ("Bump the linter", "@@ .github/workflows/ci.yml @@\n-      run: lint@1.8\n+      run: lint@1.9"),
    ("Fix a typo in the README", "@@ README.md @@\n-recieve\n+receive"),
    ("Add a test for empty input", "@@ tests/test_input.py @@\n+def test_empty():\n+    assert parse('') == []"),
    ("Rename a variable", "@@ src/handler.py @@\n-    res = load(id)\n+    result = load(id)"),
    ("Log the size of the answer", '@@ src/handler.py @@\n+    log.debug("answer of %d bytes", len(body))'),
    ("Raise the memory limit", "@@ deploy/values.yaml @@\n-  memory: 512Mi\n+  memory: 768Mi"),
    ("Show the new logo", "@@ web/header.css @@\n-  background: url(a.png)\n+  background: url(b.png)"),
    ("Remove an unused import", "@@ src/handler.py @@\n-import os"),
    ("Add a feature flag, off", "@@ config/flags.yaml @@\n+  newCheckout: false"),
    ("Upgrade a dependency", "@@ requirements.txt @@\n-requests==2.31.0\n+requests==2.32.3"),
)
_GUILTY = {
    SlowCode: ("Check every item against the whole list",
               "@@ src/handler.py @@\n-    found = index[item.id]\n+    found = [x for x in all if x == item][0]"),
    Raises: ("Read the amount from the new field",
             "@@ src/handler.py @@\n-    amount = body.get('total', 0)\n+    amount = body['totals']['total']"),
    WrongAnswer: ("Return the rate as a fraction", "@@ src/rate.py @@\n-    return rate\n+    return rate / 100 - 1"),
    Swallows: ("Go on when the answer is empty",
               "@@ src/handler.py @@\n-    raise\n+    return {}"),
    SlowStatement: ("Drop the index that nobody uses", "@@ migrations/0042.sql @@\n+DROP INDEX idx_lookup;"),
    HeldLock: ("Update the totals under one lock",
               "@@ src/totals.py @@\n-    totals[key] += value\n+    with global_lock:\n+        recompute(totals)"),
}  # fmt: skip


def changes(system: System, faults: Sequence[Fault], onset: int, many: int, chance: random.Random) -> list[Record]:
    """Return change records by time; the guilty one, if any, has the id that `guilty` gives."""
    found = [*_innocent(system, onset, many, chance), *_guilty(faults, onset, chance)]
    return sorted(found, key=lambda record: int(str(record["time"])))


def _innocent(system: System, onset: int, many: int, chance: random.Random) -> Iterator[Record]:
    for _ in range(many):
        summary, diff = chance.choice(_INNOCENT)
        back = int(chance.choice((20, 90, 600, 1800, 7200, 40_000)) * chance.uniform(0.5, 1.5) * NS)
        yield _record(chance, onset - back, chance.choice([*system.services]), "deployment", summary, diff)


def _guilty(faults: Sequence[Fault], onset: int, chance: random.Random) -> Iterator[Record]:
    for fault in faults:
        if not fault.change:
            continue
        if isinstance(fault, Unreachable):
            kind, summary = "config", "Rotate the credentials"
            diff = f"@@ deploy/config/{fault.service}.env @@\n-DB_PASSWORD=${{OLD}}\n+DB_PASSWORD=${{NEW}}"
        else:
            kind, (summary, diff) = "deployment", _GUILTY[type(fault)]
        record = _record(chance, onset - int(chance.uniform(1, 15) * NS), fault.service, kind, summary, diff)
        fault.change = str(record["id"])
        yield record


def _record(chance: random.Random, at: int, service: str, kind: str, summary: str, diff: str) -> Record:
    return {"id": f"{chance.getrandbits(160):040x}", "time": str(at), "service": service, "kind": kind,
            "summary": summary, "diff": diff}  # fmt: skip
