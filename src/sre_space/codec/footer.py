"""The signed footer under a fact: plain `key=value` lines that survive every forge's sanitizer.

GitHub's MCP server strips HTML comments and mangles quotes, so the payload travels as base64url
and nothing else than `A-Za-z0-9-_=./:` appears. A copy in another issue, repository or incident
does not verify because all three are signed. Signature: Ed25519 (RFC 8032) over the lines above it.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sre_space.codec.fitting import fitted
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import PAYLOAD, Fact, Payload, Step
from sre_space.ports.signing import Signer

VERSION = "v1"
MAX_PAYLOAD = 16 * 1024
MAX_BODY = 65_536  # characters of an issue or a comment, as on GitHub: a longer text holds no fact
MAX_CACHED, MAX_CACHED_BODY = 256, 16 * 1024  # bodies, and the characters of each: some MiB at most
KEYS = (
    "sre-fact",
    "incident",
    "repository",
    "issue",
    "seq",
    "prev",
    "step",
    "attempt",
    "at",
    "key",
    "payload",
    "signature",
)

_FENCED_FOOTER = re.compile(r"\n`{3}\w*\s*\nsre-fact=")
_ADAPTERS: dict[Step, TypeAdapter[Any]] = {step: TypeAdapter(kind) for step, kind in PAYLOAD.items()}


@dataclass(frozen=True)
class SignedFact:
    """A parsed footer, not yet verified: `message` is what `signature` must cover."""

    fact: Fact
    key_id: str
    message: bytes
    signature: bytes

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of the signed bytes, which the next fact repeats as its `prev`."""
        return hashlib.sha256(self.message).hexdigest()


def sign(fact: Fact, signer: Signer) -> SignedFact:
    """Return the fact signed, its prose cut to fit 16 KiB; raise `Malformed` when the result could not be parsed."""
    fact = replace(fact, payload=fitted(fact.payload, lambda payload: len(_dumped(fact.step, payload)), MAX_PAYLOAD))
    message = _message(fact, signer.key_id)
    return SignedFact(fact, signer.key_id, message, signer.sign(message))


def render(signed: SignedFact, prose: str) -> str:
    """Return the body of a comment: the prose, then the footer as the last lines, fenced so that it reads as data."""
    return f"{prose.rstrip()}\n\n```text\n{signed.message.decode()}signature={_encode(signed.signature)}\n```\n"


def parse_footer(body: str) -> SignedFact | None:
    """Return the footer of a body, or None without one; raise `Malformed` if it is broken or the body over `MAX_BODY`.

    Nothing else is raised and the time is proportional to the length of the body, whatever it holds. Agents read the
    same bodies at every poll, so the newest results are cached: they depend on the body alone, and facts are frozen.
    """
    if len(body) > MAX_BODY:
        raise Malformed(f"a body of {len(body)} characters is over {MAX_BODY}")
    return _cached(body) if len(body) <= MAX_CACHED_BODY else _parsed(body)


def prose_of(body: str) -> str:
    """Return the part that people read: everything above the footer."""
    return _FENCED_FOOTER.split(body)[0].rstrip()


def _parsed(body: str) -> SignedFact | None:
    lines = [line.strip() for line in body.strip().splitlines() if line.strip("` \t") not in ("", "text")]
    tail = [line.partition("=") for line in lines[-len(KEYS) :]]
    if tuple(key for key, _, _ in tail) != KEYS:
        return None
    values = {key: value for key, _, value in tail}
    if values["sre-fact"] != VERSION:
        raise Malformed(f"fact version {values['sre-fact']!r} is not {VERSION}")
    try:
        fact = _fact(values)
        signature = _decode(values["signature"])
        message = "".join(f"{key}={values[key]}\n" for key in KEYS[:-1]).encode()
    except ValueError as error:  # also from base64, from numbers with too many digits, and from lone surrogates
        raise Malformed(f"a fact's footer does not parse: {error}") from error
    return SignedFact(fact, values["key"], message, signature)


_cached = lru_cache(MAX_CACHED)(_parsed)


def _fact(values: dict[str, str]) -> Fact:
    step = Step(values["step"])
    return Fact(
        incident=values["incident"],
        repository=values["repository"],
        issue=int(values["issue"]),
        seq=int(values["seq"]),
        prev=values["prev"],
        step=step,
        attempt=int(values["attempt"]),
        at=int(values["at"]),
        payload=_read(step, _decode(values["payload"])),
    )


def _read(step: Step, payload: bytes) -> Payload:
    if len(payload) > MAX_PAYLOAD:
        raise Malformed(f"the payload of {step} has {len(payload)} bytes, over {MAX_PAYLOAD}")
    try:
        read: Payload = _ADAPTERS[step].validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        raise Malformed(f"payload of {step}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return read


def _dumped(step: Step, payload: Payload) -> bytes:
    """Return the payload as JSON, without the fields added after 0.1.0 that still have their default."""
    return _ADAPTERS[step].dump_json(payload, exclude=_omitted(payload))


def _omitted(value: object) -> dict[Any, Any]:
    """Return in pydantic's form which fields of a dataclass are left out, and of the dataclasses in its tuples."""
    assert is_dataclass(value)
    left_out: dict[Any, Any] = {}
    for field in fields(value):
        held = getattr(value, field.name)
        if field.metadata and held == field.default:
            left_out[field.name] = True
        elif isinstance(held, tuple):
            parts = {place: part for place, one in enumerate(held) if is_dataclass(one) and (part := _omitted(one))}
            left_out |= {field.name: parts} if parts else {}
    return left_out


def _message(fact: Fact, key_id: str) -> bytes:
    payload = _dumped(fact.step, fact.payload)
    _read(fact.step, payload)  # a payload that does not parse (it holds an infinite number) is never signed
    values = (
        VERSION, fact.incident, fact.repository, fact.issue, fact.seq, fact.prev, fact.step.value,
        fact.attempt, fact.at, key_id, _encode(payload),
    )  # fmt: skip
    return "".join(f"{key}={value}\n" for key, value in zip(KEYS, values, strict=False)).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
