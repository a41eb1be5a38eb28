"""Follows Scout's signed reports on the bus."""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sre_space.codec.symptom_report import SymptomReport, decode
from sre_space.dashboard.following.remembering import Rows
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.feeds.newest_report import newest_report
from sre_space.ports.bus import History, Record, Subscription
from sre_space.ports.clock import Clock
from sre_space.ports.signing import TrustStore

log = logging.getLogger(__name__)


@dataclass
class Reports:
    """The newest report that Scout signed for this repository; `took` is called with each."""

    subscription: Subscription
    history: History
    trust: TrustStore
    repository: str
    clock: Clock
    took: Callable[[SymptomReport], None] = lambda _: None
    newest: SymptomReport | None = None
    error: str = ""
    rows: Rows = field(default_factory=Rows)

    async def begin(self) -> None:
        """Read the last report from before this process began, so that an outage of Scout is dated."""
        try:
            found = await newest_report(self.history, self.trust, self.repository, self.clock.now())
            self._take(found)
        except SpaceError as error:
            self.error = str(error)

    async def listen_forever(self) -> None:
        """Take in reports as they arrive; never return."""
        while True:
            for record in await self.subscription.next(timeout=1.0):
                await self.take(record)

    async def take(self, record: Record) -> None:
        """Take in a record; ignore what Scout did not sign: anyone may write to the topic."""
        with contextlib.suppress(Malformed):
            self._take(decode(record, self.trust))

    def _take(self, report: SymptomReport | None) -> None:
        if report is None or report.repository != self.repository:
            return
        if self.newest is None or report.at > self.newest.at:
            whole = report.report and self.rows.completed(report.report)
            self.newest, self.error = replace(report, report=whole), ""
            self.took(self.newest)
