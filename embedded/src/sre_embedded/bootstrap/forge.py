"""The process of the embedded forge: `python -m sre_embedded.bootstrap.forge`."""

from sre_embedded.listening import bind, names, serve
from sre_embedded.servers.forge.answers import Site
from sre_embedded.servers.forge.checks import Rules
from sre_embedded.servers.forge.repository import open_repository
from sre_embedded.servers.forge.server import app
from sre_embedded.servers.forge.store import Store
from sre_embedded.servers.forge.tools import Tools
from sre_embedded.settings import ForgeServerSettings
from sre_space.adapters.config_file import read_config
from sre_space.bootstrap import server
from sre_space.deployment.desired_state import desired_state
from sre_space.domain.space_config import Guardrails, SpaceConfig
from sre_space.identities import read_identities
from sre_space.paths import StatePaths

NO_CONFIG = SpaceConfig("", {}, (), Guardrails((), 0, 0, 0, 0))  # its desired state is what 0.1.0 had


async def _work(settings: ForgeServerSettings) -> None:
    state = StatePaths(settings.sre_space_state)
    identities = read_identities(state.identities)
    listener = bind(settings.forge_port, "FORGE_PORT", settings.listen_host)
    folder = state.repository(settings.repo_owner, settings.repo_name)
    config = read_config(settings.sre_space_chart) if settings.sre_space_chart.exists() else NO_CONFIG
    repository = open_repository(folder, settings.forge_seed, config.formats)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    store = Store(state.issues)
    site = Site(settings.repo_owner, settings.repo_name, base_url, identities)
    required = [name for name in settings.required_checks.split(",") if name]
    rules = Rules(required, lambda files: desired_state(files, config), config.formats)
    tools = Tools(store, repository, site, rules)
    hosts = names(settings.allowed_hosts)
    await serve(app(tools, identities), listener, lifespan="on", hosts=hosts)


if __name__ == "__main__":
    server.run("forge", ForgeServerSettings, _work)
