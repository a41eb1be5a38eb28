"""The process of the traffic generator: `python -m traffic`."""

import asyncio
import contextlib
import logging
import secrets
import signal
from itertools import count

import httpx
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from service_kit.telemetry import set_up
from traffic.customers import customers, synthetic
from traffic.demand import per_second
from traffic.journeys import Player
from traffic.settings import Settings

TIMEOUT_S = 3.0
LOG_EVERY_S = 10.0
MAX_AT_ONCE = 200  # concurrent attempts
MAX_IDLE = 50  # idle connections: the pool scans all of them for each request
log = logging.getLogger("traffic")


async def play(settings: Settings) -> None:
    """Generate traffic until cancelled."""
    limits = httpx.Limits(max_connections=MAX_AT_ONCE, max_keepalive_connections=MAX_IDLE)
    async with httpx.AsyncClient(
        base_url=settings.quote_service_url, timeout=TIMEOUT_S, limits=limits, trust_env=False
    ) as client:
        HTTPXClientInstrumentor().instrument_client(client)
        player = Player(client, trace.get_tracer("traffic"), secrets.token_hex(3))
        changed = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, changed.set)
        async with asyncio.TaskGroup() as group:
            group.create_task(player.play(synthetic(), group))
            group.create_task(_log_counts(player))
            for seed in count(settings.traffic_seed):  # each demand has its own seed: no journey id is used twice
                stream = customers(seed, per_second(settings), settings.traffic_users)
                playing = group.create_task(player.play(stream, group))
                await changed.wait()
                changed.clear()
                playing.cancel()  # no new customers of this stream; visits in progress continue


async def _log_counts(player: Player) -> None:
    while True:
        await asyncio.sleep(LOG_EVERY_S)
        log.info("attempts so far: %d good, %d bad", player.good, player.bad)


async def _until_stopped(settings: Settings) -> None:
    task = asyncio.ensure_future(play(settings))
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> None:
    """Generate traffic until the process is stopped."""
    settings = Settings.read()
    telemetry = set_up("traffic", "0.1.0", settings.otel_exporter_otlp_endpoint)
    asyncio.run(_until_stopped(settings))
    telemetry.flush()


if __name__ == "__main__":
    main()
