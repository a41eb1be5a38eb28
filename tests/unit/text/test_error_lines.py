"""What services log as errors, as lines that do nothing where they are shown."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.logged import logged

from sre_space.domain.bounds import CUT
from sre_space.domain.errors import Malformed
from sre_space.text.error_lines import MAX_LINE, ErrorLine, error_lines, harmless_line

SERVICES = {"policy-service"}


def test_errors_of_the_services_are_read_and_nothing_else() -> None:
    body = logged((9, "fine"), (17, "the pool is empty"), (21, "no disk"), (0, "ERROR: from a file"), (0, "hello"))

    told = list(error_lines(body, SERVICES))

    assert told == [
        ErrorLine("policy-service", 5, text) for text in ("the pool is empty", "no disk", "ERROR: from a file")
    ]
    assert list(error_lines(logged((17, "x"), service="stranger"), SERVICES)) == []


def test_the_message_inside_a_json_line_is_told() -> None:
    (line,) = error_lines(logged((17, '{"level": "error", "message": "boom\\nTraceback"}')), SERVICES)

    assert line.text == "boom"


def test_a_token_is_removed_also_where_the_line_is_cut() -> None:
    secret = "ghp_" + "a" * 36
    line = harmless_line("x" * (MAX_LINE - 10) + f" {secret} and jane@example.org")

    assert secret[:8] not in line
    assert len(line) <= MAX_LINE
    assert harmless_line(f"token {secret}, #12, `x` for jane@example.org") == (
        "token [token removed], no. 12, 'x' for [address removed]"
    )


@given(st.text())
def test_any_text_is_one_short_line_without_a_mention_or_a_fence(text: str) -> None:
    line = harmless_line(text)

    assert len(line) <= MAX_LINE
    assert len(line.splitlines()) <= 1
    assert "`" not in line
    assert "@" not in line


def test_a_long_line_shows_that_it_was_cut() -> None:
    assert harmless_line("x" * 5000) == "x" * (MAX_LINE - 1) + CUT


@given(st.binary(max_size=80))
def test_any_bytes_are_lines_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        assert all(isinstance(one, ErrorLine) for one in error_lines(body, SERVICES))


def test_what_is_no_request_is_malformed() -> None:
    with pytest.raises(Malformed):
        list(error_lines(b"\xff\xff\xff", SERVICES))
