"""The label that halts: who may label an open incident stops the doctor within one poll. Used by Fixer's process."""

import logging
from collections.abc import Callable, Sequence

from sre_space.domain.case import Case
from sre_space.domain.labels import HALT
from sre_space.ports.kill_switch import KillSwitch

log = logging.getLogger(__name__)


def halt_on_label(kill_switch: KillSwitch) -> Callable[[Sequence[Case]], bool]:
    """What each poll's open incidents are told to; sets the brake, which only a person's `resume` releases."""

    def polled(cases: Sequence[Case]) -> bool:
        labelled = [case.issue for case in cases if HALT in case.labels]
        if labelled and not kill_switch.halted():
            log.warning("halted: issue %d carries the label %s", labelled[0], HALT)
            kill_switch.halt()
        return True

    return polled
