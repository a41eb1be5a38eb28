"""What has one home is written there alone: held over the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
    for folder in ("src", "libs", "apps", "chaos/src", "evaluation/src")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "tests" not in path.parts
}
CHANGING = {
    "add", "append", "clear", "discard", "extend", "insert", "move_to_end", "pop", "popitem", "remove", "setdefault",
    "update",
}  # fmt: skip


def test_only_one_function_replaces_a_file() -> None:
    renames = {path for path, tree in SOURCES.items() for node in ast.walk(tree) if _replaces(node)}
    renames -= {path for path in renames if path.startswith("chaos/")}  # a stranger, who imports nothing of ours
    flushes = {path for path, tree in SOURCES.items() for node in ast.walk(tree) if _called(node) == "os.fsync"}

    log = "src/sre_space/embedded/supervisor.py"  # which moves a log away, and loses nothing if that does not last
    assert (renames - {log}, flushes) == ({"src/sre_space/files.py"}, {"src/sre_space/files.py"})


def _called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _replaces(node: ast.AST) -> bool:
    """A text's `replace` has two arguments, a time's and a dataclass's have names."""
    if _called(node) in ("os.replace", "os.rename"):
        return True
    method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace"
    return method and isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords


def test_a_frozen_dataclass_does_not_change_itself() -> None:
    changed = [
        f"{path}:{node.lineno} {one.name}"
        for path, tree in SOURCES.items()
        for one in ast.walk(tree)
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
    written = {path for path, tree in SOURCES.items() for node in ast.walk(tree) if _lists_kinds(node)}

    domain, columns = "src/sre_space/domain/telemetry.py", "src/sre_space/analysis/diagnosis/tables.py"
    assert written == {domain, columns}  # the names, and the numbers in columns


def _lists_kinds(node: ast.AST) -> bool:
    """True where somebody lists producer and consumer, however they are spelt."""
    if not isinstance(node, ast.Tuple | ast.Dict | ast.Set | ast.List | ast.ClassDef):
        return False
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    texts = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {"producer", "consumer"} <= {text.lower().rpartition("_")[2] for text in names | texts}
