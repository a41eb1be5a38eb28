"""A broker as Apache Kafka is when its disk lies: it hands out record batches whose bytes have changed."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sre_embedded.listening import bind
from sre_embedded.servers.bus.codec import WireReader
from sre_embedded.servers.bus.server import Broker

FETCH = 1


@contextmanager
def altering(folder: Path, alter: Callable[[bytes], bytes]) -> Iterator[str]:
    """Our broker on a thread, with every answer to a fetch altered; its address."""
    listener = bind(0, "BUS_PORT")
    port = listener.getsockname()[1]
    broker = Broker(folder, port)
    fetch = broker.apis[FETCH]

    async def altered(request: WireReader, version: int) -> bytes | None:
        answer = await fetch.call(request, version)
        return None if answer is None else alter(answer)

    broker.apis[FETCH] = replace(fetch, call=altered)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(broker.serve, sock=listener), loop).result(10)
    try:
        yield f"127.0.0.1:{port}"
    finally:

        async def end() -> None:
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
