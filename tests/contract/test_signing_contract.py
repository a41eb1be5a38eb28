"""`ports.signing` over key files and the trust folder, and over the doubles: whose signature verifies, and nobody's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.doubles import ADAPTER, BOTH
from support.world import Key, Trust

from sre_space.adapters.ed25519 import TrustFolder, make_key
from sre_space.ports.signing import Signer, TrustStore


@dataclass(frozen=True)
class Signing:
    """Two agents whom the store knows, and a stranger."""

    keys: Mapping[str, Signer]
    trust: TrustStore
    stranger: Signer


@pytest.fixture(params=BOTH)
def signing(request: pytest.FixtureRequest, tmp_path: Path) -> Signing:
    """Scout and Brain are known."""
    agents, trust = ("scout", "brain"), tmp_path / "trust"
    if request.param == ADAPTER:
        files = {name: make_key(tmp_path / f"{name}.key", trust, name) for name in agents}
        return Signing(files, TrustFolder(trust), make_key(tmp_path / "x.key", tmp_path / "elsewhere", "scout"))
    keys = {name: Key(name) for name in agents}
    return Signing(keys, Trust(keys), Key("scout"))


def test_keys_have_names_of_their_own_and_signatures_their_length(signing: Signing) -> None:
    signers = [*signing.keys.values(), signing.stranger]
    assert len({one.key_id for one in signers}) == len(signers)
    for one in signers:
        assert re.fullmatch("[0-9a-f]+", one.key_id)
        assert len(one.sign(b"message")) == 64


def test_a_signature_names_its_agent(signing: Signing) -> None:
    for name, key in signing.keys.items():
        for _ in range(2):
            assert signing.trust.owner(key.key_id, b"message", key.sign(b"message"), 1) == name


def test_another_message_another_key_and_a_broken_signature_name_nobody(signing: Signing) -> None:
    scout, brain = signing.keys.values()
    signature = scout.sign(b"message")
    broken, foreign = bytes([signature[0] ^ 1]) + signature[1:], signing.stranger.sign(b"message")
    asked = (
        (brain.key_id, signature), (scout.key_id, broken), (scout.key_id, b""), (scout.key_id, foreign),
        (signing.stranger.key_id, foreign), ("", signature), ("scout", signature), ("../scout", signature),
    )  # fmt: skip
    assert [signing.trust.owner(id, b"message", one, 1) for id, one in asked] == [None] * len(asked)
    assert signing.trust.owner(scout.key_id, b"messagE", signature, 1) is None
