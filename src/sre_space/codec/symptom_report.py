"""What Scout sees right now, signed: how Fixer knows, right before it acts, that the symptom still holds.

A record of the topic `sre_sightings`: JSON in the value, the key's id and the signature (hex) in the headers. The
signature covers the time, so a copy is as old as its original. `report` lists the detectors, for people and metrics.
"""

import json
from dataclasses import dataclass, replace

from sre_space.codec.detector_rows import report_of, table_of
from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import Agent
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.bus import Record
from sre_space.ports.signing import Signer, TrustStore

KEY, SIGNATURE = "sre-key", "sre-signature"
_MAX_BYTES = 20_000  # bytes: what readers of 0.1.0 take
_MIN_ROOM = 1_000  # bytes, without which a report would hold nothing


@dataclass(frozen=True)
class SymptomReport:
    """The symptoms that Scout's detectors see `at` (Unix ns), by key.

    `blind`: telemetry or bus do not reach Scout, so that what is not seen may be there all the same. `report` is None
    when a Scout of 0.1.0 tells, or when the symptoms leave no room.
    """

    repository: str
    at: int
    seen: tuple[str, ...]
    blind: bool
    report: DetectorsReport | None = None


def encode(symptom_report: SymptomReport, signer: Signer) -> tuple[bytes, dict[str, bytes]]:
    """The value and the headers of a record.

    Of more symptoms than a record holds the first ones are told, outages before others, and the rest is called unseen:
    what is not told then counts for nobody as gone.
    """
    value = _value(symptom_report)
    if len(value) > _MAX_BYTES:
        outages_first = sorted(
            symptom_report.seen, key=lambda key: not key.startswith(SymptomKind.INFRASTRUCTURE.of(""))
        )
        return encode(
            replace(symptom_report, seen=tuple(outages_first[: len(symptom_report.seen) // 2]), blind=True), signer
        )
    return value, {KEY: signer.key_id.encode(), SIGNATURE: signer.sign(value).hex().encode()}


def _value(symptom_report: SymptomReport) -> bytes:
    """The report has the room that the symptoms leave."""
    told: dict[str, object] = {"repository": symptom_report.repository, "at": symptom_report.at}
    told |= {"seen": symptom_report.seen, "blind": symptom_report.blind}
    room = _MAX_BYTES - len(json.dumps(told)) - len(', "report": ')
    if symptom_report.report is not None and room >= _MIN_ROOM:
        told["report"] = table_of(symptom_report.report, room)
    return json.dumps(told, sort_keys=True).encode()


def decode(record: Record, trust: TrustStore) -> SymptomReport:
    """A sighting that Scout signed; `Malformed` for anything else."""
    symptom_report = _parsed(record.value)
    try:
        key, signature = record.headers[KEY].decode(), bytes.fromhex(record.headers[SIGNATURE].decode())
    except (KeyError, ValueError) as error:
        raise Malformed("a sighting without a signature") from error
    if trust.owner(key, record.value, signature, symptom_report.at) != Agent.SCOUT.value:
        raise Malformed("a sighting that Scout did not sign")
    return symptom_report


def _parsed(value: bytes) -> SymptomReport:
    if len(value) > _MAX_BYTES:
        raise Malformed(f"a record of {len(value)} bytes is no sighting")
    try:
        told = json.loads(value)
        seen = tuple(str(name) for name in told["seen"])
        at, blind = int(told["at"]), told["blind"] is True
        return SymptomReport(str(told["repository"]), at, seen, blind, report_of(told.get("report"), at))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Malformed(f"a record that is no sighting: {error!r}") from error
