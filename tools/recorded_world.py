"""The chains that the embedded space cannot produce: real agents in the tests' virtual world, with real signatures.

Used by `record_compat.py` (`tests/` is on the path for `support.world`): SCALE, which the embedded runtime never
offers, and a slow network whose effect is mitigated while it persists, so that its incident stays open.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from recorded import issue_of, write_json
from support.world import REPOSITORY, Fault, World, diagnosis

from sre_space.adapters.ed25519 import TrustedKey, TrustFolder
from sre_space.codec.footer import parse_footer
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.symptoms import SymptomKind

SERVICE = "policy-service"
BEGUN = 1_795_996_800 * 10**9  # 2026-11-30
HEALTHY = 40  # ticks before the fault


def record_world(folder: Path) -> None:
    """Write the two chains, and the public keys that verify them."""
    slow = Fault(
        SymptomKind.LATENCY,
        SERVICE,
        lambda _: True,
        lambda values: 0.0 if values.get("RISK_FALLBACK") == "standard" else 0.8,
    )
    full = Fault(SymptomKind.LATENCY, SERVICE, lambda values: values["POLICY_SERVICE_REPLICAS"] == "1")
    four = {name: replace(service, most_replicas=4) for name, service in World().config.services.items()}
    scales = World(begun=BEGUN, configured=replace(World().config, services=four))
    asyncio.run(_record(World(begun=BEGUN), slow, CauseKind.SLOW_NETWORK, folder / "chains" / "open-latency.json"))
    asyncio.run(_record(scales, full, CauseKind.TRAFFIC, folder / "chains" / "scaled.json"))


async def _record(world: World, fault: Fault, kind: CauseKind, path: Path) -> None:
    """Play a fault until the incident does not change any more, and write its issue."""
    _sign_with_real_ids(world, TrustFolder(path.parents[1] / "trust"))
    world.diagnoses = lambda _: diagnosis(SERVICE, kind)
    for tick in range(2 * HEALTHY):
        world.faults = [fault] if tick >= HEALTHY else []
        await world.clock.sleep(0.25)
    number = await world.report(SymptomKind.LATENCY, SERVICE)
    await world.play(number, 300)
    issue = await issue_of(world.forge, REPOSITORY, number)
    write_json(path, _dated(issue))


def _sign_with_real_ids(world: World, trust: TrustFolder) -> None:
    """Give the keys the ids of the trust store, and trust them there."""
    for owner, key in world.keys.items():
        public = key.private.public_key().public_bytes_raw()
        key.key_id = hashlib.sha256(public).hexdigest()[:16]
        trust.trust(TrustedKey(key.key_id, owner, public, None))
    world.trust.older = trust


def _dated(issue: Mapping[str, Any]) -> Mapping[str, object]:
    """Return an issue with each comment dated by its fact, as the forge in memory has no dates."""
    return {**issue, "comments": [{**comment, **_date(comment["body"])} for comment in issue["comments"]]}


def _date(body: str) -> Mapping[str, int]:
    signed = parse_footer(body)
    assert signed is not None
    return dict.fromkeys(("created", "updated"), signed.fact.at)
