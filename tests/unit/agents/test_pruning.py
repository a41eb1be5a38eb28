"""After remediations: the five newest branches stay, forgotten pull requests are closed, people's are not touched."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sre_space.agents.fixer.pruning import MAX_BRANCHES, remediation_of, stale_branches, stale_pulls
from sre_space.ports.gitops import Branch, PullRequest
from sre_space.text.proposal import branch_name

SECOND = 10**9
ISSUES = st.integers(1, 9999)
TIMES = st.integers(0, 4_000_000_000).map(lambda at: at * SECOND)
OURS = st.builds(branch_name, ISSUES, TIMES)
OTHERS = st.sampled_from(["main", "sre/inc-7", "sre/inc-x-20251125T100000Z", "sre/inc-7-yesterday", "robin/inc-7"])
PULL = PullRequest(1, "t", "", "open", "sre-fixer", "x", "0", "main", False, "", 0)


def named(names: Sequence[str]) -> list[Branch]:
    return [Branch(name, "0") for name in names]


@given(ISSUES, TIMES)
def test_a_branchs_name_tells_its_issue_and_its_time(issue: int, decided: int) -> None:
    found = remediation_of(branch_name(issue, decided))

    assert found is not None
    assert found.issue == issue
    assert branch_name(found.issue, decided) == branch_name(issue, decided)


@given(st.one_of(st.text(), st.text().map("sre/inc-{}".format), OTHERS))
def test_a_name_is_a_remediations_only_when_it_is_spelt_exactly_so(name: str) -> None:
    found = remediation_of(name)

    assert found is None or name.startswith(f"sre/inc-{name.split('-')[1]}-{found.utc}")


@given(st.lists(st.tuples(ISSUES, TIMES), max_size=12, unique=True), st.lists(OTHERS, unique=True), st.randoms())
def test_the_five_newest_stay_and_older_ones_go_whatever_the_order_of_the_list(
    decisions: Sequence[tuple[int, int]], others: Sequence[str], random: st.DataObject
) -> None:
    by_age = sorted({branch_name(*one): (one[1], one[0]) for one in decisions}.items(), key=lambda item: item[1])
    names = [name for name, _ in by_age]
    mixed = [*names, *others]
    random.shuffle(mixed)  # type: ignore[attr-defined]

    assert stale_branches(named(mixed), ()) == tuple(names[: max(0, len(names) - MAX_BRANCHES)])


@given(st.lists(OURS, min_size=6, max_size=12, unique=True), st.data())
def test_a_branch_that_an_open_pull_request_needs_stays_and_one_of_a_closed_one_goes(
    names: Sequence[str], data: st.DataObject
) -> None:
    stale = stale_branches(named(names), ())
    head = data.draw(st.sampled_from(stale))
    pull = replace(PULL, head=head)

    assert stale_branches(named(names), [pull]) == tuple(name for name in stale if name != head)
    assert stale_branches(named(names), [replace(pull, state="closed")]) == stale


def test_open_pull_requests_of_finished_incidents_are_closed_and_no_others() -> None:
    mine, other = branch_name(7, 0), branch_name(8, 0)
    pulls = [
        replace(PULL, number=1, head=mine),
        replace(PULL, number=2, head=other),
        replace(PULL, number=3, head=mine, state="closed"),
        replace(PULL, number=4, head="robin/inc-7"),
    ]

    assert stale_pulls(pulls, {7}) == (1,)
    assert stale_pulls(pulls, ()) == ()
