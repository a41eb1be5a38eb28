"""Orders to the network: one JSON line `{"secret", "link", "delay_ms"}` on a Unix socket, one line in answer.

What `tc` is on a real machine. Whoever does not know the secret of the space is refused; nobody can ask how things are.
"""

import asyncio
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sre_space.embedded.network.link import Link

MAX_DELAY_MS = 60_000


async def serve(path: Path, secret: str, links: Sequence[Link]) -> None:
    """Take orders until cancelled."""
    known = {link.service: link for link in links}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        why = obey(await reader.readline(), secret, known)
        writer.write(json.dumps({"done": not why, "why": why}).encode() + b"\n")
        await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anything is served
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(answer, path)
    finally:
        os.umask(before)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()


def obey(line: bytes, secret: str, links: Mapping[str, Link]) -> str:
    """Carry out one order; why not, "" when it was."""
    try:
        order = json.loads(line)
        told, link, delay = str(order["secret"]), links.get(str(order["link"])), float(order["delay_ms"])
    except (ValueError, KeyError, TypeError):
        return 'an order is {"secret": text, "link": text, "delay_ms": number}'
    if not hmac.compare_digest(told.encode(), secret.encode()):
        return "the secret is another"
    if link is None:
        return f"there are links to {', '.join(links)}"
    if not 0 <= delay <= MAX_DELAY_MS:
        return f"delay_ms is from 0 to {MAX_DELAY_MS}"
    link.delay = delay / 1000
    return ""
