"""The halt label: whoever may label an open incident halts the agents within one poll. Used by Fixer's process."""

import logging
from collections.abc import Callable, Sequence

from sre_space.domain.case import Case
from sre_space.domain.labels import HALT
from sre_space.ports.kill_switch import KillSwitch

log = logging.getLogger(__name__)


def halt_on_label(kill_switch: KillSwitch) -> Callable[[Sequence[Case]], bool]:
    """Return a function that takes each poll's open incidents and halts the agents when one carries the halt label.

    Only a person's `sre-space resume` releases the kill switch.
    """

    def polled(cases: Sequence[Case]) -> bool:
        labelled = [case.issue for case in cases if HALT in case.labels]
        if labelled and not kill_switch.halted():
            log.warning("halted: issue %d carries the label %s", labelled[0], HALT)
            kill_switch.halt()
        return True

    return polled
