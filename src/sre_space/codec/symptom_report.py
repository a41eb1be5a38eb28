"""The active symptoms that Scout reports each second, signed; Fixer checks them right before it acts.

A record of the topic `sre_sightings`: JSON in the value, the key's id and the signature (hex) in the headers. The
signature covers the time, so a copy is as old as its original. `report` lists the detectors, for people and metrics.
"""

import json
from dataclasses import dataclass, replace

from sre_space.codec.detector_rows import report_of, table_of
from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import Agent
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.ports.bus import Record
from sre_space.ports.signing import Signer, TrustStore

KEY, SIGNATURE = "sre-key", "sre-signature"
_MAX_BYTES = 20_000  # what readers of version 0.1.0 accept
_MIN_ROOM = 1_000  # bytes; in less a detectors' report would hold nothing


@dataclass(frozen=True)
class SymptomReport:
    """What Scout's detectors report `at` a time (Unix ns).

    `seen` identifies each active symptom, and has the keys of those whom it accuses. `unknown` are symptoms of open
    incidents that Scout, started anew, has nothing to compare with for. `blind`: telemetry or the bus does not reach
    Scout, so a symptom that is not listed may be active all the same. `report` is None from a Scout of version 0.1.0,
    or when the symptoms leave no room.
    """

    repository: str
    at: int
    seen: tuple[str, ...]
    blind: bool
    report: DetectorsReport | None = None
    unknown: tuple[str, ...] = ()

    def shows(self, symptom: Symptom) -> bool:
        """Return True when the symptom, or one that joins it, is active."""
        return any(symptom.is_of(key, (key,)) for key in self.seen)

    def leaves_open(self, symptom: Symptom) -> bool:
        """Return True when a symptom that is not shown may be active all the same."""
        return symptom.identity in self.unknown or (self.blind and not symptom.kind.is_seen_by_probes)


def encode(symptom_report: SymptomReport, signer: Signer) -> tuple[bytes, dict[str, bytes]]:
    """Return the value and the headers of a signed record.

    If the symptoms do not fit, the first ones are kept, outages before others, and the report is marked `blind`, so
    that no reader takes a missing symptom for resolved.
    """
    value = _value(symptom_report)
    if len(value) > _MAX_BYTES:
        outages_first = sorted(
            symptom_report.seen, key=lambda key: not key.startswith(SymptomKind.INFRASTRUCTURE.of(""))
        )
        kept = tuple(outages_first[: len(symptom_report.seen) // 2])
        return encode(replace(symptom_report, seen=kept, blind=True, unknown=()), signer)
    return value, {KEY: signer.key_id.encode(), SIGNATURE: signer.sign(value).hex().encode()}


def _value(symptom_report: SymptomReport) -> bytes:
    """Return the record's value; the detectors' report gets the bytes that the symptoms leave."""
    fields: dict[str, object] = {"repository": symptom_report.repository, "at": symptom_report.at}
    fields |= {"seen": symptom_report.seen, "blind": symptom_report.blind}
    fields |= {"unknown": symptom_report.unknown} if symptom_report.unknown else {}
    room = _MAX_BYTES - len(json.dumps(fields)) - len(', "report": ')
    if symptom_report.report is not None and room >= _MIN_ROOM:
        fields["report"] = table_of(symptom_report.report, room)
    return json.dumps(fields, sort_keys=True).encode()


def decode(record: Record, trust: TrustStore) -> SymptomReport:
    """Return the symptom report in a record; raise `Malformed` unless Scout signed it."""
    symptom_report = _parsed(record.value)
    try:
        key, signature = record.headers[KEY].decode(), bytes.fromhex(record.headers[SIGNATURE].decode())
    except (KeyError, ValueError) as error:
        raise Malformed("a symptom report without a signature") from error
    if trust.owner(key, record.value, signature, symptom_report.at) != Agent.SCOUT.value:
        raise Malformed("a symptom report that Scout did not sign")
    return symptom_report


def _parsed(value: bytes) -> SymptomReport:
    if len(value) > _MAX_BYTES:
        raise Malformed(f"a record of {len(value)} bytes is not a symptom report")
    try:
        fields = json.loads(value)
        seen, unknown = (tuple(map(str, names)) for names in (fields["seen"], fields.get("unknown", ())))
        at, blind = int(fields["at"]), fields["blind"] is True
        return SymptomReport(str(fields["repository"]), at, seen, blind, report_of(fields.get("report"), at), unknown)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Malformed(f"a record that is not a symptom report: {error!r}") from error
