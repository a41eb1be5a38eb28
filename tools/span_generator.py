"""Writes OTLP/JSON lines of an invented shop, of any size, for the speed figures of `bench_diagnosis.py`."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

TREE = (  # (parent row, service, operation, kind, own ms)
    (-1, "web", "GET /cart", 2, 3.0),
    (0, "web", "GET", 3, 1.0),
    (1, "cart", "GET /items", 2, 4.0),
    (2, "cart", "SELECT items", 3, 2.0),
    (0, "web", "POST", 3, 1.0),
    (4, "price", "POST /quote", 2, 5.0),
    (5, "price", "GET", 3, 1.0),
    (6, "tax", "GET /rate", 2, 2.0),
    (7, "tax", "SELECT rate", 3, 1.5),
    (5, "price", "render", 1, 2.0),
)
SLOW = 7  # the row that an incident makes slow
BATCH = 100  # traces a line


def lines(traces: int, slow: bool, seed: int) -> Iterator[str]:
    """Yield OTLP requests of BATCH traces, a line each; `slow` adds 50 ms of own work to one operation."""
    random_source = random.Random(seed)
    for first in range(0, traces, BATCH):
        spans: dict[str, list[str]] = {}
        for number in range(first, min(traces, first + BATCH)):
            _trace(number, slow, random_source, spans)
        resources = ",".join(_resource(service, spans_of_service) for service, spans_of_service in spans.items())
        yield f'{{"resourceSpans":[{resources}]}}\n'


def _resource(service: str, spans: list[str]) -> str:
    name = f'{{"key":"service.name","value":{{"stringValue":"{service}"}}}}'
    scope = f'{{"scope":{{"name":"shop"}},"spans":[{",".join(spans)}]}}'
    return f'{{"resource":{{"attributes":[{name}]}},"scopeSpans":[{scope}]}}'


def _trace(number: int, slow: bool, random_source: random.Random, into: dict[str, list[str]]) -> None:
    trace = f"{random_source.getrandbits(128):032x}"
    own = [ms * random_source.lognormvariate(0, 0.2) * 1e6 for *_, ms in TREE]
    if slow:
        own[SLOW] += 50e6
    length = list(own)
    for row in range(len(TREE) - 1, 0, -1):
        length[TREE[row][0]] += length[row]
    starts = [0.0] * len(TREE)
    used = [value / 2 for value in own]
    begin = 1_700_000_000_000_000_000 + number * 1_000_000
    ids = [f"{random_source.getrandbits(64):016x}" for _ in TREE]
    for row, (parent, service, *_) in enumerate(TREE):
        if parent >= 0:
            starts[row] = starts[parent] + used[parent]
            used[parent] += length[row]
        since, until = int(begin + starts[row]), int(begin + starts[row] + length[row])
        into.setdefault(service, []).append(_span(trace, ids, row, (since, until)))


def _span(trace: str, ids: list[str], row: int, times: tuple[int, int]) -> str:
    parent, _, operation, kind, _ = TREE[row]
    parent_field = f'"parentSpanId":"{ids[parent]}",' if parent >= 0 else ""
    values = {"http.request.method": "GET", "http.response.status_code": "200"}
    if operation.startswith("SELECT"):
        values = {"db.system": "postgresql", "db.query.text": f"{operation} WHERE id = $1"}
    attributes = ",".join(f'{{"key":"{key}","value":{{"stringValue":"{value}"}}}}' for key, value in values.items())
    return (
        f'{{"traceId":"{trace}","spanId":"{ids[row]}",{parent_field}"name":"{operation}","kind":{kind},'
        f'"startTimeUnixNano":"{times[0]}","endTimeUnixNano":"{times[1]}","attributes":[{attributes}],"status":{{}}}}'
    )


def write(folder: Path, traces: int, slow: bool, seed: int) -> None:
    """Write `traces.jsonl` with 10 spans a trace."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "traces.jsonl").open("w") as file:
        file.writelines(lines(traces, slow, seed))


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) // len(TREE), sys.argv[3:] == ["slow"], 1)
