"""A past for a new space, so that Scout knows what is usual without minutes of learning.

For each operation that is heard of, frames of sketches of the minutes before are put on the bus, marked as the space's
own, and Scout is started anew: it reads them back, as after any restart (`feeds/signal_consumer.py`). They tell of
healthy requests that took long: what a busy machine makes slow is then usual, and a fault is not.
"""

from collections import Counter
from collections.abc import Sequence

from confluent_kafka import Producer
from support.live import LiveSpace
from support.waiting import until
from support.world import SERVICES

from sre_space.analysis.statistics.sketch import Sketch
from sre_space.bootstrap.record_key import read_record_key
from sre_space.bootstrap.space.servers import OTLP
from sre_space.codec.record_mac import headers_of
from sre_space.codec.sketches import Frame, Sketches, decode, encode
from sre_space.codec.topics import SIGNALS

SECOND, MS = 10**9, 10**6
LASTED_S = 240  # four times what is learnt at least
EACH_SECOND_MS = (*[60] * 8, *[100] * 3, 200)  # over 200 ms is slow then: also a call that is given up after 250
SERVED = 60  # spans of a service
NOBODYS_PARTITION = 9_999  # of `otlp_spans`: its offsets are in no other frame


def give_a_past(live: LiveSpace, services: Sequence[str] = SERVICES) -> None:
    """Let Scout read back that all was well before the space was started."""
    heard = until(lambda: _heard(live, services), "spans of every service are on the bus")
    begun = min(second for _, second in heard)
    frames = [
        Frame(NOBODYS_PARTITION, number, number, {(one, second): _usual() for one, _ in heard})
        for number, second in enumerate(range(begun - LASTED_S, begun))
    ]
    _publish(live, frames)
    on_duty = live.state.on_duty("scout")
    on_duty.unlink(missing_ok=True)
    live.kill("scout")
    until(on_duty.exists, "Scout is on duty again")


def _heard(live: LiveSpace, services: Sequence[str]) -> Sketches:
    """Return the sketches on the bus; none before each service has served SERVED spans, enough to show all it does."""
    records = live.records(SIGNALS, 0)
    heard = {key: sketch for record in records for key, sketch in decode(record.value).sketches.items()}
    served = Counter[str]()
    for (operation, _), sketch in heard.items():
        served[operation.service] += sketch.count
    return heard if all(served[name] >= SERVED for name in services) else {}


def _usual() -> Sketch:
    """One second of an operation."""
    sketch = Sketch()
    for duration in EACH_SECOND_MS:
        sketch.durations.add(duration * MS)
    return sketch


def _publish(live: LiveSpace, frames: Sequence[Frame]) -> None:
    """Each as Scout would have when its second was over."""
    key = None if OTLP in live.running.servers else read_record_key(live.state.record_key)
    producer = Producer({"bootstrap.servers": live.bus, "log_level": 0})
    for frame in frames:
        value, over = encode(frame), max(second for _, second in frame.sketches) + 1
        headers: dict[str, str | bytes | None] = {**(headers_of(key, SIGNALS, value) if key else {})}
        producer.produce(SIGNALS, value, headers=headers, timestamp=over * 1000)
    assert producer.flush(60) == 0
