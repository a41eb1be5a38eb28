"""Every command of `sre-space`: its options, its help, and the module that it runs. docs/commands.md tells the same."""

import click

from sre_space.cli.edge import HELP, Lazy
from sre_space.cli.options import CONFIGURATION, ISSUE, JSON, STATE, Finite, Text, argument, flag, folder, text

_HERE = "sre_space.cli"

PORTS = click.Option(
    ["--ports"], type=click.Choice(["usual", "free"]), default="usual", help="`usual`, or `free`: any free ports."
)
DRY_RUN = flag("--dry-run", "The agents tell what they would do, and do nothing.")
NUMBER = click.Argument(["number"], type=ISSUE)
ONE_INCIDENT = click.Option(["--incident"], type=ISSUE, help="Only the incident of this issue.")
PLAN = argument("plan")

UP = Lazy(
    "up",
    f"{_HERE}.lifecycle:up",
    "Start the space and leave it running; its agents see to a service that does not serve.",
    [STATE, PORTS, CONFIGURATION, DRY_RUN],
)
DOWN = Lazy("down", f"{_HERE}.lifecycle:down", "End the space; nothing of it is left running.", [STATE])
STATUS = Lazy(
    "status",
    f"{_HERE}.status:status",
    "Show every process of the space, how the journeys fare, what is open, and what Scout's detectors say.",
    [STATE, JSON],
)
LOGS = Lazy(
    "logs",
    f"{_HERE}.logs:logs",
    "Print the log of one process.",
    [argument("name"), STATE, click.Option(["-f", "--follow"], is_flag=True, help="Go on as it grows.")],
)
HALT = Lazy(
    "halt", f"{_HERE}.halt:halt", "Stop every action of the agents, at once; they still watch and record.", [STATE]
)
RESUME = Lazy(
    "resume",
    f"{_HERE}.queries:resume",
    "Let the agents act again; takes the label sre:halt from the open incidents too.",
    [STATE],
)
INCIDENTS = Lazy("incidents", f"{_HERE}.queries:incidents", "List the incidents, newest first.", [STATE])
SHOW = Lazy("show", f"{_HERE}.queries:show", "Show the whole story of one incident.", [NUMBER, STATE])
AUDIT = Lazy(
    "audit",
    f"{_HERE}.queries:audit",
    "Verify every fact anew from the issues alone: who decided what, on which evidence, and what does not count.",
    [STATE, ONE_INCIDENT, JSON],
)
SHOW_PLAN = Lazy(
    "plan",
    f"{_HERE}.queries:plan",
    "Show exactly what the decision of an incident does or would do; changes nothing.",
    [NUMBER, STATE],
)
APPROVE = Lazy(
    "approve", f"{_HERE}.queries:approve", "Approve a plan that waits, signed by the operator's key.", [PLAN, STATE]
)
REJECT = Lazy("reject", f"{_HERE}.queries:reject", "Reject a plan that waits; it is not proposed again.", [PLAN, STATE])
RESTART = Lazy(
    "restart",
    f"{_HERE}.queries:restart",
    "Restart a service as a person; signed by the operator's key on every open incident about it.",
    [argument("service"), STATE],
)
RESOLVED = Lazy(
    "resolved",
    f"{_HERE}.queries:resolved",
    "Say what ended an incident that was left to a person, for the next one like it; signed by the operator's key.",
    [NUMBER, argument("words"), STATE],
)
DEPLOY = Lazy(
    "deploy",
    f"{_HERE}.deploy:deploy_command",
    "Apply the configuration on main; restart only the services whose desired state changed.",
    [
        STATE,
        JSON,
        flag("--watch", "Go on, each time that main moves."),
        flag("--dry-run", "Show what would be done; changes nothing."),
    ],
)
DIAGNOSE = Lazy(
    "diagnose",
    f"{_HERE}.diagnose:diagnose",
    "Name what caused an incident, or say that the evidence names no cause.",
    [
        folder("--incident", "Folder with the incident's telemetry."),
        folder("--baseline", "Folder of a healthy window; repeatable.", multiple=True),
        folder("--changes", "JSON lines, one recent change each."),
        folder("--cases", "Folder with `cases.jsonl`: every case."),
        text("--jaeger", "URL of a live Jaeger, with --since and --until."),
        click.Option(
            ["--incident-number", "number"],
            type=ISSUE,
            help="Repeat the diagnosis of this issue from its bundle.",
        ),
        STATE,
        text("--since", "ISO 8601, or Unix nanoseconds."),
        text("--until", "ISO 8601, or Unix nanoseconds."),
        JSON,
        flag("--jsonl", "One JSON object a case and line."),
    ],
)
DEMO = Lazy(
    "demo",
    f"{_HERE}.demo:demo",
    "Start a space, break it, watch it heal, show the story, stop it.",
    [
        click.Option(["--fault"], type=Text(), default="kill", help="The fault to inject."),
        JSON,
        flag("--keep", "Leave the space up."),
        CONFIGURATION,
    ],
)
EVAL = Lazy(
    "eval",
    f"{_HERE}.evaluate:evaluate",
    "Inject faults into a space of its own, and count what the agents make of them.",
    [
        flag("--detection", "What Scout opens for every experiment."),
        flag("--diagnosis", "What Brain names for every experiment."),
        flag("--healing", "What the agents do about every experiment."),
        click.Option(["--repeat"], type=click.IntRange(1, 10_000), default=1, help="How often each experiment is run."),
        click.Option(
            ["--seed"], type=click.IntRange(-(2**63), 2**63 - 1), default=1, help="The same seed, the same order."
        ),
        click.Option(["--only"], type=Text(), multiple=True, help="Some of the experiments, with commas or repeated."),
        click.Option(
            ["--quiet-minutes"], type=Finite(0, 1440), default=20.0, help="How long to watch a healthy space."
        ),
        CONFIGURATION,
    ],
)
KEYS = click.Group(
    "keys",
    context_settings=HELP,
    help="The keys that facts are signed with.",
    commands=[
        Lazy("list", f"{_HERE}.keys:list_keys", "List every key that is or was trusted.", [STATE]),
        Lazy(
            "rotate",
            f"{_HERE}.keys:rotate",
            "Replace keys; open incidents go on, and what the old keys signed until now stays valid.",
            [STATE, text("--agent", "Only this one's key.")],
        ),
    ],
)

MEMORY = click.Group(
    "memory",
    context_settings=HELP,
    help="The index that Memory finds incidents by.",
    commands=[
        Lazy(
            "rebuild",
            f"{_HERE}.memory:rebuild",
            "Index every lesson anew from the issues, with what came of it since.",
            [STATE],
        ),
    ],
)

VERBS: tuple[click.Command, ...] = (
    UP, DOWN, STATUS, LOGS, HALT, RESUME, INCIDENTS, SHOW, AUDIT, SHOW_PLAN, APPROVE, REJECT, RESTART, RESOLVED, DEPLOY,
    DIAGNOSE, DEMO, EVAL, KEYS, MEMORY,
)  # fmt: skip
