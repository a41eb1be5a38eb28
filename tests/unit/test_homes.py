"""What has one home is written there alone: held over the source itself."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from sre_space.codec import topics
from sre_space.domain.configuration import FOLDER, SPACE_NAME
from sre_space.paths import StatePaths

ROOT = Path(__file__).resolve().parents[2]
CHANGING = {
    "add", "append", "clear", "discard", "extend", "insert", "move_to_end", "pop", "popitem", "remove", "setdefault",
    "update",
}  # fmt: skip


@cache
def sources() -> Mapping[str, ast.Module]:
    """All our code, by path."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
        for folder in ("src", "libs", "apps", "chaos/src", "embedded/src", "evaluation/src")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "tests" not in path.parts
    }


@cache
def walked() -> Mapping[str, Sequence[ast.AST]]:
    """All nodes of each."""
    return {path: tuple(ast.walk(tree)) for path, tree in sources().items()}


def test_only_one_function_replaces_a_file() -> None:
    renames = {path for path, nodes in walked().items() for node in nodes if _replaces(node)}
    renames -= {path for path in renames if path.startswith("chaos/")}  # a stranger, who imports nothing of ours
    flushes = {path for path, nodes in walked().items() for node in nodes if _called(node) == "os.fsync"}

    log = "embedded/src/sre_embedded/supervisor.py"  # which moves a log away, and loses nothing if that does not last
    assert (renames - {log}, flushes) == ({"src/sre_space/files.py"}, {"src/sre_space/files.py"})


def _called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _replaces(node: ast.AST) -> bool:
    """Return True for `os.replace`, `os.rename`, and a method `replace` with one positional argument."""
    if _called(node) in ("os.replace", "os.rename"):
        return True
    method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace"
    return method and isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords


def test_a_frozen_dataclass_does_not_change_itself() -> None:
    changed = [
        f"{path}:{node.lineno} {one.name}"
        for path, nodes in walked().items()
        for one in nodes
        if isinstance(one, ast.ClassDef) and any("frozen=True" in ast.unparse(call) for call in one.decorator_list)
        for node in _changes(one)
    ]

    assert changed == []


def _changes(of: ast.ClassDef) -> Iterator[ast.expr | ast.stmt]:
    """Where a class assigns to its own fields, or to what is in them."""
    for node in ast.walk(of):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if (_is_own(node.func.value) and node.func.attr in CHANGING) or _called(node) == "object.__setattr__":
                yield node
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            if any(_is_own(one.value if isinstance(one, ast.Subscript) else one) for one in targets):
                yield node


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def test_the_numbers_of_span_kinds_are_written_once() -> None:
    written = {path for path, nodes in walked().items() for node in nodes if _lists_kinds(node)}

    domain, columns = "src/sre_space/domain/telemetry.py", "src/sre_space/analysis/diagnosis/tables.py"
    assert written == {domain, columns}  # the names, and the numbers in columns


def _lists_kinds(node: ast.AST) -> bool:
    """Return True when a node lists both producer and consumer, whatever their case and prefix."""
    if not isinstance(node, ast.Tuple | ast.Dict | ast.Set | ast.List | ast.ClassDef):
        return False
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    texts = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {"producer", "consumer"} <= {text.lower().rpartition("_")[2] for text in names | texts}


TOPICS = {name for key, name in vars(topics).items() if key.isupper() and isinstance(name, str)}
OTHER_CHANGES = {  # GitHub's key of a file's changed lines, and ours of a case's changes
    ("src/sre_space/embedded/forge/history.py", "changes"),
    ("src/sre_space/bootstrap/diagnose.py", "changes"),
}


def test_each_topic_has_its_name_in_one_place() -> None:
    written = {(path, text) for path, text in _texts("src/sre_space/") if text in TOPICS}

    assert len(TOPICS) == 7
    assert written - OTHER_CHANGES == {("src/sre_space/codec/topics.py", text) for text in TOPICS}


def test_the_desired_state_has_its_names_in_one_place() -> None:
    written = [path for path, text in _texts("src/sre_space/") if FOLDER in text or SPACE_NAME in text]

    assert written == ["src/sre_space/domain/configuration.py"] * 2


def test_the_paths_of_a_state_folder_are_put_together_in_one_place() -> None:
    state = StatePaths(Path("/state"))
    made = [one for key in vars(StatePaths) if isinstance(one := getattr(state, key), Path)]
    made += [one("x") for key in vars(StatePaths) if callable(one := getattr(state, key)) and key in NAMED]
    parts = {part.removeprefix("x") for path in made for part in path.parts[2:]} - {"x", ".env", ".log"}
    joined = {
        (path, text)
        for path, nodes in walked().items()
        if path.startswith("src/sre_space/")
        for node in nodes
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        for text in _plain(node.right)
        if text in parts
    }

    assert {path for path, _ in joined} == {"src/sre_space/paths.py"}
    assert len(joined) > 20


NAMED = {"key", "log", "environment", "started", "running", "on_duty", "outbox"}  # methods that take a name


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    """Every text in the code but docstrings."""
    for path, nodes in walked().items():
        if path.startswith(folder):
            said = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            yield from (
                (path, node.value)
                for node in nodes
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
            )


def _plain(node: ast.expr) -> list[str]:
    """Return the constant parts of a text or f-string."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
