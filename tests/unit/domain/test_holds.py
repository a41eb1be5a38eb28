"""Which services are held when, and which symptoms that puts off."""

from sre_space.domain.holds import ALL, Hold, blamable, held, maintenance_holds
from sre_space.domain.space_config import DAY_NS, Maintenance
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.windows import WeeklyWindow

SECOND = 10**9
HOUR = 3600 * SECOND
CALLS = {"shop": ("stock",), "stock": (), "mail": ()}
MONDAY = 4 * DAY_NS  # 5 January 1970


def hold(*services: str, since: int = 0, until: int = HOUR) -> Hold:
    """On these services."""
    return Hold(frozenset(services), since, until, "why", "operator", "issue 1", 1)


def test_a_hold_holds_its_services_from_its_beginning_to_its_end() -> None:
    on_stock = hold("stock", since=10, until=20)

    assert [held([on_stock], {"stock"}, at) is not None for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert held([on_stock], {"shop"}, 15) is None
    assert held([], {"stock"}, 15) is None


def test_of_several_holds_the_one_that_ends_last_counts() -> None:
    short, long = hold("stock", until=20), hold(ALL, until=30)

    assert held([short, long], {"stock"}, 5) == long
    assert held([short, long], {"stock"}, 25) == long
    assert held([short, hold("mail", until=90)], {"stock"}, 5) == short


def test_everything_is_held_by_a_hold_on_all() -> None:
    assert held([hold(ALL)], {"a journey"}, 5)
    assert held([hold(ALL)], {"a service of tomorrow"}, 5)


def test_a_symptom_is_put_off_by_work_on_what_it_may_come_from() -> None:
    assert blamable(SymptomKind.INFRASTRUCTURE, "shop", CALLS) == {"shop"}
    assert blamable(SymptomKind.ERROR, "shop", CALLS) == {"shop", "stock"}
    assert blamable(SymptomKind.LATENCY, "stock", CALLS) == {"stock"}
    assert blamable(SymptomKind.SLO, "buy", CALLS) == {"buy", "shop", "stock", "mail"}
    assert blamable(SymptomKind.CONVERSION, "buy", CALLS) == {"buy", "shop", "stock", "mail"}


def test_a_maintenance_window_is_a_hold_each_week_while_it_lasts() -> None:
    planned = Maintenance(("stock",), WeeklyWindow((0, 2), 2 * 3600, 4 * 3600), "vacuum")

    (on_monday,) = maintenance_holds([planned], MONDAY + 3 * HOUR)

    assert on_monday.services == {"stock"}
    assert (on_monday.since, on_monday.until) == (MONDAY + 2 * HOUR, MONDAY + 4 * HOUR)
    assert (on_monday.reason, on_monday.issue) == ("vacuum", 0)
    assert not maintenance_holds([planned], MONDAY + 4 * HOUR)
    assert not maintenance_holds([planned], MONDAY + DAY_NS + 3 * HOUR)
    assert maintenance_holds([planned], MONDAY + 2 * DAY_NS + 2 * HOUR)


def test_a_window_to_midnight_ends_there() -> None:
    planned = Maintenance((ALL,), WeeklyWindow((6,), 22 * 3600, 24 * 3600), "vacuum")

    (on_sunday,) = maintenance_holds([planned], MONDAY - HOUR)

    assert on_sunday.until == MONDAY
