"""The overhead of a network link for a call: HTTP round trips to a small server, direct and through a link.

`python tools/bench_link.py [CALLS]`; the two paths are measured alternately, so that a busy machine slows both.
"""

import asyncio
import statistics
import sys
import time

import httpx

from sre_embedded.listening import bind
from sre_embedded.servers.network.link import Link

ROUNDS = 10
WARM_UP = 50
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request of a connection with 200."""
    while request := await reader.read(65_536):
        if request.endswith(b"}"):  # the end of the body, which may arrive after the head
            writer.write(ANSWER)
    writer.close()


def call(ports: dict[str, int], calls: int) -> dict[str, list[float]]:
    """Return the seconds of each call by path, without the warm-up."""
    clients = {path: httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) for path, port in ports.items()}
    took: dict[str, list[float]] = {path: [] for path in ports}
    for number in range(ROUNDS):
        for path, client in clients.items():
            for _ in range(calls // ROUNDS + (0 if number else WARM_UP)):
                begun = time.perf_counter()
                client.post("/", json={"a": 1})
                took[path].append(time.perf_counter() - begun)
    for client in clients.values():
        client.close()
    return {path: times[WARM_UP:] for path, times in took.items()}


async def main(calls: int) -> None:
    """Measure both paths and print median and 95th percentile in ms."""
    server = await asyncio.start_server(answer, sock=bind(0, "PORT"))
    listener = bind(0, "PORT")
    link = Link("server", server.sockets[0].getsockname()[1])
    serving = asyncio.ensure_future(link.serve(listener))
    ports = {"direct": link.port, "through a link": listener.getsockname()[1]}
    for path, times in (await asyncio.to_thread(call, ports, calls)).items():
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"{path:15} median {statistics.median(times) * 1e3:.3f} ms   p95 {p95 * 1e3:.3f} ms   n {len(times)}")
    serving.cancel()
    await asyncio.gather(serving, *link.connections, return_exceptions=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
