"""The application knows nothing of chaos: its faults need no seam in the services, so there is none to switch on."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_word_of_chaos_stands_in_the_services_or_in_the_production_configuration() -> None:
    files = [path for name in ("apps", "libs") for path in (ROOT / name).glob("*/src/**/*.py")]
    files += (ROOT / "deploy").rglob("*.env")

    assert len(files) > 20
    words = re.compile(r"\b(chaos|experiment|canary|faults?|NETWORK_SECRET\w*)\b", re.IGNORECASE)
    assert not [path for path in files if words.search(path.read_text())]
