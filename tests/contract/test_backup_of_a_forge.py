"""A back-up taken while people and agents write to the forge is whole: issues, branches and every object they need."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pygit2
from support.recorded import RELEASES, chains
from support.servers import ForgeServer

from sre_space.adapters.ed25519 import make_key
from sre_space.adapters.github_mcp import GithubGitOps, GithubMcpForge
from sre_space.paths import StatePaths

NAMES = ("local", "cloud-insurance")
FILE = "deploy/config/policy-service.env"
SPACE = RELEASES[0] / "space"


def run(*words: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run `sre-space`."""
    command = [sys.executable, "-m", "sre_space.cli.main", *words, "--state", str(state)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=state.parent)


async def write_forever(forge: GithubMcpForge, gitops: GithubGitOps, number: int) -> None:
    """Commit to main and comment, one after the other, until cancelled."""
    while True:
        head = (await gitops.commit("main")).sha
        head = await gitops.commit_files("main", {FILE: f"DATABASE_POOL_SIZE={head[:6]}\n"}, "Another", head)
        await gitops.create_branch(f"b-{head[:9]}", head)
        await forge.comment(number, "still here")


async def backed_up_meanwhile(server: ForgeServer, folder: Path) -> Sequence[subprocess.CompletedProcess[str]]:
    """Return how two back-ups of the forge in a folder ended, taken while it is written to."""
    recorded = chains(SPACE)["issue-01"]
    token, url = server.identities["operator"].token, f"{server.url}/mcp"
    forge, gitops = GithubMcpForge(url, token, *NAMES), GithubGitOps(url, token, *NAMES)
    try:
        await forge.open_issue(recorded.issue.title, recorded.issue.body, recorded.issue.labels)
        for comment in recorded.comments:
            await forge.comment(1, comment.body)
        number = await forge.open_issue("Something else", "", ())
        writing = asyncio.create_task(write_forever(forge, gitops, number))
        try:
            done = [
                await asyncio.to_thread(run, "backup", str(folder.parent / f"{one}.backup"), state=folder)
                for one in range(2)
            ]
            assert not writing.done()
        finally:
            writing.cancel()
            await asyncio.wait([writing])
        return done
    finally:
        await forge.close()
        await gitops.close()


def unreachable(repository: Path) -> list[str]:
    """Return the commits of branches that are not whole."""
    opened = pygit2.Repository(str(repository))
    broken = []
    for name in opened.branches.local:
        for commit in opened.walk(opened.branches.local[name].target):
            try:
                commit.tree.diff_to_tree()
            except (KeyError, pygit2.GitError):
                broken.append(f"{name} {commit.id}")
    return broken


def test_back_ups_of_a_forge_that_is_written_to_are_whole_and_their_facts_verify(
    forge_server: ForgeServer, tmp_path: Path
) -> None:
    state = StatePaths(tmp_path)
    shutil.copytree(SPACE / "trust", state.trust)
    make_key(state.key("operator"), state.trust, "operator")
    home = tmp_path.parent / f"{tmp_path.name}-home"
    home.mkdir()

    done = asyncio.run(backed_up_meanwhile(forge_server, state.root))

    assert [one.returncode for one in done] == [0, 0], done
    assert "it holds private keys: keep it as secret as them" in done[0].stdout
    for one in range(2):
        again = home / str(one)
        restored = run("restore", str(tmp_path.parent / f"{one}.backup"), state=again)
        assert restored.returncode == 0, restored.stderr
        assert "1 incidents, 8 facts verified, 0 void, 0 broken" in restored.stdout
        assert not unreachable(StatePaths(again).repository(*NAMES))
        assert StatePaths(again).identities.stat().st_mode & 0o777 == 0o600
        twice = run("restore", str(tmp_path.parent / f"{one}.backup"), state=again)
        assert (twice.returncode, twice.stderr.count("\n")) == (1, 1)
        assert "exists, and nothing is overwritten" in twice.stderr
