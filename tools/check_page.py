"""Checks the dashboard's page: types, lint, tokens, unit tests; where npm's packages are missing, it says so."""

import os
import subprocess
import sys

from build_page import FAILED_STAMP, INSTALLED_STAMP, MODULES, PAGE, node

CHECKS = {
    "types": [str(MODULES / "typescript" / "bin" / "tsc"), "--noEmit"],
    "types of the tests": [str(MODULES / "typescript" / "bin" / "tsc"), "-p", "tests", "--noEmit"],
    "lint": [str(MODULES / "@biomejs" / "biome" / "bin" / "biome"), "lint", "--error-on-warnings", "."],
    "tokens": ["lint/tokens.mjs"],
    "unit tests": ["--test", "--test-reporter=dot", "tests/*.test.ts"],
}


def main() -> None:
    """Run every check; exit with 1 when one of them fails."""
    if not INSTALLED_STAMP.is_file():
        why = FAILED_STAMP.read_text() if FAILED_STAMP.is_file() else "make page has not been run"
        print(f"The dashboard's page is not checked: {why}.")
        return
    environment = {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    failed = []
    for name, arguments in CHECKS.items():
        done = subprocess.run(
            [str(node()), *arguments], cwd=PAGE, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            failed.append(name)
            print(done.stdout + done.stderr, file=sys.stderr)
    if failed:
        sys.exit(f"check_page: {', '.join(failed)} of apps/frontend")


if __name__ == "__main__":
    main()
