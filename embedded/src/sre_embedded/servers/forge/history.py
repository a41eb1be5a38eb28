"""Commits and differences of the repository in GitHub's JSON shapes."""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pygit2

STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


def walk(tip: pygit2.Commit, path: str) -> Iterator[pygit2.Commit]:
    """Yield commits newest first, as git-log(1) does.

    With a path, yield the commits that changed it, by git's history simplification.
    """
    order = count()
    seen = {tip.id}
    waiting = [(-tip.commit_time, next(order), tip)]
    while waiting:
        _, _, commit = heapq.heappop(waiting)
        here, parents = (_entry(commit, path) if path else None), commit.parents
        same = [parent for parent in parents if path and _entry(parent, path) == here]
        if not path or (not same and (parents or here is not None)):
            yield commit
        for parent in same[:1] or parents:
            if parent.id not in seen:
                seen.add(parent.id)
                heapq.heappush(waiting, (-parent.commit_time, next(order), parent))


def _entry(commit: pygit2.Commit, path: str) -> tuple[pygit2.Oid, int] | None:
    try:
        entry = commit.tree[path]
    except KeyError:
        return None
    return entry.id, int(entry.filemode)


def changes(repository: pygit2.Repository, before: pygit2.Commit | None, after: pygit2.Commit) -> pygit2.Diff:
    """Return the difference between two commits, with renames detected; `before` None compares with an empty tree."""
    diff = after.tree.diff_to_tree(swap=True) if before is None else repository.diff(before, after)
    diff.find_similar()
    return diff


def touched(repository: pygit2.Repository, before: pygit2.Commit, after: pygit2.Commit) -> list[str]:
    """Return every path that differs, a renamed file under both names."""
    deltas = list(repository.diff(before, after).deltas)
    return sorted({file.path for delta in deltas for file in (delta.old_file, delta.new_file)})


def files_json(diff: pygit2.Diff) -> list[dict[str, object]]:
    """Return the files of a difference as GitHub lists them."""
    return [_file_json(patch) for patch in diff if patch is not None]


def _file_json(patch: pygit2.Patch) -> dict[str, object]:
    delta = patch.delta
    _, added, removed = patch.line_stats
    shown: dict[str, object] = {
        "filename": delta.new_file.path,
        "status": STATUS.get(delta.status_char(), "changed"),
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
    }
    text = patch.data.decode(errors="replace")
    if "@@" in text:
        shown["patch"] = text[text.index("@@") :].rstrip("\n")
    return shown | ({"previous_filename": delta.old_file.path} if delta.status_char() == "R" else {})


def commit_json(commit: pygit2.Commit, url: str) -> dict[str, object]:
    """Return a commit as GitHub lists it; `url` is the repository's web address."""
    author, committer = _signature(commit.author), _signature(commit.committer)
    return {
        "sha": str(commit.id),
        "html_url": f"{url}/commit/{commit.id}",
        "commit": {"message": commit.message.rstrip("\n"), "author": author, "committer": committer},
        "author": {"login": commit.author.name},
        "committer": {"login": commit.committer.name},
    }


def parents_json(commit: pygit2.Commit, url: str) -> list[dict[str, object]]:
    """Return the parents of a commit, which REST shows and the MCP server leaves out."""
    return [{"sha": str(parent), "html_url": f"{url}/commit/{parent}"} for parent in commit.parent_ids]


def detail_json(repository: pygit2.Repository, commit: pygit2.Commit, patches: bool) -> dict[str, object]:
    """Return statistics and files of a commit against its first parent."""
    diff = changes(repository, commit.parents[0] if commit.parents else None, commit)
    files = files_json(diff)
    if not patches:
        files = [{key: value for key, value in file.items() if key != "patch"} for file in files]
    stats = diff.stats
    totals = {"additions": stats.insertions, "deletions": stats.deletions, "total": stats.insertions + stats.deletions}
    return {"stats": totals, "files": files}


def _signature(signature: pygit2.Signature) -> dict[str, object]:
    return {"name": signature.name, "email": signature.email, "date": iso(signature.time)}


def iso(seconds: int) -> str:
    """Return a Unix time in seconds as GitHub writes it (ISO 8601, UTC)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
