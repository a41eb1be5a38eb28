"""The checks of this machine: settings, configuration, disk, keys, trust, kill switch, calls."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from sre_space.adapters.disk import DiskFolder
from sre_space.adapters.ed25519 import KeyFile, TrustFolder
from sre_space.adapters.halt_file import HaltFile
from sre_space.bootstrap.doctor.asking import failed
from sre_space.bootstrap.notify import notifier
from sre_space.bootstrap.record_key import read_record_key
from sre_space.bootstrap.space.names import AGENTS, SIGNERS
from sre_space.codec.env_lines import EnvLines
from sre_space.domain.checks import Check, Level
from sre_space.domain.disk_space import DiskLevel
from sre_space.domain.errors import Damaged, Malformed, SpaceError
from sre_space.domain.space_config import SpaceConfig
from sre_space.paths import StatePaths
from sre_space.settings import PROCESSES, CommandLineSettings

RECORD_KEY = "TELEMETRY_RECORD_KEY_FILE"
_DISK = {DiskLevel.ENOUGH: Level.OK, DiskLevel.LOW: Level.NOTICE, DiskLevel.FULL: Level.REFUSED}
_FREE = "free some there; nothing is recorded or done while it is full"


def settings_check(lines: EnvLines, values: Mapping[str, str]) -> Check:
    """Return whether every agent, the deployer and the command line would accept the settings."""
    name = "settings"
    try:
        CommandLineSettings.read(lines)
        for settings in PROCESSES.values():
            settings.read(lines)
        notifier(values.get("SRE_NOTIFY_URLS", ""))
        if key_file := values.get(RECORD_KEY):
            read_record_key(Path(key_file))
    except SpaceError as error:
        return failed(name, error)
    return Check(name, Level.OK, f"valid; sre-space {version('sre-space')}, Python {python_version()}")


def configuration_checks(path: Path, config: SpaceConfig) -> Iterator[Check]:
    """Yield that the configuration was read, and a line for each of its notices."""
    journeys = len(config.journeys)
    yield Check("configuration", Level.OK, f"{path}: {len(config.services)} service(s), {journeys} journey(s)")
    yield from (Check("configuration", Level.NOTICE, notice) for notice in config.notices)


def disk_check(state: StatePaths) -> Check:
    """Return what is left on the disk of the state folder."""
    room = DiskFolder(state.root).measure()
    level = _DISK[room.level]
    return Check("disk", level, room.description, "" if level is Level.OK else _FREE)


def switch_checks(state: StatePaths, values: Mapping[str, str]) -> Iterator[Check]:
    """Yield what keeps the agents from acting, and whether a person would be called."""
    if state.root.is_dir() and HaltFile(state.halt).halted():
        yield Check("kill switch", Level.REFUSED, "halted: no action is taken", "end it with: sre-space resume")
    if values.get("DRY_RUN", "").lower() in ("1", "true", "yes", "on", "t", "y"):
        yield Check(
            "dry run", Level.REFUSED, "DRY_RUN is set: Fixer changes nothing", "unset it, and start Fixer again"
        )
    if not values.get("SRE_NOTIFY_URLS"):
        yield Check("calls", Level.NOTICE, "nobody is called, except by a line of the log", "set SRE_NOTIFY_URLS")


def key_checks(state: StatePaths) -> Sequence[Check]:
    """Return whether each private key here is trusted as its owner's, and each agent has a trusted key."""
    if not state.trust.is_dir():
        if any(state.key(owner).exists() for owner in SIGNERS):
            return [Check("keys", Level.WRONG, f"{state.trust} is missing", "copy the folder trust from the agents")]
        return [Check("keys", Level.NOTICE, f"there are none in {state.root}", "`sre-space up` makes them")]
    try:
        return [*_own_keys(state), _trusted(state)]
    except (SpaceError, Damaged) as error:
        return [failed("keys", error)]


def _own_keys(state: StatePaths) -> Iterator[Check]:
    trust, good = TrustFolder(state.trust), []
    for owner in (owner for owner in SIGNERS if state.key(owner).exists()):
        try:
            trust.refuse_unless(KeyFile.load(state.key(owner)), owner)
            good.append(owner)
        except Malformed as error:
            yield failed("keys", error)
    yield Check("keys", Level.OK, f"private keys here, each trusted: {', '.join(good) or 'none'}")


def _trusted(state: StatePaths) -> Check:
    """Return whether there is a key in force for each agent, without which its facts do not count."""
    owners = {key.owner for key in TrustFolder(state.trust).listed() if key.retired is None}
    missing = [agent for agent in AGENTS if agent not in owners]
    if missing:
        found = f"no trusted key in {state.trust} for {', '.join(missing)}, whose facts do not count"
        return Check("trust", Level.REFUSED, found, "copy the folder trust from the machine that made the keys")
    return Check("trust", Level.OK, "a trusted key for each agent")
