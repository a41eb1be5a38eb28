"""Holds in words: on the command line, in Scout's report and on the issues. Used by the loop, Scout and the CLI."""

from datetime import UTC, datetime

from sre_space.domain.facts import Agent, Step
from sre_space.domain.holds import Hold
from sre_space.text.plain_text import plain
from sre_space.text.prose import quotable, scrub

MAX_TITLE = 200  # characters


def until(hold: Hold) -> str:
    """Return when the hold ends, in UTC, to the minute above: at that time it has ended."""
    minutes = -(-hold.until // (60 * 10**9))
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%d %H:%M UTC")


def sentence(hold: Hold) -> str:
    """Return what is held, until when, by whom, where that is written, and why; safe to quote, one line."""
    reason = quotable(plain(hold.reason))
    return scrub(f"{plain(hold.names)}: held until {until(hold)} by {hold.by} ({hold.source}): `{reason}`")


def title(hold: Hold) -> str:
    """Return the title of a hold's issue, as in `[HOLD] checkout until 2026-11-30 10:15 UTC`."""
    return scrub(f"[HOLD] {plain(hold.names)} until {until(hold)}")[:MAX_TITLE]


def body(hold: Hold) -> str:
    """Return the text of a hold's issue, which the signed comment on it puts into force."""
    lines = [
        "Somebody works on this: the agents measure and record, do nothing, and call nobody.",
        "",
        f"- held: **{plain(hold.names)}**",
        f"- until: {until(hold)}, or until this issue is closed",
        f"- reason: `{quotable(plain(hold.reason))}`",
        "",
        "`sre-space release` ends it earlier. What still fails then becomes an incident.",
    ]
    return scrub("\n".join(lines))


def ended_note(hold: Hold) -> str:
    """Return the comment with which the issue of a hold that is over is closed; it orders nothing."""
    return f"This hold has ended: it was until {until(hold)}. What still failed then became an incident."


def waiting_note(agent: Agent, step: Step, hold: Hold) -> str:
    """Return the comment on an incident that waits for the end of a hold; it is no fact, and orders nothing."""
    return f"**{agent.value.capitalize()}** waits with the step `{step}`: {sentence(hold)}."
