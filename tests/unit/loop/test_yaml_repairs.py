"""Repairs of services whose desired state is one YAML file outside of `deploy/config/`, on virtual time."""

from dataclasses import replace

from support.world import Fault, World, diagnosis

from sre_space.codec.yaml_values import value_at
from sre_space.domain.case import Case
from sre_space.domain.configuration import Format, Place
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Decision
from sre_space.domain.labels import NEEDS_HUMAN
from sre_space.domain.remedies import Escalate
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import SymptomKind

SHOP = "charts/shop.yaml"
TEXT = """\
# The shop.
services:
  quote-service:
    env:
      DOWNSTREAM_ATTEMPTS: 1   # how often it asks
      ONLINE_LIMIT: 250000
    owner: sales
  policy-service:
    memory: 400  # bytes
    env: {POOL: 5}
  user-service:
    env: {}
"""
ATTEMPTS, LIMIT = "services.quote-service.env.DOWNSTREAM_ATTEMPTS", "services.quote-service.env.ONLINE_LIMIT"
MEMORY = "services.policy-service.memory"


def in_one_file(config: SpaceConfig) -> SpaceConfig:
    """Return the configuration with all desired state in the YAML file."""
    services = {}
    for name, service in config.services.items():
        own = Place(SHOP, f"services.{name}.env", Format.YAML)
        memory = Place(SHOP, f"services.{name}.memory", Format.YAML)
        tunables = tuple(
            replace(
                one,
                file=SHOP,
                format=Format.YAML,
                key=memory.key if "MEMORY" in one.key else f"{own.key}.{one.key}",
            )
            for one in service.tunables
        )
        services[name] = replace(service, desired=own, memory=memory, replicas=None, tunables=tunables)
    return replace(config, services=services)


def world() -> World:
    """Return a world whose desired state is the YAML file, and a stranger's."""
    return World(configured=in_one_file(World().config), desired={SHOP: TEXT, "charts/other.yaml": "a: 1\n"})


def main(there: World, path: str = SHOP) -> str:
    """Return the text of a file on main."""
    return there.git.main()[path].decode()


async def blamed(there: World, files: dict[str, str]) -> Case:
    """Return the incident for which a commit of these files is blamed, after all that the agents did."""
    guilty = there.git.person_pushes({path: text.encode() for path, text in files.items()})
    there.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, guilty)
    there.faults = [
        Fault(SymptomKind.ERROR, "quote-service", lambda _: value_at(there.running[SHOP].decode(), LIMIT) == "2500")
    ]
    for _ in range(40):
        await there.clock.sleep(0.25)
    return await there.play(await there.report(SymptomKind.ERROR, "quote-service"))


async def test_a_tunable_is_set_and_nothing_else_of_the_file_changes() -> None:
    there = world()
    there.faults = [
        Fault(SymptomKind.ERROR, "quote-service", lambda _: value_at(there.running[SHOP].decode(), ATTEMPTS) == "1")
    ]
    there.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)

    await there.play(await there.report(SymptomKind.ERROR, "quote-service"))

    assert main(there) == TEXT.replace("ATTEMPTS: 1 ", "ATTEMPTS: 5 ")


async def test_more_memory_is_given_in_the_file() -> None:
    there = world()
    there.faults = [
        Fault(
            SymptomKind.SATURATION, "policy-service", lambda _: value_at(there.running[SHOP].decode(), MEMORY) == "400"
        )
    ]
    there.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SATURATION)

    case = await there.play(await there.report(SymptomKind.SATURATION, "policy-service"), 200)

    assert case.recovered
    assert main(there) == TEXT.replace("memory: 400 ", "memory: 600 ")


async def test_a_commit_of_values_is_reverted_and_its_comments_stay() -> None:
    there = world()
    bad = TEXT.replace("ONLINE_LIMIT: 250000", "ONLINE_LIMIT: 2500").replace("# The shop.", "# Our shop.")

    await blamed(there, {SHOP: bad})

    assert main(there) == TEXT.replace("# The shop.", "# Our shop.")


async def test_a_commit_that_changes_what_the_configuration_does_not_name_is_left_to_people() -> None:
    bad = TEXT.replace("ONLINE_LIMIT: 250000", "ONLINE_LIMIT: 2500")
    for files, why in (
        ({SHOP: bad.replace("owner: sales", "owner: robin")}, f"{SHOP}:services.quote-service.owner"),
        ({SHOP: bad, "charts/other.yaml": "a: 2\n"}, "charts/other.yaml"),
        ({SHOP: bad, "deploy/config/x.env": "A=2\n"}, "deploy/config/x.env"),
        ({SHOP: bad.replace("    env: {}\n", "    env: {}\n    more: [1]\n")}, "services.user-service.more"),
    ):
        there = world()
        case = await blamed(there, files)
        decision = case.latest(Decision)

        assert decision is not None
        assert isinstance(decision.remedy, Escalate)
        assert why in decision.remedy.reason
        assert NEEDS_HUMAN in case.labels
        assert main(there) == files[SHOP]


async def test_a_pull_request_that_holds_more_than_the_typed_change_is_not_merged() -> None:
    there = world()
    there.faults = [Fault(SymptomKind.ERROR, "quote-service", lambda _: True)]
    there.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    other = TEXT.replace("ATTEMPTS: 1 ", "ATTEMPTS: 5 ").replace("POOL: 5", "POOL: 500")
    commit = there.git.commit_files

    async def more(branch: str, files: dict[str, str], message: str, expected_head: str) -> str:
        return await commit(branch, {**files, SHOP: other}, message, expected_head)

    there.git.commit_files = more  # type: ignore[method-assign, assignment]
    await there.play(await there.report(SymptomKind.ERROR, "quote-service"))

    assert main(there) == TEXT
