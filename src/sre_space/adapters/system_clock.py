"""The machine's clock: fulfils `ports.clock.Clock`."""

import asyncio
import time


class SystemClock:
    """Wall time; waiting by the event loop."""

    def now(self) -> int:
        """Unix nanoseconds."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Let the event loop go on meanwhile."""
        await asyncio.sleep(seconds)
