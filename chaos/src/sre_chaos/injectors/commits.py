"""Changes of the configuration as people make them: a commit on main of the space's repository, then a deployment.

The commit goes to the repository's Git endpoint, with the operator's token; the deployment is the space's own command.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sre_chaos.run import Hit, Run
from sre_chaos.runtime import NoTarget

AUTHOR = ("Robin Weber", "robin.weber@cloud-insurance.example")
FOLDER = Path("deploy") / "config"
DEPLOYED = (0, 1)  # 1 with an answer: done, and a service does not serve afterwards


@dataclass(frozen=True)
class Edit:
    """A change of some keys of one file; `{service}` and `{SERVICE}` stand for the service that is hit."""

    file: str
    settings: Mapping[str, str]
    subject: str


def merge(edit: Edit) -> Callable[[Run], Hit]:
    """Return an injector that commits the change to main and deploys it."""

    def inject(run: Run) -> Hit:
        values = {_filled(key, run): value for key, value in edit.settings.items()}
        name = _filled(edit.file, run)
        with _checkout(run) as folder:
            path = folder / FOLDER / name
            before = path.read_text()
            after = with_values(before, values)
            _push(run, folder, path, after, _filled(edit.subject, run))
        undo = {"file": name, "before": before, "after": after, "subject": _filled(edit.subject, run)}
        with ExitStack() as unfinished:
            unfinished.callback(_restore, run, undo)  # also on Ctrl-C: nothing may stay half injected
            deployed = _deploy(run)
            unfinished.pop_all()
        return Hit(None, undo, deployed)

    return inject


def revert(run: Run, undo: Mapping[str, str | int]) -> None:
    """Commit the file's previous text and deploy it, unless the file was changed meanwhile."""
    if undo:
        _restore(run, undo)
        _deploy(run)


def revert_and_start(run: Run, undo: Mapping[str, str | int]) -> None:
    """Revert the change, and start the service that it stopped."""
    revert(run, undo)
    if undo:
        run.space.runtime.start(run.service)


def _restore(run: Run, undo: Mapping[str, str | int]) -> None:
    with _checkout(run) as folder:
        path = folder / FOLDER / str(undo["file"])
        if path.read_text() == undo["after"]:
            _push(run, folder, path, str(undo["before"]), f'Revert "{undo["subject"]}"')


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return the text of an env file with some keys set; comments and order stay, new keys come last.

    >>> with_values("# a\\nA=1\\nB=2\\n", {"A": "3", "C": "4"})
    '# a\\nA=3\\nB=2\\nC=4\\n'
    """
    for key, value in values.items():
        line, known = f"{key}={value}", re.compile(rf"^{re.escape(key)}=.*$", re.MULTILINE)
        text = known.sub(line, text) if known.search(text) else f"{text.rstrip()}\n{line}\n"
    return text


def _filled(text: str, run: Run) -> str:
    return text.replace("{service}", run.service).replace("{SERVICE}", run.service.upper().replace("-", "_"))


@contextmanager
def _checkout(run: Run) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="desired-state-"))
    url = f"http://127.0.0.1:{run.space.ports['forge_port']}/{run.space.repository}.git"
    try:
        _git(run, folder, "clone", "--quiet", "--branch", "main", url, ".")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _push(run: Run, folder: Path, path: Path, text: str, subject: str) -> None:
    path.write_text(text)
    _git(run, folder, "commit", "--quiet", "--all", "--message", subject)
    _git(run, folder, "push", "--quiet", "origin", "main")


def _git(run: Run, folder: Path, *words: str) -> None:
    """Run git as a program; the token is in its environment, not on its command line."""
    basic = base64.b64encode(f"operator:{_token(run)}".encode()).decode()
    name, mail = AUTHOR
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "NO_PROXY": "127.0.0.1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        **{f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": mail for who in ("AUTHOR", "COMMITTER")},
        "SRE_CHAOS_CANARY": run.canary,
    }
    try:
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NoTarget("git is not installed; this experiment changes the configuration by a commit") from error
    except subprocess.CalledProcessError as error:
        raise NoTarget(f"git {words[0]} failed: {error.stderr.strip()}") from error


def _token(run: Run) -> str:
    path = run.space.state / "forge" / "identities.json"
    try:
        identities = json.loads(path.read_text())
        return next(str(identity["token"]) for identity in identities if identity["login"] == "operator")
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise NoTarget(f"{path} has no token of the operator; is the space's forge up?") from error


def _deploy(run: Run) -> int:
    """Run the space's own command; return when the deployment began to take effect (Unix ns)."""
    words = ["-P", "-m", "sre_space.cli.main", "deploy", "--json", "--state", str(run.space.state)]
    environment = {**os.environ, "SRE_CHAOS_CANARY": run.canary}
    done = subprocess.run([run.space.python, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in DEPLOYED or not done.stdout.strip():
        raise NoTarget(f"the deployment failed: {done.stderr.strip()}")
    return int(json.loads(done.stdout)["at"])
