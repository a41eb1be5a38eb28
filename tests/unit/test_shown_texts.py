"""What the command line shows of strangers' texts is text: nothing in it is obeyed, and nothing ends in a traceback."""

import asyncio
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console, RenderableType
from rich.markdown import Markdown
from support.onlooker import operator
from support.world import MemoryForge, World

from sre_space.bootstrap.space.crash_watch import CrashLoop
from sre_space.cli.views import crash_loop, incidents, space_summary, story
from sre_space.domain.errors import Malformed
from sre_space.ports.forge import Comment, Issue
from sre_space.record.incident_repository import IncidentRepository
from sre_space.starts import Starts

State = Literal["open", "closed", "all"]
HOSTILE = ("\x1b[2J\x1b]0;owned\x07", "\x9b2J", "\ud800", "[/b]", "[red]x", "\u202egnihton", "\x00", "a\nb\rc")


@dataclass
class Unreadable(MemoryForge):
    """No comments can be had."""

    why: str = ""

    async def comments(self, number: int) -> Sequence[Comment]:
        """Never."""
        raise Malformed(self.why)


def shown(what: RenderableType) -> str:
    """As a file or a pipe of UTF-8 gets it."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    Console(file=file, width=400).print(what, markup=False)
    file.seek(0)
    return file.read()


def obeyed(text: str) -> list[str]:
    """Return the characters of a text that are neither printable nor line ends."""
    return [one for one in text if not one.isprintable() and one != "\n"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_texts_of_strangers_are_shown_and_never_obeyed(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def looked() -> list[RenderableType]:
        world = World()
        world.dead, world.halted_now = {"policy-service"}, True
        number = await world.detect()
        world.forge.found[0] = replace(world.forge.found[0], title=f"t{text}", labels=(f"l{text}",))
        world.says(number, f"hear, {text}", "mallory")
        world.forge = Unreadable(world.forge.found, world.forge.written, now=world.clock.now, why=f"no: {text}")
        world.incidents = IncidentRepository(world.forge, world.trust, world.incidents.repository)
        one = operator(world, tmp_path)
        (tmp_path / "fixer.on-duty").write_text("x", errors="replace")
        told: list[RenderableType] = [
            await incidents(one),
            await space_summary(one),
            crash_loop(CrashLoop("scout", Starts(), text)),
        ]
        world.forge = MemoryForge(world.forge.found, world.forge.written, now=world.clock.now)
        return [*told, Markdown(await story(replace(one, forge=world.forge), number))]

    with caplog.at_level(logging.CRITICAL):  # half a character in the log cannot be sent to who runs the tests
        table, signs, loop, told = (shown(one) for one in asyncio.run(looked()))

    assert not obeyed(table + signs + loop + told)
    assert "its comments cannot be read" in table  # and the incident is listed
    assert "open incidents: 1" in signs
    assert "hear, " in told


@dataclass
class Counting(MemoryForge):
    """Counts which single issues are asked for."""

    asked: tuple[int, ...] = ()

    async def issue(self, number: int) -> Issue:
        """As the forge has it."""
        self.asked += (number,)
        return await super().issue(number)

    async def issues(self, *, state: State = "open", since: int = 0) -> Sequence[Issue]:
        """One question, whatever the double makes of it."""
        asked = self.asked
        found = await super().issues(state=state, since=since)
        self.asked = asked
        return found


async def test_incidents_are_listed_without_asking_for_each_issue_again(tmp_path: Path) -> None:
    world = World()
    world.dead = {"policy-service"}
    await world.detect()
    for count in range(50):
        await world.forge.open_issue("x", f"{count}", ())
    forge = Counting(world.forge.found, world.forge.written, now=world.clock.now)
    world.forge, world.incidents = forge, IncidentRepository(forge, world.trust, world.incidents.repository)
    assert ((await incidents(operator(world, tmp_path))).row_count, forge.asked) == (1, ())
