"""How many faults of each kind a day the promise of 99.9 % bears: derived from the evaluation in `docs/benchmarks.md`.

Allowed failed attempts of a day: attempts a day x (1 - promise), 86,400 s x 5 a second x 0.001 = 432. A fault takes the
median of the failed attempts that the evaluation measured for it; so many times may it happen: the quotient, cut to a
whole number. `make faults-a-day` prints the table, and a test holds the one in the document to it.
"""

import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / "docs/benchmarks.md"
ATTEMPTS_A_SECOND = 5
DAY_S = 86_400
FAILED_OF_A_THOUSAND = 1
ALLOWED = DAY_S * ATTEMPTS_A_SECOND * FAILED_OF_A_THOUSAND // 1000
MEASURED = re.compile(r"^\| `([\w-]+)` \|.*\| (\d+) \|$", re.MULTILINE)
HEAD = "| fault | failed attempts, median | share of a day's allowance | so many a day |\n|---|---|---|---|"


def measured(text: str) -> dict[str, int]:
    """Return the failed attempts of each fault, as the evaluation's table in the document has them."""
    table = text[text.index("| experiment | incident after") :].partition("\n\n")[0]
    return {name: int(failed) for name, failed in MEASURED.findall(table)}


def table(failed: dict[str, int]) -> str:
    """Return the lines of the table, the most expensive fault first."""
    expensive_first = sorted(failed.items(), key=lambda one: -one[1])
    rows = [f"| `{name}` | {count} | {count / ALLOWED:.1%} | {_bears(count)} |" for name, count in expensive_first]
    return "\n".join([HEAD, *rows])


def _bears(failed: int) -> str:
    return str(ALLOWED // failed) if failed else "any number"


if __name__ == "__main__":
    print(table(measured(DOCUMENT.read_text())))
