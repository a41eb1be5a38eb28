"""The faults of each kind a day that the SLO of 99.9 % allows, derived from the evaluation in `docs/benchmarks.md`.

The error budget of a day in failed attempts is attempts a day x (1 - SLO): 86,400 s x 5 a second x 0.001 = 432. A fault
costs the median of the failed attempts that the evaluation measured for it, and may happen as often as the quotient,
rounded down. `make faults-a-day` prints the table, and a test compares it with the one in the document.
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
    expensive_first = sorted(failed.items(), key=lambda item: -item[1])
    rows = [
        f"| `{name}` | {count} | {count / ALLOWED:.1%} | {_allowed_faults(count)} |" for name, count in expensive_first
    ]
    return "\n".join([HEAD, *rows])


def _allowed_faults(failed: int) -> str:
    return str(ALLOWED // failed) if failed else "any number"


if __name__ == "__main__":
    print(table(measured(DOCUMENT.read_text())))
