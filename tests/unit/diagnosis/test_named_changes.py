"""Changes in the words of deployment tools and of Git: each has its id, its service, its time and its text."""

import json

import pytest

from sre_space.analysis.diagnosis.changes import of_known
from sre_space.codec.changes import change_of

AT = 1_790_000_000 * 10**9


@pytest.mark.parametrize(
    "record",
    [
        {"id": "c0ffee", "service": "tax", "time": AT, "summary": "faster", "diff": "+x"},
        {"sha": "c0ffee", "serviceName": "tax", "committedDate": "2026-09-21T14:13:20Z", "message": "faster",
         "patch": "+x"},
        {"revision": "c0ffee", "app": "tax", "deployedAt": AT // 10**9, "description": "faster", "diff": "+x"},
        {"commit_id": "c0ffee", "services": ["tax"], "eventTime": AT // 10**6, "title": "faster", "diff": "+x"},
        {"commit": "c0ffee", "component": "tax", "@timestamp": "2026-09-21T14:13:20Z", "subject": "faster",
         "diff": "+x"},
    ],
)  # fmt: skip
def test_a_change_is_read_in_the_words_of_every_tool(record: dict[str, object]) -> None:
    change = change_of(b"\xef\xbb\xbf" + json.dumps(record).encode(), 1)
    assert (change.id, change.service, change.time, change.summary, change.diff) == (
        "c0ffee",
        "tax",
        AT,
        "faster",
        "+x",
    )


def test_a_change_of_several_services_names_none() -> None:
    assert change_of(json.dumps({"id": "c0ffee", "services": ["tax", "cart"]}).encode(), 1).service == ""


@pytest.mark.parametrize(
    ("named", "known"),
    [("tax", "tax"), ("tax-service", "tax"), ("orders", "orders-api"), ("web", "web"), ("billing", "billing")],
)
def test_a_change_is_of_the_service_that_people_mean(named: str, known: str) -> None:
    change = change_of(json.dumps({"id": "c0ffee", "service": named}).encode(), 1)
    assert of_known([change], ["tax", "orders-api", "web", "web-api"])[0].service == known
