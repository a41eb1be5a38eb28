"""`tools/build_page.py`: a page that cannot be built is one sentence, and nothing else fails."""

import os
import sys
import time
from pathlib import Path

import build_page
import pytest


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a page of one file whose packages npm installs in no time, and return its folder."""
    folder = tmp_path / "apps" / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "node_modules").mkdir()
    for name in (*build_page.INSTALL_FILES, *build_page.BUILD_FILES, "src/main.ts"):
        (folder / name).write_text(name)
    built = tmp_path / "static" / "index.html"
    monkeypatch.setattr(build_page, "ROOT", tmp_path)
    monkeypatch.setattr(build_page, "PAGE", folder)
    monkeypatch.setattr(build_page, "BUILT", built)
    monkeypatch.setattr(build_page, "INSTALLED_STAMP", folder / "node_modules" / "installed")
    monkeypatch.setattr(build_page, "BUILT_STAMP", folder / "node_modules" / "built")
    monkeypatch.setattr(build_page, "FAILED_STAMP", folder / "failed")
    monkeypatch.setattr(sys, "argv", ["build_page.py"])
    return folder


def runs(monkeypatch: pytest.MonkeyPatch, why: str = "") -> list[list[str]]:
    """Let every command end with `why`; return the list of those that are run."""
    asked: list[list[str]] = []

    def run(command: list[str]) -> str:
        asked.append(command)
        if not why:
            build_page.BUILT.parent.mkdir(exist_ok=True)
            build_page.BUILT.write_text("built")
        return why

    monkeypatch.setattr(build_page, "run", run)
    return asked


def test_it_is_built_once_and_again_after_an_edit(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = runs(monkeypatch)
    build_page.main()
    assert [command[-1] for command in asked] == ["--fetch-retries=1", "build.mjs"]

    build_page.main()
    assert len(asked) == 2

    (sources / "src" / "main.ts").write_text("edited")
    build_page.main()
    assert [command[-1] for command in asked[2:]] == ["build.mjs"]


def test_no_registry_is_one_sentence_and_is_tried_again_later(
    sources: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = runs(monkeypatch, "getaddrinfo ENOTFOUND")
    build_page.main()

    assert "page is not built: npm's packages could not be installed (getaddrinfo ENOTFOUND)" in capsys.readouterr().out
    build_page.main()
    assert len(asked) == 1
    monkeypatch.setattr(sys, "argv", ["build_page.py", "--again"])
    build_page.main()
    assert len(asked) == 2

    long_ago = time.time() - build_page.TRY_AGAIN_S - 1
    os.utime(build_page.FAILED_STAMP, (long_ago, long_ago))
    monkeypatch.setattr(sys, "argv", ["build_page.py"])
    build_page.main()
    assert len(asked) == 3


def test_what_npm_says_is_told_by_its_first_line(sources: Path) -> None:
    failing = [str(build_page.node()), "-e", "console.error('npm error code E404\\nmore'); process.exit(1)"]

    assert build_page.run(failing) == "npm error code E404"
    assert build_page.run([str(build_page.node()), "-e", ""]) == ""
