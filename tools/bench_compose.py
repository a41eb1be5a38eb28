"""`make bench-compose`: ten kills on the Compose stack with the embedded servers, and how long each is felt.

It starts the stack as docs/compose.md says, kills the three services in turn with `docker kill`, prints a table, and
takes the stack down with its volumes. The times begin when `docker kill` is called.
"""

import statistics
import sys
import time
from collections.abc import Mapping, Sequence

from support.compose import PROJECT, Stack, missing
from support.waiting import until

KILLS = 10
SERVICES = ("policy-service", "user-service", "quote-service")  # in turn: each may be restarted six times an hour
AGENTS = ("scout", "brain", "fixer", "memory")
LEARNS_S = 30.0  # of healthy traffic before the first kill
WITHIN_S = 120
LABELS = {
    "up_s": "`up -d` with built images to a whole journey",
    "open_s": "`docker kill` to incident open",
    "acted_s": "`docker kill` to restarted, as Fixer recorded it",
    "serving_s": "`docker kill` to a whole journey again",
    "closed_s": "`docker kill` to recovery verified",
}


def main() -> None:
    """Measure, and print the table; exit with the reason where no engine answers."""
    if why := missing():
        sys.exit(f"not measured: {why}")
    stack = Stack()
    try:
        stack.compose("build")
        stack.up()
        until(lambda: all(_on_duty(stack, agent) for agent in AGENTS), "all agents are on duty", WITHIN_S)
        time.sleep(LEARNS_S)
        figures = [measured(stack, SERVICES[number % len(SERVICES)]) for number in range(KILLS)]
    finally:
        stack.down("--volumes")
    print("\n| figure, s | median | least | most |\n|---|---|---|---|")
    print(f"| {LABELS['up_s']} | {stack.healthy_after_s:.0f} | | |")
    for key in ("open_s", "acted_s", "serving_s", "closed_s"):
        values = [figure[key] for figure in figures]
        print(f"| {LABELS[key]} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |")


def measured(stack: Stack, service: str) -> Mapping[str, float]:
    """Kill a service, and return the times until its incident is open, acted on, over for customers, and verified."""
    known = stack.known()
    at = time.time()
    stack.docker("kill", f"{PROJECT}-{service}-1")
    until(stack.sells, "a customer buys", WITHIN_S, every_s=0.02)
    serving = time.time() - at
    stack.healed(known, service)
    facts = _facts(stack, known, service)
    times = {step: (_time(facts, step) - at) for step in ("detect", "act", "verify")}
    figure = {"open_s": times["detect"], "acted_s": times["act"], "serving_s": serving, "closed_s": times["verify"]}
    print(f"{service}: " + ", ".join(f"{LABELS[key]} {value:.2f} s" for key, value in figure.items()), flush=True)
    return figure


def _facts(stack: Stack, known: int, service: str) -> Sequence[Mapping[str, object]]:
    found = next(one for one in stack.issues() if int(one["issue"]) > known and service in one["title"])
    facts: Sequence[Mapping[str, object]] = found["facts"]
    return facts


def _time(facts: Sequence[Mapping[str, object]], step: str) -> float:
    """Return when the first fact of a step was signed, in Unix seconds."""
    return next(int(str(fact["at"])) for fact in facts if fact["step"] == step) / 1e9


def _on_duty(stack: Stack, agent: str) -> bool:
    return "on duty for" in stack.both_streams("logs", f"{PROJECT}-{agent}-1")


if __name__ == "__main__":
    main()
