"""YAML files of desired state: one value changes, everything else stays byte for byte, or nothing is changed."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sre_space.codec.desired_values import already_applied, applied, edits_between, value_of
from sre_space.codec.yaml_edits import require_settable, with_value_at
from sre_space.codec.yaml_values import MAX_CHARACTERS, PATH, joined, value_at, yaml_file
from sre_space.domain.configuration import Edit, Format, Place
from sre_space.domain.errors import Conflict, Malformed

FILE = "charts/shop.yaml"
FORMATS = {FILE: Format.YAML}
TEXT = """\
# The shop.
services:
    quote:            # four spaces
        image: "quote:1.2"
        env: {POOL_SIZE: 5, MODE: 'fast'}  # in braces
        memory: 400000000
    policy:
      replicas:   2
      env:
      - name: POOL_SIZE
        value: "7"     # connections

      - {name: TOKEN, valueFrom: {secret: x}}
      args: [--quiet, on]
      note: |
        several
        lines
      empty:
      a.b[c]: yes

# The end.
last: 1.5
"""
POOL = "services.policy.env[name=POOL_SIZE].value"


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("services.quote.env.POOL_SIZE", "9", "{POOL_SIZE: 5,", "{POOL_SIZE: 9,"),
        ("services.quote.env.MODE", "it's", "MODE: 'fast'}", "MODE: 'it''s'}"),
        ("services.quote.env.MODE", None, "{POOL_SIZE: 5, MODE: 'fast'}", "{POOL_SIZE: 5}"),
        ("services.quote.env.POOL_SIZE", None, "{POOL_SIZE: 5, MODE", "{MODE"),
        ("services.quote.env.NEW", "1", "{POOL_SIZE: 5", "{NEW: '1', POOL_SIZE: 5"),
        ("services.quote.image", "off", '"quote:1.2"', '"off"'),
        ("services.quote.memory", "600000000", "memory: 400000000", "memory: 600000000"),
        ("services.quote.NEW", "on", "400000000\n", '400000000\n        NEW: "on"\n'),
        ("services.quote.image", None, '        image: "quote:1.2"\n', ""),
        ("services.policy.replicas", "4", "replicas:   2", "replicas:   4"),
        (POOL, "20", '"7" ', '"20" '),
        ("services.policy.args[0]", "on", "[--quiet,", '["on",'),
        ("services.policy.empty", "x", "empty:\n", "empty: x\n"),
        (r"services.policy.a\.b\[c\]", "plenty", "a.b[c]: yes", "a.b[c]: plenty"),
        ("last", "2", "last: 1.5", "last: 2"),
        ("next", "true", "last: 1.5\n", "last: 1.5\nnext: true\n"),
        ("last", "a: b", "last: 1.5", 'last: "a: b"'),
    ],
)
def test_only_the_value_changes(path: str, value: str | None, old: str, new: str) -> None:
    assert TEXT.count(old) == 1

    after = with_value_at(TEXT, path, value)

    assert after == TEXT.replace(old, new)
    assert value_at(after, path) == value


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("services.policy.note", "x", "is a text of several lines; change it by hand"),
        ("services.quote.env", "x", "services.quote.env is not a single value; name one inside it"),
        ("services.tax.env.POOL_SIZE", "x", "there is nothing to which services.tax.env.POOL_SIZE could be added"),
        ("services.policy.args[0]", None, r"services.policy.args\[0\] is no value of a key; remove it by hand"),
        ("services.policy.env[name=POOL_SIZE].name", "B", "cannot be changed alone; change it by hand"),
        ("services.policy.env[0].value", "x", "there is nothing to which"),
        ("last", "\x07", "cannot be changed alone"),
    ],
)
def test_what_would_change_more_than_a_value_is_left_to_people(path: str, value: str | None, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        with_value_at(TEXT, path, value)


HOSTILE: Mapping[str, tuple[str, str]] = {
    "a bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", ":1: the anchor a is not read here"),
    "an alias": ("a: 1\nb: *a\n", ":2: the anchor a is not read here"),
    "itself": ("a: &a {b: *a}\n", ":1: the anchor a is not read here"),
    "merge": ("a:\n  <<: {b: 1}\n", ":2: `<<` is not read here"),
    "twice": ("a: 1\nb: 2\na: 3\n", ":3: 'a' is here twice, first in line 1; keep one"),
    "twice by its text": ('5: 1\n"5": 2\n', ":2: '5' is here twice"),
    "a tag": ("a: !!python/object/apply:os.system [ls]\n", ":1: the tag .* is not read here; delete it"),
    "two documents": ("a: 1\n---\nb: 1\n", ":2: a second document begins here"),
    "deep": ("a: " + "[" * 30 + "]" * 30, ":1: this is nested more than 20 deep"),
    "very deep": ("[" * 10_000, ":1: this is nested more than 20 deep"),
    "huge": ("a: " + "x" * MAX_CHARACTERS, ": this has more than 262144 characters"),
    "many": ("a: [" + "1," * 30_000 + "]", ":1: these are more than 20000 values"),
    "no character": ('a: "\\UFFFFFFFF"\n', ": this is not YAML"),
    "half a character": ('a: "\\ud800"\n', ":1: this value holds a control character"),
    "a list": ("- a\n", ":1: this holds a list; desired state begins with a key"),
    "nothing": ("# only words\n", ":1: this holds nothing"),
    "a complex key": ("? [a]\n: 1\n", ":1: a key is a word on one line"),
    "a tab": ("a:\n\tb: 1\n", ":2: a tab; indent with spaces"),
    "a path of another machine": ("../../etc/passwd", ":1: this holds a single value"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_could_be_read_in_two_ways_or_without_end_is_refused_with_its_line(case: str) -> None:
    text, why = HOSTILE[case]

    with pytest.raises(Malformed, match=f"^{FILE}{why}"):
        yaml_file(text, FILE)


def test_an_edit_finds_its_old_value_or_is_a_conflict() -> None:
    edit = Edit(FILE, POOL, "7", "20")
    after = applied({FILE: TEXT}, [edit, Edit(FILE, "last", "1.5", "2")], FORMATS)

    assert after[FILE] == TEXT.replace('"7"', '"20"').replace("last: 1.5", "last: 2")
    assert already_applied(after, [edit], FORMATS)
    assert applied(after, [edit.inverse, Edit(FILE, "last", "2", "1.5")], FORMATS) == {FILE: TEXT}
    assert value_of(after, Place(FILE, POOL, Format.YAML)) == "20"
    assert value_of({}, Place(FILE, POOL, Format.YAML)) is None
    with pytest.raises(Conflict, match=r"charts/shop.yaml:last is 1.5, not 3"):
        applied({FILE: TEXT}, [Edit(FILE, "last", "3", "2")], FORMATS)


def test_the_edits_between_two_files_are_values_and_nothing_else() -> None:
    after = TEXT.replace('"7"     # connections', '"8"').replace(", MODE: 'fast'", "").replace("empty:", "empty: 1")

    assert edits_between({FILE: TEXT}, {FILE: after}, FORMATS) == (
        Edit(FILE, "services.quote.env.MODE", "fast", None),
        Edit(FILE, POOL, "7", "8"),
        Edit(FILE, "services.policy.empty", None, "1"),
    )
    assert not edits_between({FILE: TEXT}, {FILE: f"# Words.\n{TEXT}"}, FORMATS)
    for other in (TEXT.replace("--quiet, ", ""), TEXT.replace("last:", "last: {}\nmore:")):
        with pytest.raises(Malformed, match="is there only before or after it, or has another length"):
            edits_between({FILE: TEXT}, {FILE: other}, FORMATS)
    with pytest.raises(Malformed, match="is there only before or only after it"):
        edits_between({}, {FILE: TEXT}, FORMATS)


def test_a_place_that_could_never_be_set_is_refused() -> None:
    require_settable(TEXT, POOL, FILE)
    require_settable(TEXT, "services.quote.env.NEW", FILE)
    for path in ("services.tax.env.NEW", "services.policy.env[0].value", "services.quote"):
        with pytest.raises(Malformed, match=r"charts/shop.yaml"):
            require_settable(TEXT, path, FILE)


KEYS = st.text("abXY_.[]\\-", min_size=1, max_size=4).filter(lambda key: key not in ("---", "...", "name"))
SCALARS = st.one_of(
    st.text("ab1 #:'\"\n-é", max_size=6), st.integers(-9, 99), st.booleans(), st.none(), st.floats(0, 9), st.just("on")
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(KEYS, inner, max_size=3),
            st.lists(st.fixed_dictionaries({"name": st.sampled_from("abc"), "value": inner}), max_size=3),
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)
STYLES = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([True, False, None]),
        "indent": st.sampled_from([2, 4, 7]),
        "default_style": st.sampled_from([None, None, "'", '"', "|"]),
        "allow_unicode": st.booleans(),
    }
)
VALUES = st.one_of(
    st.none(), st.sampled_from(["7", "-1.5", "on", "true", "null", "", "a b", "x", "~"]), st.text(max_size=8)
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files as programs write them, with comments between their lines where a text goes over no line end."""
    styles = draw(STYLES)
    tree = _as_texts(draw(TREES)) if styles["default_style"] else draw(TREES)
    text = yaml.dump(tree, sort_keys=False, Dumper=_Dumper, **styles)  # type: ignore[arg-type]
    noted = "".join(f"{line}\n# {at}\n" for at, line in enumerate(text.splitlines()))
    return noted if draw(st.booleans()) and _same(noted, text) else text


class _Dumper(yaml.SafeDumper):
    """Writes what is there twice twice, without an anchor."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _as_texts(tree: object) -> object:
    """Return the same with all scalars as texts: what is quoted would else have a tag."""
    if isinstance(tree, dict):
        return {key: _as_texts(value) for key, value in tree.items()}
    return [_as_texts(value) for value in tree] if isinstance(tree, list) else str(tree)


def _same(noted: str, text: str) -> bool:
    try:
        return yaml_file(noted, FILE).values == yaml_file(text, FILE).values
    except Malformed:
        return False


@pytest.mark.parametrize(
    ("text", "path"),
    [("{X: []}\n", "X"), ("X:\n- value: ''\n# why\n  name: a\n", "X[name=a].value")],
    ids=["a list", "a comment behind it"],
)
def test_what_holds_more_than_a_value_is_left_to_people(text: str, path: str) -> None:
    with pytest.raises(Malformed, match="by hand"):
        with_value_at(text, path, None, FILE)


@given(files(), st.data())
def test_an_edit_of_any_file_gives_the_value_and_leaves_all_others(text: str, data: st.DataObject) -> None:
    try:
        before = yaml_file(text, FILE)
    except Malformed:
        return  # refused as a whole; the test of hostile files says which
    added = [joined(path, data.draw(KEYS)) for path, (tag, _) in before.shape.items() if tag.endswith("map")]
    path = data.draw(st.sampled_from(sorted({*before.values, *added})))
    value = data.draw(VALUES)
    try:
        after = with_value_at(text, path, value, FILE)
    except Malformed:
        return  # left to people; the next test says when never
    others = {key: one for key, one in before.values.items() if key != path}

    assert value_at(after, path) == value
    assert {key: one for key, one in yaml_file(after, FILE).values.items() if key != path} == others
    assert yaml_file(after, FILE).shape == before.shape
    assert PATH.fullmatch(path) or " " in path or not path.isprintable()
    assert sorted(_comments(after)) == sorted(_comments(text)) or "#" in f"{value}{before.values.get(path)}"


@given(files(), st.sampled_from(["7", "on", "x y", ""]), st.data())
def test_every_value_of_one_line_can_be_set(text: str, value: str, data: st.DataObject) -> None:
    try:
        before = yaml_file(text, FILE)
    except Malformed:
        return
    plain = [
        path for path, node in before.scalars.items() if node.style not in ("|", ">") and not path.endswith(".name")
    ]
    for path in plain:
        assert value_at(with_value_at(text, path, value), path) == value


def _comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("# ")]


def test_the_values_of_the_examples_on_the_page_are_found() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "configuration.md").read_text()

    assert "services.quote.env.POOL_SIZE" in page
    assert PATH.fullmatch(r"data.pool\.size")
    assert PATH.fullmatch("items[name=web].size")
    assert not any(map(PATH.fullmatch, ("a..b", ".a", "[0]", "a[name=]", "a[01]", "a.", "a\\b", "a]")))
