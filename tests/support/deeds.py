"""What befalls processes in mid-incident: they die, stand still, read a wrong clock, find files or disk spoilt."""

import time
from collections.abc import Callable, Sequence
from glob import glob

import psutil
from support.damage import Damage, damage_file, damageable
from support.disks import SmallDisk
from support.interruptions import EVERYBODY, Deed, Interruption
from support.live import LiveSpace
from support.pausing import pause, whole
from support.waiting import until

from sre_space.state_files import write_private

AHEAD = "+600"  # seconds; behind, librdkafka waits for ever under libfaketime (unit tests have both)
SAID_OF_THE_CLOCK = "this clock is"
EXPENDABLE = {"telemetry": ("telemetry",), "bus": ("bus/offsets",), "chroma": ("chroma",)}
FAKETIME = next(iter(glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")  # Debian's package libfaketime


def aimed(what: Interruption, live: LiveSpace) -> Callable[[], None]:
    """Find the processes; what is returned does the deed and comes back once it is over."""
    match what.deed:
        case Deed.KILLED:
            doomed = [psutil.Process(pid) for pid in _pids(live, what.units)]
            return lambda: _kill(doomed)
        case Deed.PAUSED | Deed.HANGING:
            stopped = whole(live) if EVERYBODY in what.victims else _pids(live, what.units)
            return lambda: _stand_still(stopped, what.lasts_s)
        case Deed.FAST_CLOCK:
            return lambda: _misread_the_clock(live, what.units)
        case Deed.DAMAGED:
            return lambda: _damage(live, what.units)
        case Deed.FULL_DISK:
            return lambda: _fill(live, what.lasts_s)


def _pids(live: LiveSpace, units: Sequence[str]) -> tuple[int, ...]:
    return tuple(until(lambda unit=unit: live.pid(unit), f"{unit} runs") for unit in units)  # type: ignore[misc]


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        process.kill()


def _stand_still(pids: Sequence[int], seconds: float) -> None:
    with pause(*pids, seconds=seconds):
        pass


def _misread_the_clock(live: LiveSpace, units: Sequence[str]) -> None:
    """Start them with a clock that is wrong, until each has said so; then with the right one."""
    for unit in units:
        path = live.state.run / "env" / f"{unit}.env"
        right, said = path.read_text(), _said(live, unit)
        write_private(path, f"LD_PRELOAD={FAKETIME}\nFAKETIME={AHEAD}\nFAKETIME_DONT_FAKE_MONOTONIC=1\n{right}")
        live.kill(unit)
        try:
            until(lambda unit=unit, said=said: _said(live, unit) > said, f"{unit} says that its clock is wrong")  # type: ignore[misc]
        finally:
            write_private(path, right)
            live.kill(unit)


def _said(live: LiveSpace, unit: str) -> int:
    return live.state.log(unit).read_text(errors="replace").count(SAID_OF_THE_CLOCK)


def _damage(live: LiveSpace, units: Sequence[str]) -> None:
    """Damage what they can do without, and end them, so that they read it again."""
    for unit in units:
        for place in EXPENDABLE.get(unit, (f"outbox/{unit}",)):
            for path in damageable(live.state.root / place):
                damage_file(path, Damage.FIRST_BYTES)
        live.kill(unit)


def _fill(live: LiveSpace, seconds: float) -> None:
    """Fill the disk that the space lies on for so many seconds."""
    disk = SmallDisk(live.plan.checkout.parent)
    disk.fill()
    try:
        time.sleep(seconds)
    finally:
        disk.free()
