"""The warden finds the limit of a unit whatever the unit is called."""

from pathlib import Path

import pytest

from sre_embedded.servers.warden.memory import Warden


@pytest.mark.parametrize("unit", ["price-list", "price_list", "Price-List"])
def test_the_limit_of_a_unit_is_looked_up_by_its_name(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "space.env"
    path.write_text("# of all units\nPRICE_LIST_MEMORY_BYTES=400\nPRICE_LIST_REPLICAS=1\n")
    warden = Warden(path, tmp_path / "journal", dict)
    warden._refresh()

    assert warden._limit(unit) == 400
    assert warden._limit("price") is None
