"""Chroma's process: `python -m sre_space.bootstrap.chroma FOLDER PROGRAM ARGUMENTS` becomes the real server.

Its index is expendable, for the issues hold what it was made from: a damaged one is set aside first.
"""

import logging
import os
import sys
from pathlib import Path

from sre_space.domain.errors import Malformed
from sre_space.embedded.databases import damage_of
from sre_space.exits import one_sentence
from sre_space.state_files import make_folder, set_aside

DATABASE = "chroma.sqlite3"
MIN_WORDS = 3


def main() -> None:
    """Look at the folder, and become the server."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s chroma %(levelname)s %(message)s")
    with one_sentence("chroma"):
        if len(sys.argv) < MIN_WORDS:
            raise Malformed("say the folder and the program: python -m sre_space.bootstrap.chroma FOLDER PROGRAM ...")
        folder, argv = Path(sys.argv[1]), sys.argv[2:]
        mend(folder)
        os.execv(argv[0], argv)


def mend(folder: Path) -> None:
    """Set a damaged index aside, so that Chroma begins an empty one."""
    damage = damage_of(folder / DATABASE) if folder.is_dir() else ""
    if damage:
        set_aside(folder, f"{DATABASE} is damaged ({damage}), so Memory recalls nothing of before")
    make_folder(folder)


if __name__ == "__main__":
    main()
