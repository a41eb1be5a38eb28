"""`.env` beside the configuration: what counts, and the one sentence with file and line for what does not."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.codec.env_lines import parse_env
from sre_space.domain.errors import Malformed


def test_names_values_and_lines_are_read_quoted_or_not_and_nothing_is_filled_in() -> None:
    text = "# a note\n\nFORGE_URL=http://here/mcp\nexport repo_owner='acme'  # ours\nTOKEN=\"a b$c${HOME}\"\n"

    found = parse_env(text, ".env")

    assert found.values == {"FORGE_URL": "http://here/mcp", "REPO_OWNER": "acme", "TOKEN": "a b$c${HOME}"}
    assert found.places == {"FORGE_URL": ".env:3", "REPO_OWNER": ".env:4", "TOKEN": ".env:5"}


def test_an_empty_value_counts_as_unset() -> None:
    assert parse_env("FORGE_URL=\nREPO_OWNER=''\nSRE_SPACE_CHART=\n", ".env").values == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A=1\n\n\nFORGE_URL\n", ".env:4: this is not NAME=value; quote a value that needs it, or begin a note with #"),
        ("A=1\nghp_secret in a line\n", ".env:2: this is not NAME=value"),
        ("A=1\nB='ghp_secret\nC=2\n", ".env:2: this is not NAME=value"),
        ("1A=1\n", ".env:1: this is not NAME=value"),
        ("A=a\0b\n", ".env:1: this is not NAME=value"),
        ("A=1\nB=2\na=3\n", ".env:3: A is here twice, first in line 1; keep one"),
        ("\nSRE_SPACE_CHART=x.yaml\n", ".env:2: SRE_SPACE_CHART cannot be set here: this file is looked for beside"),
    ],
)
def test_what_is_no_setting_is_one_sentence_with_its_line_and_without_its_value(text: str, told: str) -> None:
    with pytest.raises(Malformed, match=f"^{re.escape(told)}") as refused:
        parse_env(text, ".env")

    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Malformed):
        found = parse_env(text, ".env")
        assert found.values.keys() == found.places.keys()


NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)
VALUES = st.text("abcXYZ019 #$!=.:/'{}\\", max_size=30)


@given(st.dictionaries(NAMES.filter(lambda name: name != "SRE_SPACE_CHART"), VALUES))
def test_what_is_quoted_comes_back_as_it_was(values: dict[str, str]) -> None:
    quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in values.items()}
    text = "".join(f"{name}='{value}'\n" for name, value in quoted.items())

    assert parse_env(text, ".env").values == {name: value for name, value in values.items() if value}
