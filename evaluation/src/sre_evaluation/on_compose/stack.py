"""The running stack as the space under test; it is not started or stopped by an evaluation."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console

from sre_chaos.compose import compose_space
from sre_evaluation.course import Course
from sre_evaluation.space_under_test import SpaceUnderTest
from sre_space.bootstrap.connections import Connections, configured_environment
from sre_space.bootstrap.forge import Repository
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.configuration import FOLDER
from sre_space.settings import CommandLineSettings

MAIN = "main"
T = TypeVar("T")


@dataclass(frozen=True)
class ComposeAccess:
    """The access to the stack, by the settings of this container."""

    state: SpaceState

    @property
    def chaos(self) -> Sequence[str]:
        """Return the command, which finds the door to Docker by its own setting."""
        return sys.executable, "-m", "sre_chaos"

    @property
    def jaeger(self) -> str:
        """Return the URL of the trace store that the settings name."""
        return _settings(self.state).needed("jaeger_url")

    def operator(self) -> Operator:
        """Return connections to the servers that the settings name."""
        return Operator.here(self.state)


@dataclass(frozen=True)
class ComposeDesiredState:
    """The branch main on the forge that the settings name; the stack's deployer follows it."""

    state: SpaceState

    def head(self) -> str:
        """Return the commit of main."""

        async def head(gitops: Repository) -> str:
            return (await gitops.commit(MAIN)).sha

        return self._asked(head)

    def reset(self, commit: str) -> None:
        """Commit the files that differ as they were, and wait until the deployer has deployed them."""

        async def reset(gitops: Repository) -> None:
            head = (await gitops.commit(MAIN)).sha
            before, now = await gitops.read_files(FOLDER, commit), await gitops.read_files(FOLDER, head)
            files = {path: content.decode() for path, content in before.items() if now.get(path) != content}
            if files:
                await gitops.commit_files(MAIN, files, "Configuration as it was", head)

        self._asked(reset)
        compose_space(os.environ).repository.deploy()

    def _asked(self, question: Callable[[Repository], Awaitable[T]]) -> T:
        async def ask() -> T:
            gitops = Connections.of(self.state, _settings(self.state)).forge().gitops()
            try:
                return await question(gitops)
            finally:
                await gitops.close()

        return asyncio.run(ask())


def _settings(state: SpaceState) -> CommandLineSettings:
    environment, _ = configured_environment(state)
    return CommandLineSettings.read(environment.lines)


@contextmanager
def compose_course(console: Console) -> Iterator[Course]:
    """Yield the course of the stack around this container."""
    state = SpaceState(CommandLineSettings.read().sre_space_state)

    def keep() -> None:
        console.print("the stack runs on: its logs (docker compose logs) and issues show why")

    yield Course(SpaceUnderTest(ComposeAccess(state)), ComposeDesiredState(state), console, keep)
