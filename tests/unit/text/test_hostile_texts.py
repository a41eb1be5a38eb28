"""Whatever a stranger writes is read in time that grows as the text does, and raises nothing but what is expected."""

import contextlib
import time
from collections.abc import Callable

import pytest
from starlette.datastructures import QueryParams
from support.limits import limited
from support.matrix import matrix

from sre_embedded.servers.telemetry.trace_query import duration_ns
from sre_space.adapters.github_mcp.meaning import classified
from sre_space.analysis.diagnosis.diffs import effect_of, paths_of
from sre_space.analysis.diagnosis.kinds import kind_of_message
from sre_space.analysis.diagnosis.templates import Templates
from sre_space.codec.case_files import state_of, window_of
from sre_space.codec.changes import change_of, deployment_of, diff_of
from sre_space.codec.desired_limits import desired_limits
from sre_space.codec.desired_values import edits_between
from sre_space.codec.footer import KEYS, MAX_BODY, parse_footer, prose_of
from sre_space.codec.log_text import severity_of, text_of
from sre_space.codec.span_facts import operation_of, statement_of
from sre_space.codec.wake_ups import parse_wake_up
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.record.claims import A_BROKEN_FOOTER, A_COMMAND, claim
from sre_space.record.order_format import parse_command, parse_order
from sre_space.text.prose import quotable, scrub

Reader = Callable[[str], object]
STATE = '{"service":"a","ended":0,"runtime":"","runtime_id":"","answered":1,"healthy":1,"health":"",'
FEW, MORE = 1_000, 8_000  # characters: eight times as many
MOST_RATIO = 24  # eight in proportion, 64 with the square; between them is room for a busy machine
FLOOR_S = 0.0005

READERS: dict[str, Reader] = {
    "claim": claim,
    "footer": parse_footer,
    "prose of a fact": prose_of,
    "order": parse_order,
    "command": parse_command,
    "scrub": scrub,
    "quiet": quotable,
    "log line": lambda text: severity_of(None, None, text_of(text)),
    "log template": lambda text: Templates().of(text),
    "doorbell": lambda text: parse_wake_up(text.encode(errors="replace")),
    "announcement": lambda text: deployment_of(text.encode(errors="replace")),
    "diff": lambda text: effect_of(text, f"@@ a.c @@\n+{text}\n-x"),
    "paths of a diff": lambda text: paths_of(f"@@ {text}"),
    "diff of a file": lambda text: diff_of("a.env", b"", text.encode(errors="replace")),
    "message": kind_of_message,
    "desired state": lambda text: edits_between({"a": text}, {"a": f"{text}\nZ=1"}, {}),
    "memory limits": lambda text: desired_limits([limited("web", "a.env", "A")], {"a.env": text}),
    "span name": operation_of,
    "statement": lambda text: statement_of({"db.statement": text}),
    "error of the forge": lambda text: classified("tool", text),
    "duration": lambda text: duration_ns(QueryParams({"d": text}), "d"),
}
SHAPES = (
    "\n", " ", "\t", "\r", "\u2028", "`", "=", "!", "-", "/", "\\\"", "'", '"', "9", "A", "\x00", "\ud800", "é",
    "sre-fact=", "sre-fact=v1\n", "signature\n", "signature ", "mitigation ", "mitigation:", "\n```", "\n```\n",
    "\u0316\u0301", "a\u0301\u0316", "\uff9e\uff9f", "\u0344", "\ufdfa", "\u200b", "[", "{\"a\":", "(", "<!--",
    "eyJ-", "-sk-", "ghp_", "a.", "a@", "close ", "a/", "/*", "#1 ", "?,", "? ", "aaaaaaaa-", "KEY=1\n", "%(a", "1.",
)  # fmt: skip
FRAMES = (("", ""), ("signature", "y"), ('"close ', "#"))


def seconds(read: Reader, text: str) -> float:
    """Return the shortest of three reading times in CPU seconds; each text is new, so that no cache shortens it."""
    best = float("inf")
    for number in range(3):
        unseen = f"{text}{number}"
        begun = time.process_time()
        with contextlib.suppress(SpaceError):
            read(unseen)
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.parametrize("name", matrix(READERS))
def test_eight_times_the_text_takes_about_eight_times_as_long(name: str) -> None:
    read = READERS[name]
    for shape in SHAPES:
        for before, after in FRAMES:
            few, more = (f"{before}{(shape * length)[:length]}{after}" for length in (FEW, MORE))
            shorter = max(seconds(read, few), FLOOR_S)
            if (longer := seconds(read, more)) > MOST_RATIO * shorter:  # perhaps somebody else was busy: once more
                longer = min(longer, seconds(read, more))
            assert longer <= MOST_RATIO * shorter, (name, shape, before, after, shorter, longer)


def test_many_different_keys_and_lines_are_compared_in_proportion() -> None:
    few, more = ("".join(f"K{number}=1\n" for number in range(count)) for count in (1_000, 8_000))
    for read in (READERS["desired state"], lambda text: diff_of("a.env", text.encode(), text.swapcase().encode())):
        assert seconds(read, more) <= MOST_RATIO * max(seconds(read, few), FLOOR_S)


@pytest.mark.parametrize(
    "value", ["9" * 5000, "9" * 4000, "\ud800", "\x00", "1_0", "٣", "-1", "1e9", "[" * 5000, "A" * 60_000]
)
@pytest.mark.parametrize("key", KEYS[1:])
def test_no_value_of_a_footer_raises_anything_but_malformed(key: str, value: str) -> None:
    values = dict.fromkeys(KEYS, "1") | {"sre-fact": "v1", "step": "remember", "payload": "e30", key: value}
    with contextlib.suppress(Malformed):
        parse_footer("\n".join(f"{name}={told}" for name, told in values.items()))


@pytest.mark.parametrize("value", ["9" * 5000, "\ud800", "\x00"])
@pytest.mark.parametrize("key", ["repository", "issue", "plan", "key", "signature"])
def test_no_value_of_an_order_raises_anything_but_malformed(key: str, value: str) -> None:
    values = {"sre-order": "v1", "repository": "o/r", "issue": "1", "order": "approve", "plan": "p", "key": "k"}
    values |= {"signature": "AA", key: value}
    with contextlib.suppress(Malformed):
        parse_order("\n".join(f"{name}={told}" for name, told in values.items()))


def test_a_body_that_no_forge_of_ours_takes_is_not_parsed() -> None:
    for parse in (parse_footer, parse_order):
        with pytest.raises(Malformed, match="is over 65536"):
            parse("x" * (MAX_BODY + 1))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n" * 60_000 + "**signature = x", A_BROKEN_FOOTER),
        ("> > `signature=abc`", A_BROKEN_FOOTER),
        ("words\n--- signature =", A_BROKEN_FOOTER),
        ("see the signature = below", ""),
        ("m\u0301i\u0316tigation\u200b : restart all", A_COMMAND),
        ("ＭＩＴＩＧＡＴＩＯＮ： ＲＥＳＴＡＲＴ", A_COMMAND),
        ("mİtigation: restart", A_COMMAND),
        ("\u0316\u0301" * 30_000 + "/sre stop", A_COMMAND),
    ],
)
def test_what_is_claimed_is_found_as_before(text: str, reason: str) -> None:
    assert claim(text) == reason


def test_secrets_and_addresses_are_removed_wherever_they_begin() -> None:
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.s1-gn_ature"
    for before in ("", "token=", "x-", "-", ".", "a.b."):
        assert scrub(f"{before}{jwt} end") == f"{before}[token removed] end"
    assert scrub("<jane.doe+x@example.org>, (a@b.co)") == "<[address removed]>, ([address removed])"
    assert scrub("closes o/r#12 and fixes #3") == "closes o/rno. 12 and fixes no. 3"


@pytest.mark.parametrize(
    "number", ["1e999", "NaN", "9" * 400, '"99999-01-01"', '"0000-01-01"', '"0001-01-01"', "[" * 5000]
)
def test_a_time_that_is_none_is_refused(number: str) -> None:
    for read, document in (
        (lambda told: change_of(told, 1), f'{{"time": {number}}}'),
        (window_of, f'{{"earliest": {number}, "latest": 1}}'),
        (state_of, f'{STATE}"since": {number}}}'),
    ):
        with pytest.raises(Malformed):
            read(document.encode())


def test_half_a_character_in_a_log_can_be_recorded() -> None:
    assert text_of('{"message": "\\ud800 boom", "level": "error"}') == ("? boom", "error")


def test_a_diff_with_an_empty_line_is_read() -> None:
    assert effect_of("x", "--- a/a.c\n+++ b/a.c\n\n+one\n\x0b-two").words
