"""Commands to the network: one JSON line `{"secret", "link", "delay_ms"}` on a Unix socket, one line in answer.

It stands for `tc` on a real machine. Commands without the secret of the space are refused; there is no command to read
the state of a link.
"""

import asyncio
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sre_embedded.servers.network.link import Link

MAX_DELAY_MS = 60_000


async def serve(path: Path, secret: str, links: Sequence[Link]) -> None:
    """Execute commands on the socket at `path` until cancelled."""
    known = {link.service: link for link in links}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        why = execute(await reader.readline(), secret, known)
        writer.write(json.dumps({"done": not why, "why": why}).encode() + b"\n")
        await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before the server starts
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(answer, path)
    finally:
        os.umask(before)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()


def execute(line: bytes, secret: str, links: Mapping[str, Link]) -> str:
    """Execute one command; return why it was refused, "" when it was executed."""
    try:
        command = json.loads(line)
        sent_secret, link, delay = str(command["secret"]), links.get(str(command["link"])), float(command["delay_ms"])
    except (ValueError, KeyError, TypeError):
        return 'an order is {"secret": text, "link": text, "delay_ms": number}'
    if not hmac.compare_digest(sent_secret.encode(), secret.encode()):
        return "the secret is wrong"
    if link is None:
        return f"there are links to {', '.join(links)}"
    if not 0 <= delay <= MAX_DELAY_MS:
        return f"delay_ms is from 0 to {MAX_DELAY_MS}"
    link.delay = delay / 1000
    return ""
