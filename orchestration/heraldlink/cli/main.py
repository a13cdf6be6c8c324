# SPDX-License-Identifier: Apache-2.0
"""The ``heraldlink`` command. Each command imports what it needs only when it runs."""

import os
import sys
from typing import Annotated, Protocol, cast

import typer

from heraldlink import __version__
from heraldlink.cli.calibrate import calibrate
from heraldlink.cli.demo import demo
from heraldlink.cli.devices import devices
from heraldlink.cli.doctor import doctor
from heraldlink.cli.drivers import drivers
from heraldlink.cli.exits import ExitCode, complain, exit_code, is_ours
from heraldlink.cli.journal import journal
from heraldlink.cli.keys import keys
from heraldlink.cli.lease import lease
from heraldlink.cli.logs import logs
from heraldlink.cli.node import node
from heraldlink.cli.predict import predict
from heraldlink.cli.published import published
from heraldlink.cli.replay import replay
from heraldlink.cli.request import request
from heraldlink.cli.sensitivity import sensitivity
from heraldlink.cli.sequence_show import show
from heraldlink.cli.sim import sim
from heraldlink.cli.status import status
from heraldlink.cli.stop import clear, safe, stop
from heraldlink.cli.tags import tags
from heraldlink.cli.up import up
from heraldlink.errors import RequestError

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


def application() -> typer.Typer:
    """The command tree."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_main)
    commands = (
        demo,
        node,
        up,
        stop,
        clear,
        safe,
        request,
        calibrate,
        predict,
        devices,
        published,
        replay,
        show,
        drivers,
        sensitivity,
        status,
        logs,
        doctor,
    )
    for command in commands:
        app.command()(command)
    app.add_typer(sim(), name="sim")
    app.add_typer(tags(), name="tags")
    app.add_typer(journal(), name="journal")
    app.add_typer(lease(), name="lease")
    app.add_typer(keys(), name="keys")
    return app


def run() -> None:
    """Run the command line and exit the process; failures end in one sentence on stderr, not a traceback."""
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        result: object = application()(args=arguments, prog_name="heraldlink", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        result = ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.RUN_FAILED
    except Exception as error:
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


class _Formatted(Protocol):
    def format_message(self) -> str: ...


def usage_sentence(error: Exception) -> str:
    """What is wrong with the command's arguments, naming the argument."""
    return cast(_Formatted, error).format_message().replace("Value error, ", "")
