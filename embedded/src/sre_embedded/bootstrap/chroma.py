"""The process of Chroma: `python -m sre_embedded.bootstrap.chroma FOLDER PROGRAM ARGUMENTS` executes the real server.

A damaged index is set aside first: it is expendable, because it can be rebuilt from the issues.
"""

import logging
import os
import sys
from pathlib import Path

from sre_embedded.databases import damage_of
from sre_space.domain.errors import Malformed
from sre_space.exits import one_sentence
from sre_space.state_files import make_folder, set_aside

DATABASE = "chroma.sqlite3"
MIN_ARGUMENTS = 3


def main() -> None:
    """Set a damaged index aside, then replace this process by the server."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s chroma %(levelname)s %(message)s")
    with one_sentence("chroma"):
        if len(sys.argv) < MIN_ARGUMENTS:
            raise Malformed(
                "folder and program are missing; use: python -m sre_embedded.bootstrap.chroma FOLDER PROGRAM ..."
            )
        folder, argv = Path(sys.argv[1]), sys.argv[2:]
        set_damaged_index_aside(folder)
        os.execv(argv[0], argv)


def set_damaged_index_aside(folder: Path) -> None:
    """Set a damaged index aside, so that Chroma creates an empty one, and create the folder if it is missing."""
    damage = damage_of(folder / DATABASE) if folder.is_dir() else ""
    if damage:
        set_aside(
            folder,
            f"{DATABASE} is damaged ({damage}); rebuild Memory's index with: sre-space memory rebuild",
        )
    make_folder(folder)


if __name__ == "__main__":
    main()
