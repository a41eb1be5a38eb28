"""The parts of a space that `record_compat.py` records: issues, desired state, bundles, the state folder.

Private keys, tokens, environments and telemetry are left out. Paths are replaced by `{state}`, `{checkout}`, `{python}`
and the like, except in signed text, which cannot be changed.
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

from sre_embedded.space.environment import SpacePlan
from sre_space.adapters.bundle_folder import unpack
from sre_space.adapters.github_mcp import GithubGitOps
from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.servers import HOST
from sre_space.codec.case_files import case_of
from sre_space.domain.case import Case
from sre_space.domain.configuration import FOLDER
from sre_space.domain.facts import Decision
from sre_space.domain.remedies import Escalate, Restart
from sre_space.identities import read_identities
from sre_space.ports.forge import Forge
from sre_space.record.audit import Auditor
from sre_space.text.diagnosis_report import document

INCLUDED = (  # from a state folder, as patterns
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


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


async def issue_of(forge: Forge, repository: str, number: int) -> Json:
    """Return an issue with its comments, as they are on the forge."""
    issue = await forge.issue(number)
    comments = [asdict(comment) for comment in await forge.comments(number)]
    return {"repository": repository, "issue": asdict(issue), "comments": comments}


async def incidents_of(operator: Operator, folder: Path) -> Sequence[Case]:
    """Write every incident with the counts of its audit, and return the cases."""
    audit = await Auditor(operator.incidents, operator.orders).audit()
    incidents = [issue for issue in audit.issues if issue.incident]
    for issue in incidents:
        document = await issue_of(operator.forge, operator.incidents.repository, issue.issue)
        counts = {
            "verified": len(issue.links),
            "void": len(issue.void),
            "orders": len(issue.orders),
            "broken": len(issue.broken),
        }
        write_json(folder / "chains" / f"issue-{issue.issue:02}.json", {**document, "audit": counts})
    cases = [await operator.incidents.case(issue.issue) for issue in incidents]
    return [case for case in cases if case is not None]


async def desired_state_of(plan: SpacePlan, folder: Path) -> None:
    """Write main's commits with the files of each, and the pull requests."""
    token = next(identity.token for identity in read_identities(plan.state.identities) if identity.login == "operator")
    gitops = GithubGitOps(f"http://{HOST}:{plan.ports.forge_port}/mcp", token, plan.owner, plan.repo)
    try:
        commits = [
            {**asdict(await gitops.commit(commit.sha)), "desired": await _texts(gitops, commit.sha)}
            for commit in await gitops.commits()
        ]
        pulls = [asdict(pull) for pull in await gitops.pulls("all")]
    finally:
        await gitops.close()
    write_json(folder / "desired-state.json", {"main": commits, "pulls": pulls})


async def _texts(gitops: GithubGitOps, sha: str) -> Mapping[str, str]:
    return {path: content.decode() for path, content in (await gitops.read_files(FOLDER, sha)).items()}


def bundles_of(bundles: Path, cases: Sequence[Case], placeholders: Mapping[str, str], folder: Path) -> None:
    """Write the smallest bundle of a restart and of another remedy, each with its diagnosis."""
    decisions = [decision for case in cases for decision in case.payloads if isinstance(decision, Decision)]
    restarts = [decision for decision in decisions if isinstance(decision.remedy, Restart)]
    changes = [decision for decision in decisions if not isinstance(decision.remedy, Restart | Escalate)]
    for name, decisions_of_kind in (("restart", restarts), ("change", changes)):
        paths = [bundles / f"{decision.diagnosis.bundle}.tar.gz" for decision in decisions_of_kind]
        smallest = min((path for path in paths if path.is_file()), key=lambda path: path.stat().st_size)
        files = {
            path: _with_placeholders(content, placeholders) for path, content in unpack(smallest.read_bytes()).items()
        }
        write_archive(folder / "bundles" / f"{name}.tar.xz", files)
        diagnosis = document(name, diagnose_case(case_of(files)), 0.0)
        write_json(folder / "bundles" / f"{name}.json", diagnosis)


def write_archive(path: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a tar.xz without times and owners."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:xz", format=tarfile.USTAR_FORMAT) as packed:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            packed.addfile(entry, io.BytesIO(content))


def state_of(raw: Path, placeholders: Mapping[str, str], folder: Path) -> None:
    """Write what a space reads from its disk, from a copy of a state folder; `placeholders` are by path."""
    files = {
        str(path.relative_to(raw)): _clean(path, placeholders)
        for pattern in INCLUDED
        for path in raw.glob(pattern)
        if path.is_file()
    }
    for path in (raw / "forge").rglob("*.git/**/*"):
        if path.is_file() and "hooks" not in path.parts:
            files[str(path.relative_to(raw))] = path.read_bytes()
    files["forge/forge.db"] = _database(raw / "forge" / "forge.db")
    write_archive(folder / "state.tar.xz", files)


def _clean(path: Path, placeholders: Mapping[str, str]) -> bytes:
    content = path.read_bytes()
    if path.name == "offsets.jsonl":
        content = b"".join(content.splitlines(keepends=True)[-NEWEST_LINES:])
    if path.name == "identities.json":
        accounts = json.loads(content)
        content = json.dumps([{**account, "token": f"token-of-{account['login']}"} for account in accounts]).encode()
    return _with_placeholders(content, placeholders)


def _with_placeholders(content: bytes, placeholders: Mapping[str, str]) -> bytes:
    """Return the content with a placeholder for each path of this machine."""
    for path, placeholder in placeholders.items():
        content = content.replace(path.encode(), placeholder.encode())
    return content


def _database(path: Path) -> bytes:
    """Return a SQLite database as the bytes of one file, without deleted content."""
    whole = path.with_name("whole.db")
    whole.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("VACUUM INTO ?", (str(whole),))
    return whole.read_bytes()
