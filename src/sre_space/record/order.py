"""Orders of people: signed by an operator's key, or a comment that is nothing but `/sre approve <plan>`.

A signed order is plain `key=value` lines like a fact's footer, but no link of the chain: it names the decision that it
is about, so it approves that one, once, on that issue of that repository, and nothing else.
A comment that begins with `/sre resolved ` tells in the rest of it what ended the case; signed, the words are encoded
as a fact's payload is, for they must come through every forge as they were.
"""

import base64
import re
from dataclasses import dataclass
from typing import get_args

from sre_space.codec.footer import MAX_BODY
from sre_space.domain.errors import Malformed
from sre_space.ports.orders import Verb
from sre_space.ports.signing import Signer
from sre_space.text.prose import quiet, scrub

VERSION = "v1"
KEYS = ("sre-order", "repository", "issue", "order", "plan", "key", "signature")
VERBS: tuple[Verb, ...] = get_args(Verb)
_SAID = {"restart": "restart `{plan}`, by a person", "resolved": "resolved by a person, who says: `{plan}`"}
_COMMAND = re.compile(r"/sre (?:(approve|reject) ([0-9a-f]{12})|(stop))")
_RESOLVED = "/sre resolved"
MAX_SAID = 2_000  # characters of what is said


@dataclass(frozen=True)
class SignedOrder:
    """A parsed order, not yet verified: `message` is what `signature` must cover."""

    repository: str
    issue: int
    verb: Verb
    plan: str
    key_id: str
    message: bytes
    signature: bytes


def render_order(repository: str, issue: int, verb: Verb, plan: str, signer: Signer) -> str:
    """The body of a comment that orders it."""
    named = _encode(plan[:MAX_SAID].encode()) if verb == "resolved" else plan
    values = (VERSION, repository, str(issue), verb, named, signer.key_id)
    message = "".join(f"{key}={value}\n" for key, value in zip(KEYS, values, strict=False))
    signature = _encode(signer.sign(message.encode()))
    said = _SAID.get(verb, "{verb} plan `{plan}`").format(verb=verb, plan=scrub(quiet(plan[:MAX_SAID])))
    return f"**Operator**: {said}\n\n```text\n{message}signature={signature}\n```\n"


def parse_order(body: str) -> SignedOrder | None:
    """The signed order of a body; None when there is none, `Malformed` when it is broken, and nothing else."""
    if len(body) > MAX_BODY:
        raise Malformed(f"a body of {len(body)} characters is over {MAX_BODY}")
    lines = [line.strip() for line in body.strip().splitlines() if line.strip("` \t") not in ("", "text")]
    tail = [line.partition("=") for line in lines[-len(KEYS) :]]
    if tuple(key for key, _, _ in tail) != KEYS:
        return None
    values = {key: value for key, _, value in tail}
    verb = next((one for one in VERBS if one == values["order"]), None)
    if values["sre-order"] != VERSION or verb is None:
        raise Malformed(f"no order of {VERSION}: {values['order']!r}")
    try:
        signed = _decode(values["signature"])
        plan = _decode(values["plan"]).decode()[:MAX_SAID] if verb == "resolved" else values["plan"]
        issue = int(values["issue"])
        message = "".join(f"{key}={values[key]}\n" for key in KEYS[:-1]).encode()
    except ValueError as error:
        raise Malformed(f"an order does not parse: {error}") from error
    return SignedOrder(values["repository"], issue, verb, plan, values["key"], message, signed)


def parse_command(body: str) -> tuple[Verb, str] | None:
    """Verb and plan ("" for stop) of a comment that is exactly a command; None for every other text.

    Of `resolved` the plan is what was said, at most `MAX_SAID` characters of it.
    """
    said = body.strip().removeprefix(_RESOLVED)
    if len(said) < len(body.strip()) and said[:1].isspace():
        return "resolved", said.strip()[:MAX_SAID]
    found = _COMMAND.fullmatch(body.strip())
    if found is None:
        return None
    verb = next(one for one in VERBS if one == (found[1] or found[3]))
    return verb, found[2] or ""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
