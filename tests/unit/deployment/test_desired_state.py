"""What a deployment accepts, and the forge's check with it."""

from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.configured import parse_config
from support.limits import NOBODY

from sre_embedded.servers.forge.repository import files_at, open_repository
from sre_space.deployment.desired_state import desired_state
from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed, Missing

CHECKOUT = Path(__file__).resolve().parents[3]


def in_folder(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files of the usual folder by path."""
    return {f"{FOLDER}/{name}": content for name, content in files.items()}


def test_the_configuration_of_this_checkout_is_accepted_as_it_is(tmp_path: Path) -> None:
    open_repository(tmp_path / "r.git", CHECKOUT)
    _, _, files = files_at(tmp_path / "r.git", FOLDER)

    config = parse_config((CHECKOUT / "sre-space.yaml").read_text(), {})
    wanted = desired_state(in_folder(files), config)
    assert wanted == {f"{FOLDER}/{path.name}": path.read_text() for path in (CHECKOUT / FOLDER).glob("*.env")}


def test_a_main_without_configuration_is_refused_and_a_repository_without_main_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        files_at(tmp_path / "r.git", FOLDER)
    repository = open_repository(tmp_path / "r.git", None)
    _, _, files = files_at(tmp_path / "r.git", FOLDER)
    with pytest.raises(Malformed, match=r"deploy/config holds no \*.env file"):
        desired_state(in_folder(files), NOBODY)
    assert isinstance(repository, pygit2.Repository)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.env", b"A=1\nB 2\n", "deploy/config/a.env:2: 'B 2' is not NAME=value"),
        ("space.env", b"X_REPLICAS=two\n", "deploy/config/space.env:1: 'X_REPLICAS=two' is not NAME=integer"),
        ("a.env", b"\xff", "deploy/config/a.env:1: this is not UTF-8; save it as UTF-8"),
        ("a.env", b"A=1\n# A=2\nA=3\n", "deploy/config/a.env:3: A is here twice, first in line 1; keep one"),
        ("a.md", b"A=1\n", "deploy/config holds no"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(name: str, content: bytes, told: str) -> None:
    with pytest.raises(Malformed) as caught:
        desired_state(in_folder({name: content}), NOBODY)
    assert str(caught.value).startswith(told)


@given(st.dictionaries(st.sampled_from(["a.env", "space.env", "notes.md"]), st.binary(max_size=60)))
def test_any_bytes_are_accepted_or_refused_in_one_sentence(files: dict[str, bytes]) -> None:
    ours = {name: content for name, content in files.items() if name.endswith(".env")}
    try:
        wanted = desired_state(in_folder(files), NOBODY)
    except Malformed as error:
        told = str(error)
    else:
        told = FOLDER
        assert {name: text.encode() for name, text in wanted.items()} == in_folder(ours)
    assert FOLDER in told
