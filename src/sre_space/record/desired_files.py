"""The files of desired state at a commit, as the configuration names them; for Brain, Fixer and the deployer."""

import asyncio
from collections.abc import Mapping

from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Missing
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.gitops import GitOps


async def desired_files(gitops: GitOps, config: SpaceConfig, ref: str) -> Mapping[str, bytes]:
    """Return the files of desired state that there are at a branch, tag or commit, by path."""
    folder = await gitops.read_files(FOLDER, ref) if config.names_no_files else {}
    others = [path for path in config.formats if not (config.names_no_files and path.rpartition("/")[0] == FOLDER)]
    contents = await asyncio.gather(*(_content(gitops, path, ref) for path in others))
    named = {path: content for path, content in zip(others, contents, strict=True) if content is not None}
    return {**folder, **named}


async def _content(gitops: GitOps, path: str, ref: str) -> bytes | None:
    """Return the content of a file; None when it does not exist there."""
    try:
        return await gitops.read_file(path, ref)
    except Missing:
        return None
