"""Whatever changes, and whenever a page comes back, applying what the stream sends gives the present state."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from sre_space.dashboard.answers.stream import Delta
from sre_space.dashboard.stream import hub as hubs
from sre_space.dashboard.stream.hub import Hub
from sre_space.dashboard.stream.panels import Panel, applied, delta

KEYS = st.sampled_from("abcdef")
PANELS = st.lists(st.tuples(KEYS, st.integers(0, 3)), unique_by=lambda pair: pair[0]).map(Panel.of)
NAMES = st.sampled_from(("services", "feed"))


@given(PANELS, PANELS)
def test_a_delta_makes_the_new_panel_of_the_old(old: Panel, new: Panel) -> None:
    change = delta(old, new)

    assert (applied(old, change) if change else old) == new
    assert (change is None) == (old == new)


def events(text: bytes) -> list[tuple[str, str, dict[str, Any]]]:
    """Return kind, id and data of each event."""
    found = []
    for part in text.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in part.splitlines())
        if "data" in lines:
            found.append((lines["event"], lines["id"], json.loads(lines["data"])))
    return found


class Page:
    """A page as docs/dashboard-api.md describes it."""

    def __init__(self) -> None:
        self.panels: dict[str, Panel] = {}
        self.last = ""

    def take(self, text: bytes) -> None:
        """Apply events."""
        for kind, id, data in events(text):
            self.panels = {} if kind == "reset" else self.panels
            self.last = id
            for name, change in data.get("panels", {}).items():
                self.panels[name] = applied(self.panels.get(name, Panel()), Delta.model_validate(change))


class Streams(RuleBasedStateMachine):
    """Pages that read now and then, come back with their last id, or with one of another process."""

    pages = Bundle("pages")

    def __init__(self) -> None:
        super().__init__()
        self.hub, self.kept = Hub(lambda: 0, epoch="now"), hubs.MAX_EVENTS
        hubs.MAX_EVENTS = 3
        self.current: list[Page] = []

    def teardown(self) -> None:
        hubs.MAX_EVENTS = self.kept

    @rule(name=NAMES, panel=PANELS)
    def change(self, name: str, panel: Panel) -> None:
        before = self.hub.number
        sent = self.hub.publish({name: panel})
        assert sent == (self.hub.number == before + 1)
        self.current = [] if sent else self.current

    @rule(target=pages)
    def come(self) -> Page:
        return Page()

    @rule(page=pages)
    def read(self, page: Page) -> None:
        seen = self.hub._seen(page.last)
        page.take(self.hub.after(seen))
        self.current.append(page)

    @rule(page=pages)
    def of_another_process(self, page: Page) -> None:
        page.last = "before-7"

    @invariant()
    def whoever_has_read_everything_has_the_present_state(self) -> None:
        for page in self.current:
            shown = {name: panel for name, panel in page.panels.items() if panel.order}
            assert shown == {name: panel for name, panel in self.hub.panels.items() if panel.order}

    @invariant()
    def what_is_kept_is_bounded(self) -> None:
        assert len(self.hub.events) <= hubs.MAX_EVENTS


TestStreams = Streams.TestCase
TestStreams.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


async def test_a_listener_gets_the_state_then_changes_and_a_beat_when_nothing_changes() -> None:
    hub = Hub(lambda: 5, epoch="now")
    hub.publish({"feed": Panel.of([("1", {"text": "a"})])})
    listening = hub.listen()
    first = [await anext(listening), await anext(listening)]
    hub.publish({"feed": Panel.of([("1", {"text": "b"})])})
    later = await anext(listening)

    assert first[0].startswith(b"retry: ")
    assert [kind for kind, _, _ in events(first[1])] == ["reset"]
    assert events(later) == [("delta", "now-2", {"at": 5, "panels": {"feed": {"set": {"1": {"text": "b"}}}}})]
    await listening.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert hub.listeners == 0


def test_a_row_that_is_many_is_sent_as_only_what_changed() -> None:
    hub = Hub(lambda: 0, epoch="now")
    rows = [(str(number), {"value": number}) for number in range(1_000)]
    hub.publish({"services": Panel.of(rows)})
    hub.publish({"services": Panel.of([*rows[:-1], ("999", {"value": 0})])})

    assert len(hub.events[-1][1]) < 150
