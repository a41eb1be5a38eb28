"""Every command of `sre-space`: its options, its help, and the function that it runs. See docs/commands.md."""

import click

from sre_space.cli.edge import HELP, LazyCommand
from sre_space.cli.options import (
    CONFIGURATION,
    ISSUE,
    JSON,
    STATE,
    Duration,
    Finite,
    Text,
    TextPath,
    argument,
    flag,
    folder,
    text,
)

_HERE = "sre_space.cli"

PORTS = click.Option(
    ["--ports"],
    type=click.Choice(["usual", "free"]),
    default="usual",
    help="`usual` (the defaults), or `free`: any free ports.",
)
WITHOUT_KEYS = flag("--without-keys", "Leave private keys out: new ones are made there, and the old ones are retired.")
DRY_RUN = flag("--dry-run", "The agents record what they would do, and change nothing.")
NUMBER = click.Argument(["number"], type=ISSUE)
ONE_INCIDENT = click.Option(["--incident"], type=ISSUE, help="Only the incident of this issue.")
PLAN = argument("plan")
FILE = click.Argument(["file"], type=TextPath())

UP = LazyCommand(
    "up",
    f"{_HERE}.embedded:up",
    "Start the space and leave it running; its agents repair a service that does not serve.",
    [STATE, PORTS, CONFIGURATION, DRY_RUN],
)
DOWN = LazyCommand("down", f"{_HERE}.embedded:down", "Stop the space with all its processes.", [STATE])
OPEN = LazyCommand("open", f"{_HERE}.open:open_dashboard", "Open the dashboard in the browser.", [STATE])
STATUS = LazyCommand(
    "status",
    f"{_HERE}.status:status",
    "Show the space's processes, journeys, open incidents, and the state of Scout's detectors.",
    [STATE, JSON],
)
DOCTOR = LazyCommand(
    "doctor",
    f"{_HERE}.doctor:doctor",
    "Check settings, servers, tokens, keys, clocks, disk and runtime: whether an incident could be handled.",
    [STATE, JSON],
)
LOGS = LazyCommand(
    "logs",
    f"{_HERE}.logs:logs",
    "Print the log of one process.",
    [argument("name"), STATE, click.Option(["-f", "--follow"], is_flag=True, help="Follow the log as it grows.")],
)
HALT = LazyCommand(
    "halt",
    f"{_HERE}.halt:halt",
    "Kill switch: stop every action of the agents at once; they still watch and record.",
    [STATE],
)
RESUME = LazyCommand(
    "resume",
    f"{_HERE}.queries:resume",
    "Let the agents act again; also removes the label sre:halt from open incidents.",
    [STATE],
)
INCIDENTS = LazyCommand("incidents", f"{_HERE}.queries:incidents", "List the incidents, newest first.", [STATE])
SHOW = LazyCommand("show", f"{_HERE}.queries:show", "Show the whole story of one incident.", [NUMBER, STATE])
AUDIT = LazyCommand(
    "audit",
    f"{_HERE}.queries:audit",
    "Verify every fact from the issues alone: who decided what, on which evidence, and which comments are void.",
    [STATE, ONE_INCIDENT, JSON],
)
SHOW_PLAN = LazyCommand(
    "plan",
    f"{_HERE}.queries:plan",
    "Show exactly what the decision of an incident does or would do; changes nothing.",
    [NUMBER, STATE],
)
APPROVE = LazyCommand(
    "approve", f"{_HERE}.queries:approve", "Approve a waiting plan; signed with the operator's key.", [PLAN, STATE]
)
REJECT = LazyCommand(
    "reject", f"{_HERE}.queries:reject", "Reject a waiting plan; it is not proposed again.", [PLAN, STATE]
)
RESTART = LazyCommand(
    "restart",
    f"{_HERE}.queries:restart",
    "Restart a service by hand; signed with the operator's key on every open incident about it.",
    [argument("service"), STATE],
)
RESOLVED = LazyCommand(
    "resolved",
    f"{_HERE}.queries:resolved",
    "Record what ended an escalated incident, for similar ones later; signed with the operator's key.",
    [NUMBER, argument("words"), STATE],
)
HOLD = LazyCommand(
    "hold",
    f"{_HERE}.holds:hold",
    "Hold SERVICE, or `all`, while people work on it: the agents watch it, do nothing, and call nobody.",
    [
        argument("service"),
        click.Option(["--for", "seconds"], type=Duration(24 * 3600), required=True, help="How long: 30m, 2h; to 24h."),
        click.Option(["--reason"], type=Text(), required=True, help="Why, for everybody else."),
        STATE,
    ],
)
HOLDS = LazyCommand("holds", f"{_HERE}.holds:holds", "List what is held now, until when, by whom, and why.", [STATE])
RELEASE = LazyCommand(
    "release",
    f"{_HERE}.holds:release",
    "End the hold of an issue, `all` holds, or without WHICH the only one; what still fails becomes an incident.",
    [click.Argument(["which"], type=Text(), required=False), STATE],
)
DEPLOY = LazyCommand(
    "deploy",
    f"{_HERE}.deploy:deploy_command",
    "Apply the configuration on main; restart only the services whose desired state changed.",
    [
        STATE,
        JSON,
        flag("--watch", "Keep running, and deploy whenever main moves."),
        flag("--dry-run", "Show what would be done; changes nothing."),
    ],
)
DIAGNOSE = LazyCommand(
    "diagnose",
    f"{_HERE}.diagnose:diagnose",
    "Name what caused an incident, or say that the evidence names no cause.",
    [
        folder("--incident", "Folder with the incident's telemetry."),
        folder("--baseline", "Folder of a healthy window; repeatable.", multiple=True),
        folder("--changes", "File of recent changes, one JSON object a line."),
        folder("--cases", "Folder with `cases.jsonl`: diagnose every case."),
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
        flag("--jsonl", "Print one JSON object a line for each case."),
    ],
)
DEMO = LazyCommand(
    "demo",
    f"{_HERE}.embedded:demo",
    "Start a space, inject a fault, follow the incident until it is healed, and stop the space.",
    [
        click.Option(["--fault"], type=Text(), default="kill", help="The fault to inject."),
        JSON,
        flag("--keep", "Leave the space running."),
        CONFIGURATION,
    ],
)
EVAL = LazyCommand(
    "eval",
    f"{_HERE}.evaluate:evaluate",
    "Inject faults into a separate space, and score how the agents detect, diagnose and heal them.",
    [
        flag("--detection", "Evaluate the incidents that Scout opens for each experiment."),
        flag("--diagnosis", "Evaluate the causes that Brain names for each experiment."),
        flag("--healing", "Evaluate the remedies and recovery of each experiment."),
        click.Option(["--repeat"], type=click.IntRange(1, 10_000), default=1, help="How often to run each experiment."),
        click.Option(
            ["--seed"], type=click.IntRange(-(2**63), 2**63 - 1), default=1, help="Seed of the order of experiments."
        ),
        click.Option(
            ["--only"], type=Text(), multiple=True, help="Only these experiments, separated by commas or repeated."
        ),
        click.Option(
            ["--quiet-minutes"], type=Finite(0, 1440), default=20.0, help="How many minutes to watch a healthy space."
        ),
        CONFIGURATION,
    ],
)
BACKUP = LazyCommand(
    "backup",
    f"{_HERE}.backup:backup",
    "Write keys, issues, desired state and bundles to a new FILE (`-`: stdout), also while the space runs.",
    [FILE, STATE],
)
RESTORE = LazyCommand(
    "restore",
    f"{_HERE}.backup:restore",
    "Restore what `backup` wrote to FILE into a state folder without such files, and audit its issues.",
    [FILE, STATE, WITHOUT_KEYS],
)
KEYS = click.Group(
    "keys",
    context_settings=HELP,
    help="The keys that facts are signed with.",
    commands=[
        LazyCommand("list", f"{_HERE}.keys:list_keys", "List every trusted or retired key.", [STATE]),
        LazyCommand(
            "make",
            f"{_HERE}.keys:make",
            "Make the keys that are missing, for agents that no space starts; `up` does it for its own.",
            [STATE, text("--agent", "Only the key of this agent.")],
        ),
        LazyCommand(
            "rotate",
            f"{_HERE}.keys:rotate",
            "Replace keys; open incidents continue, and what the old keys signed until now stays valid.",
            [STATE, text("--agent", "Only the key of this agent.")],
        ),
    ],
)

OPERATORS = click.Group(
    "operators",
    context_settings=HELP,
    help="The people who may give orders over the dashboard.",
    commands=[
        LazyCommand(
            "add",
            f"{_HERE}.operators:add",
            "Make a person's key, and print the token that unlocks it; the token is kept nowhere.",
            [argument("name"), STATE],
        ),
        LazyCommand(
            "remove",
            f"{_HERE}.operators:remove",
            "Remove a person: the token signs nothing any more; earlier orders still verify.",
            [argument("name"), STATE],
        ),
        LazyCommand("list", f"{_HERE}.operators:list_people", "List the people.", [STATE]),
    ],
)

MEMORY = click.Group(
    "memory",
    context_settings=HELP,
    help="The index in which Memory finds similar incidents.",
    commands=[
        LazyCommand(
            "rebuild",
            f"{_HERE}.memory:rebuild",
            "Rebuild the index of lessons from the issues, with their outcome until now.",
            [STATE],
        ),
    ],
)

VERBS: tuple[click.Command, ...] = (
    UP, DOWN, OPEN, STATUS, DOCTOR, LOGS, HALT, RESUME, INCIDENTS, SHOW, AUDIT, SHOW_PLAN, APPROVE, REJECT, RESTART,
    RESOLVED, HOLD, HOLDS, RELEASE, DEPLOY, DIAGNOSE, DEMO, EVAL, BACKUP, RESTORE, KEYS, OPERATORS, MEMORY,
)  # fmt: skip
