"""`ports.brake` over the halt file and over the double: whoever halts, only a person releases it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.doubles import ADAPTER, BOTH
from support.world import World

from sre_space.adapters.halt_file import HaltFile
from sre_space.ports.kill_switch import KillSwitch


@dataclass(frozen=True)
class Held:
    """A brake, and a person who releases it."""

    kill_switch: KillSwitch
    release: Callable[[], None]


@pytest.fixture(params=BOTH)
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Held:
    """Not halted."""
    if request.param == ADAPTER:
        return Held(HaltFile(tmp_path / "halt"), (tmp_path / "halt").unlink)
    world = World()

    def release() -> None:
        world.halted_now = False

    return Held(world, release)


def test_it_holds_from_the_order_on_until_a_person_releases_it(held: Held) -> None:
    assert held.kill_switch.halted() is False
    held.kill_switch.halt()
    held.kill_switch.halt()
    assert held.kill_switch.halted() is True
    assert held.kill_switch.halted() is True
    held.release()
    assert held.kill_switch.halted() is False


def test_who_cannot_tell_is_halted(tmp_path: Path) -> None:
    assert HaltFile(tmp_path / "nowhere" / "halt").halted() is True
