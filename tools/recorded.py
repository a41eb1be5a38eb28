"""What `record_compat.py` keeps of a space: issues, desired state with its history, bundles, the state folder.

Private keys, tokens, environments and telemetry are left out; paths become `{state}`, `{checkout}`, `{python}` and the
like, but for words that are signed: nobody can change those.
"""

import io
import json
import sqlite3
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sre_space.adapters.bundle_folder import unpack
from sre_space.adapters.github_mcp import GithubGitOps
from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.environment import SpacePlan
from sre_space.bootstrap.space.ports import HOST
from sre_space.codec.case_files import case_of
from sre_space.domain.case import Case
from sre_space.domain.configuration import FOLDER
from sre_space.domain.facts import Decision
from sre_space.domain.remedies import Escalate, Restart
from sre_space.embedded.forge.identities import read_identities
from sre_space.ports.forge import Forge
from sre_space.record.audit import Auditor
from sre_space.text.diagnosis_report import document

KEPT = (  # of a state folder, as patterns
    "run/space.json",
    "run/*.jsonl",
    "run/env/*.running",
    "run/env/*.started",
    "trust/*.json",
    "outbox/*/*.json",
    "deploy/*.json*",
    "deploy/config/*",
    "calls/*",
    "keys/telemetry-tokens.json",
    "forge/identities.json",
    "bus/offsets.jsonl",
    "bus/topics/changes-0/*",
    "bus/topics/sre_facts-0/*",
)
NEWEST_LINES = 40  # of the bus's record of offsets
Json = Mapping[str, Any]


def written(path: Path, told: object) -> None:
    """Write JSON for people."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


async def issue_of(forge: Forge, repository: str, number: int) -> Json:
    """An issue with its comments, as the forge holds them."""
    issue = await forge.issue(number)
    comments = [asdict(one) for one in await forge.comments(number)]
    return {"repository": repository, "issue": asdict(issue), "comments": comments}


async def incidents_of(operator: Operator, folder: Path) -> Sequence[Case]:
    """Write every incident, and what the audit says of each."""
    audit = await Auditor(operator.incidents, operator.orders).audit()
    found = [one for one in audit.issues if one.incident]
    for one in found:
        told = await issue_of(operator.forge, operator.incidents.repository, one.issue)
        counts = {
            "verified": len(one.links),
            "void": len(one.void),
            "orders": len(one.orders),
            "broken": len(one.broken),
        }
        written(folder / "chains" / f"issue-{one.issue:02}.json", {**told, "audit": counts})
    cases = [await operator.incidents.case(one.issue) for one in found]
    return [case for case in cases if case is not None]


async def desired_state_of(plan: SpacePlan, folder: Path) -> None:
    """Main with the files of each commit, and the pull requests."""
    token = next(one.token for one in read_identities(plan.state.identities) if one.login == "operator")
    gitops = GithubGitOps(f"http://{HOST}:{plan.ports.forge_port}/mcp", token, plan.owner, plan.repo)
    try:
        commits = [
            {**asdict(await gitops.commit(one.sha)), "desired": await _texts(gitops, one.sha)}
            for one in await gitops.commits()
        ]
        pulls = [asdict(one) for one in await gitops.pulls("all")]
    finally:
        await gitops.close()
    written(folder / "desired-state.json", {"main": commits, "pulls": pulls})


async def _texts(gitops: GithubGitOps, sha: str) -> Mapping[str, str]:
    return {path: content.decode() for path, content in (await gitops.read_files(FOLDER, sha)).items()}


def bundles_of(bundles: Path, cases: Sequence[Case], known: Mapping[str, str], folder: Path) -> None:
    """The smallest bundle of a restart and of another remedy, with the diagnosis that is made of each."""
    decisions = [one for case in cases for one in case.payloads if isinstance(one, Decision)]
    restarts = [one for one in decisions if isinstance(one.remedy, Restart)]
    changes = [one for one in decisions if not isinstance(one.remedy, Restart | Escalate)]
    for name, some in (("restart", restarts), ("change", changes)):
        there = [bundles / f"{one.diagnosis.bundle}.tar.gz" for one in some]
        smallest = min((path for path in there if path.is_file()), key=lambda path: path.stat().st_size)
        files = {path: _without(content, known) for path, content in unpack(smallest.read_bytes()).items()}
        archived(folder / "bundles" / f"{name}.tar.xz", files)
        found = document(name, diagnose_case(case_of(files)), 0.0)
        written(folder / "bundles" / f"{name}.json", found)


def archived(path: Path, files: Mapping[str, bytes]) -> None:
    """Pack files into a tar.xz without times and owners."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:xz", format=tarfile.USTAR_FORMAT) as packed:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            packed.addfile(entry, io.BytesIO(content))


def state_of(raw: Path, known: Mapping[str, str], folder: Path) -> None:
    """What a space reads back from its disk, of a copy of a state folder; `known`: placeholders by path."""
    files = {
        str(path.relative_to(raw)): _clean(path, known) for one in KEPT for path in raw.glob(one) if path.is_file()
    }
    for path in (raw / "forge").rglob("*.git/**/*"):
        if path.is_file() and "hooks" not in path.parts:
            files[str(path.relative_to(raw))] = path.read_bytes()
    files["forge/forge.db"] = _database(raw / "forge" / "forge.db")
    archived(folder / "state.tar.xz", files)


def _clean(path: Path, known: Mapping[str, str]) -> bytes:
    content = path.read_bytes()
    if path.name == "offsets.jsonl":
        content = b"".join(content.splitlines(keepends=True)[-NEWEST_LINES:])
    if path.name == "identities.json":
        accounts = json.loads(content)
        content = json.dumps([{**one, "token": f"token-of-{one['login']}"} for one in accounts]).encode()
    return _without(content, known)


def _without(content: bytes, known: Mapping[str, str]) -> bytes:
    """With a placeholder for each path of this machine."""
    for real, placeholder in known.items():
        content = content.replace(real.encode(), placeholder.encode())
    return content


def _database(path: Path) -> bytes:
    """A SQLite database as one file, without what was deleted."""
    whole = path.with_name("whole.db")
    whole.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("VACUUM INTO ?", (str(whole),))
    return whole.read_bytes()
