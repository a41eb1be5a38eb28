"""Orders of people: signed by an operator's key, or a comment that is nothing but `/sre approve <plan>` or the like.

A signed order consists of plain `key=value` lines like a fact's footer, but is no link of the chain: it names the
decision that it approves, so it counts for that one, on that issue of that repository, and for nothing else. The rest
of a comment that begins with `/sre resolved ` says what ended the case; in a signed order these words, and those of a
hold, are encoded like a fact's payload, so that they pass every forge unchanged. A hold and its release are signed
orders only: no comment in words is one.
"""

import base64
import re
from dataclasses import dataclass
from typing import get_args

from sre_space.codec.footer import MAX_BODY
from sre_space.domain.errors import Malformed
from sre_space.ports.orders import Verb
from sre_space.ports.signing import Signer
from sre_space.text.prose import quotable, scrub

VERSION = "v1"
KEYS = ("sre-order", "repository", "issue", "order", "plan", "key", "signature")
VERBS: tuple[Verb, ...] = get_args(Verb)
_TEXTS = {
    "restart": "restart `{plan}`, by a person",
    "resolved": "resolved by a person, who says: `{plan}`",
    "hold": "the agents wait",
    "release": "the hold ends",
    "halt": "the agents are halted",
    "resume": "the agents may act again",
}
_ENCODED = ("resolved", "hold", "halt", "resume")  # orders whose plan is a text
_COMMAND = re.compile(r"/sre (?:(approve|reject) ([0-9a-f]{12})|(stop))")
_RESOLVED = "/sre resolved"
MAX_TEXT = 2_000  # characters of the text of `resolved` or of a hold


@dataclass(frozen=True)
class SignedOrder:
    """A parsed order that is not verified yet: `message` is what `signature` must cover."""

    repository: str
    issue: int
    verb: Verb
    plan: str
    key_id: str
    message: bytes
    signature: bytes


def render_order(repository: str, issue: int, verb: Verb, plan: str, signer: Signer) -> str:
    """Return the body of a comment that gives the order, signed."""
    encoded = _encode(plan[:MAX_TEXT].encode()) if verb in _ENCODED else plan
    values = (VERSION, repository, str(issue), verb, encoded, signer.key_id)
    message = "".join(f"{key}={value}\n" for key, value in zip(KEYS, values, strict=False))
    signature = _encode(signer.sign(message.encode()))
    text = _TEXTS.get(verb, "{verb} plan `{plan}`").format(verb=verb, plan=scrub(quotable(plan[:MAX_TEXT])))
    return f"**Operator**: {text}\n\n```text\n{message}signature={signature}\n```\n"


def parse_order(body: str) -> SignedOrder | None:
    """Return the signed order in a body; None when there is none. Raise nothing but `Malformed`, when it is broken."""
    if len(body) > MAX_BODY:
        raise Malformed(f"a body of {len(body)} characters is over {MAX_BODY}")
    lines = [line.strip() for line in body.strip().splitlines() if line.strip("` \t") not in ("", "text")]
    tail = [line.partition("=") for line in lines[-len(KEYS) :]]
    if tuple(key for key, _, _ in tail) != KEYS:
        return None
    values = {key: value for key, _, value in tail}
    verb = next((known for known in VERBS if known == values["order"]), None)
    if values["sre-order"] != VERSION or verb is None:
        raise Malformed(f"no order of {VERSION}: {values['order']!r}")
    try:
        signature = _decode(values["signature"])
        plan = _decode(values["plan"]).decode()[:MAX_TEXT] if verb in _ENCODED else values["plan"]
        issue = int(values["issue"])
        message = "".join(f"{key}={values[key]}\n" for key in KEYS[:-1]).encode()
    except ValueError as error:
        raise Malformed(f"an order does not parse: {error}") from error
    return SignedOrder(values["repository"], issue, verb, plan, values["key"], message, signature)


def parse_command(body: str) -> tuple[Verb, str] | None:
    """Return verb and plan ("" for stop) of a comment that is exactly one command; None for every other text.

    For `resolved` the plan is the text after it, at most `MAX_TEXT` characters.
    """
    text = body.strip().removeprefix(_RESOLVED)
    if len(text) < len(body.strip()) and text[:1].isspace():
        return "resolved", text.strip()[:MAX_TEXT]
    match = _COMMAND.fullmatch(body.strip())
    if match is None:
        return None
    verb = next(known for known in VERBS if known == (match[1] or match[3]))
    return verb, match[2] or ""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
