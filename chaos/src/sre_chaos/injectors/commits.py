"""Changes of the configuration as people make them: a commit on main of the space's repository, then a deployment."""

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from sre_chaos.run import Hit, Run


@dataclass(frozen=True)
class Edit:
    """A change of some keys of one file; `{service}` and `{SERVICE}` stand for the service that is hit."""

    file: str
    settings: Mapping[str, str]
    subject: str


def merge(edit: Edit) -> Callable[[Run], Hit]:
    """Return an injector that commits the change to main and deploys it."""

    def inject(run: Run) -> Hit:
        repository = run.space.repository
        repository.require_consent(run.repository)
        values = {_filled(key, run): value for key, value in edit.settings.items()}
        name, subject = _filled(edit.file, run), _filled(edit.subject, run)
        before, after = repository.change(name, lambda text: with_values(text, values), subject)
        undo = {"file": name, "before": before, "after": after, "subject": subject}
        with ExitStack() as unfinished:
            unfinished.callback(_restore, run, undo)  # also on Ctrl-C: nothing may stay half injected
            deployed = repository.deploy()
            unfinished.pop_all()
        return Hit(None, undo, deployed)

    return inject


def revert(run: Run, undo: Mapping[str, str | int]) -> None:
    """Commit the file's previous text and deploy it, unless the file was changed meanwhile."""
    if undo:
        _restore(run, undo)
        run.space.repository.deploy()


def revert_and_start(run: Run, undo: Mapping[str, str | int]) -> None:
    """Revert the change, and start the service that it stopped."""
    revert(run, undo)
    if undo:
        run.space.runtime.start(run.service)


def _restore(run: Run, undo: Mapping[str, str | int]) -> None:
    def restored(text: str) -> str:
        return str(undo["before"]) if text == undo["after"] else text

    run.space.repository.change(str(undo["file"]), restored, f'Revert "{undo["subject"]}"')


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
