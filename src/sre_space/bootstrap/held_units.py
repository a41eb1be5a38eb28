"""Whether people hold the service of a unit, so that nobody is called for its crash loop. Used by the warden."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from sre_space.adapters.ed25519 import TrustFolder
from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.adapters.github_permissions import GithubWriters
from sre_space.adapters.system_clock import SystemClock
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import SpaceError
from sre_space.domain.holds import Hold, held
from sre_space.domain.space_config import SpaceConfig
from sre_space.record.holds import IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders
from sre_space.settings import WardenSettings

log = logging.getLogger(__name__)

ASK_AGAIN_S = 20.0


@dataclass
class HeldUnits:
    """Asks the forge; `known` is by service when it was last found to be held (seconds of `time.monotonic`)."""

    settings: WardenSettings
    config: SpaceConfig
    known: dict[str, float] = field(default_factory=dict)

    def held(self, unit: str) -> bool:
        """Return True while the unit's service is held; False where the forge does not say so."""
        name = next((service.name for service in self.config.services.values() if service.unit == unit), "")
        if not name or time.monotonic() - self.known.get(name, -ASK_AGAIN_S) < ASK_AGAIN_S:
            return bool(name)
        try:
            hold = asyncio.run(self._hold_on(name))
        except SpaceError as error:
            log.warning("whether %s is held cannot be read: %s", name, error)
            return False
        if hold is not None:
            self.known[name] = time.monotonic()
        return hold is not None

    async def _hold_on(self, service: str) -> Hold | None:
        settings, clock = self.settings, SystemClock()
        token, owner, repo = settings.github_personal_access_token, settings.repo_owner, settings.repo_name
        trust = TrustFolder(SpaceState(settings.sre_space_state).trust)
        forge = GithubMcpForge(settings.forge_url, token, owner, repo)
        writers = GithubWriters(settings.forge_url, token, owner, repo, settings.github_api_url)
        incidents = IncidentRepository(forge, trust, f"{owner}/{repo}")
        orders = IssueOrders(forge, trust, writers, incidents.repository)
        try:
            return held(await IssueHolds(incidents, orders, self.config, clock).current(), {service}, clock.now())
        finally:
            await forge.close()
