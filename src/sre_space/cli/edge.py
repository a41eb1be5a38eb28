"""The entry point of every command line: any input ends with a documented exit status and no traceback."""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from sre_space.cli import streams
from sre_space.exits import INTERRUPTED, PIPE_CLOSED, USAGE, one_sentence, sentence

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HELP = {"help_option_names": ["-h", "--help"]}


class LazyCommand(click.Command):
    """A click command that imports its function, `package.module:function`, when it runs, not for its help.

    The function takes the options by name and returns the exit status; None means 0.
    """

    def __init__(self, name: str, target: str, help: str, params: Sequence[click.Parameter]) -> None:
        super().__init__(name, context_settings=HELP, params=list(params), help=help)
        self.target = target

    def invoke(self, ctx: click.Context) -> None:
        """Import the function, call it with the options, and exit with its status."""
        ctx.exit(function_of(self)(**ctx.params) or 0)


def function_of(command: LazyCommand) -> Callable[..., int | None]:
    """Return the function of a command, importing its module."""
    module, _, name = command.target.partition(":")
    function: Callable[..., int | None] = getattr(importlib.import_module(module), name)
    return function


def main(command: click.Command, name: str) -> NoReturn:
    """Run the command with this process's arguments and exit; Ctrl-C, SIGTERM and SIGHUP end what it started."""
    streams.repair_streams()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell's background job ignores it
    for number in STOPPING[1:]:  # raised as SIGINT, on which asyncio cancels its tasks in order
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    with streams.flushed_output(name), one_sentence(name):
        sys.exit(run(command, name, sys.argv[1:]))
    raise AssertionError("sys.exit does not return")


def run(command: click.Command, name: str, arguments: Sequence[str]) -> int:
    """Run the command and return its exit status; let exceptions of sre_space propagate."""
    completion = f"_{name.replace('-', '_').upper()}_COMPLETE"
    if completion in os.environ:
        command.main(prog_name=name, complete_var=completion)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)  # blocked by a program that has become this one
        with command.make_context(name, list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        return USAGE
    except click.ClickException as error:
        sys.stderr.write(sentence(name, _usage_message(error, name)))
        return USAGE
    except BrokenPipeError:
        return PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return 0


def _usage_message(error: click.ClickException, name: str) -> str:
    """Return the message of a usage error, and the command that shows the help."""
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if isinstance(context, click.Context) else name
    return f"{' '.join(error.format_message().split()).rstrip('.')}; see: {path} --help"
