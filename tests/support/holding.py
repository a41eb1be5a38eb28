"""People who hold services of a test's world, as `sre-space hold` does, or as somebody else tries to."""

from support.world import REPOSITORY, SECOND, Key, World

from sre_space.domain.holds import Hold
from sre_space.domain.labels import HOLD
from sre_space.record.hold_format import render_hold
from sre_space.record.order_format import render_order
from sre_space.record.orders import OPERATOR
from sre_space.text.holds import body, title

REASON = "the disks are replaced"


async def hold(
    world: World,
    service: str,
    seconds: float,
    *,
    key: Key | None = None,
    reason: str = REASON,
    signed_for: tuple[str, int] | None = None,
    labels: tuple[str, ...] = (HOLD,),
) -> int:
    """Open the issue of a hold, sign it, and return its number; `signed_for` is another repository and issue."""
    now = world.clock.now()
    placed = Hold(frozenset({service}), now, now + int(seconds * SECOND), reason, OPERATOR, "")
    number = await world.forge.open_issue(title(placed), body(placed), labels)
    repository, issue = signed_for or (REPOSITORY, number)
    order = render_order(repository, issue, "hold", render_hold(placed), key or world.keys[OPERATOR])
    await world.forge.comment(number, order)
    return number


async def release(world: World, number: int, key: Key | None = None) -> None:
    """Sign the end of a hold, and close its issue."""
    order = render_order(REPOSITORY, number, "release", "", key or world.keys[OPERATOR])
    await world.forge.comment(number, order)
    await world.forge.close_issue(number)
