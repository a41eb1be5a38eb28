from sre_space.domain.tally import MAX_REASONS, OTHER, REPORT_EVERY_NS, Tally


def test_a_reason_is_told_at_once_and_then_once_a_minute_with_all_that_came_since() -> None:
    tally = Tally()

    told = [tally.due("too large", 2, number * REPORT_EVERY_NS // 10) for number in range(40)]

    assert [(number, count) for number, count in enumerate(told) if count] == [(0, 2), (10, 20), (20, 20), (30, 20)]
    assert tally.counts == {"too large": 80}


def test_nothing_is_told_of_nothing() -> None:
    assert Tally().due("too large", 0, 0) == 0


def test_who_makes_up_reasons_gets_no_line_for_each() -> None:
    tally = Tally()

    told = [tally.due(f"reason {number}", 1, 0) for number in range(10 * MAX_REASONS)]

    assert sum(count > 0 for count in told) == MAX_REASONS + 1
    assert tally.counts[OTHER] == 9 * MAX_REASONS
    assert sum(tally.counts.values()) == 10 * MAX_REASONS
