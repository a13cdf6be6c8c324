# SPDX-License-Identifier: Apache-2.0
"""The ``heraldlink`` command. A command is imported when it is asked for, and what it needs when it runs."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Protocol, cast

import typer

from heraldlink import __version__
from heraldlink.cli.exits import ExitCode, complain, exit_code, is_ours
from heraldlink.errors import RequestError

COMMANDS = {
    "demo": "demo",
    "node": "node",
    "up": "up",
    "stop": "stop",
    "clear": "stop",
    "safe": "stop",
    "request": "request",
    "calibrate": "calibrate",
    "predict": "predict",
    "devices": "devices",
    "published": "published",
    "replay": "replay",
    "show": "sequence_show",
    "drivers": "drivers",
    "sensitivity": "sensitivity",
    "status": "status",
    "logs": "logs",
    "doctor": "doctor",
}
"""In the order of the help: the module of each command, in which its function has its name."""

GROUPS = ("sim", "tags", "journal", "lease", "keys")
"""Commands with commands below them, each made by the function of its name in the module of its name."""

UsageError = typer.BadParameter.__bases__[0]
"""Of click, or of the copy of it that newer versions of typer carry."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"heraldlink {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Heralded entanglement between quantum-network nodes, on real instruments or simulated ones."""


def application(first: str = "") -> typer.Typer:
    """The command tree; if ``first`` is a command, only that one: importing all takes longer than a node."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_main)
    wanted = {first} & {*COMMANDS, *GROUPS} or {*COMMANDS, *GROUPS}
    for name, module in COMMANDS.items():
        if name in wanted:
            app.command()(cast(Callable[..., object], _made(module, name)))
    for name in GROUPS:
        if name in wanted:
            app.add_typer(cast(Callable[[], typer.Typer], _made(name, name))(), name=name)
    return app


def _made(module: str, name: str) -> object:
    return getattr(import_module(f"heraldlink.cli.{module}"), name)


def run() -> None:
    """Run the command line and exit the process; failures end in one sentence on stderr, not a traceback."""
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        first = arguments[0] if arguments else ""
        result: object = application(first)(args=arguments, prog_name="heraldlink", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        result = ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.RUN_FAILED
    except Exception as error:
        if is_starved(error):
            sys.stderr.write("heraldlink: no memory is left: raise the limit of this process (ulimit -v)\n")
            return ExitCode.RUN_FAILED
        if isinstance(error, UsageError):
            if sentence := usage_sentence(error):  # empty where the help was printed instead
                complain(RequestError(sentence))
            return ExitCode.BAD_INPUT
        if not is_ours(error):
            raise
        complain(error)
        return exit_code(error)
    if result == ExitCode.INTERRUPTED:
        sys.stderr.write("heraldlink: interrupted\n")
    return result if isinstance(result, int) else ExitCode.DONE


def is_starved(error: Exception) -> bool:
    """Whether the system refused memory, also for the stack of a thread."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and str(error) == "can't start new thread"
    )


class _Formatted(Protocol):
    def format_message(self) -> str: ...


def usage_sentence(error: Exception) -> str:
    """What is wrong with the command's arguments, naming the argument."""
    return cast(_Formatted, error).format_message().replace("Value error, ", "")
