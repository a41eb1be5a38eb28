"""What leaves for the forge does nothing there, and tells nobody's secret."""

from hypothesis import given
from hypothesis import strategies as st

from sre_space.text.prose import scrub


@given(st.text())
def test_no_mention_and_no_issue_reference_survives(text: str) -> None:
    scrubbed = scrub(text)

    assert "@" not in scrubbed
    assert not any(f"#{digit}" in scrubbed for digit in "0123456789")


def test_closing_keywords_addresses_and_tokens_are_neutralised() -> None:
    told = scrub("Fixes #12, ask jane.doe@example.org, token ghp_abcdefghijklmnop1234, sk-abcdefghijklmnop1234")

    assert told == "Fixes no. 12, ask [address removed], token [token removed], [token removed]"
