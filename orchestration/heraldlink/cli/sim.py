# SPDX-License-Identifier: Apache-2.0
"""``heraldlink sim``: serve a simulated laboratory, and what else there is to do with one."""

from pathlib import Path
from typing import Annotated, cast

import typer
from typer.core import TyperGroup

from heraldlink.cli import sim_recording
from heraldlink.cli.parent import exit_with_parent
from heraldlink.cli.sim_faults import PORTS_VARIABLE, fault, faults, heal
from heraldlink.cli.sim_models import models
from heraldlink.config.find import find_config
from heraldlink.startup import only_growing

SERVE = "serve"


class _BenchOrCommand(TyperGroup):
    """``heraldlink sim BENCH [options]`` is short for ``heraldlink sim serve BENCH [options]``."""

    def parse_args(self, ctx: object, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [SERVE, *args]
        return super().parse_args(cast(typer.Context, ctx), args)


def sim() -> typer.Typer:
    """The commands below ``heraldlink sim``."""
    app = typer.Typer(
        cls=_BenchOrCommand,
        no_args_is_help=True,
        subcommand_metavar="BENCH | COMMAND [ARGS]...",
        help="Serve a simulated laboratory: heraldlink sim BENCH, short for heraldlink sim serve BENCH.",
    )
    app.command(SERVE)(serve)
    for command in (models, fault, faults, heal, *sim_recording.COMMANDS):
        app.command()(command)
    return app


def serve(
    bench: Annotated[str, typer.Argument(help="Bench file, or the name of a shipped one.")],
    pace: Annotated[str | None, typer.Option(help="realtime, fast, or a factor such as 50.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the world.")] = None,
    ports_file: Annotated[
        Path | None,
        typer.Option(help="Write the addresses here once all listen.", envvar=PORTS_VARIABLE),
    ] = None,
    slots: Annotated[str | None, typer.Option(help="Slots to play in fast pace: 12,14,17.")] = None,
    record: Annotated[
        list[str] | None, typer.Option("--record", help="NAME=FILE: write a transcript of an instrument.")
    ] = None,
    replay: Annotated[
        list[str] | None, typer.Option("--replay", help="NAME=FILE: let a transcript answer for it.")
    ] = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when stdin closes.")] = False,
) -> int:
    """Serve the instruments of BENCH on real sockets until interrupted."""
    with only_growing():
        from heraldlink_sim.serve import main

    if with_parent:
        exit_with_parent()
    arguments = [str(find_config(bench))]
    options = {"--pace": pace, "--seed": seed, "--ports-file": ports_file, "--slots": slots}
    for name, value in options.items():
        arguments += [] if value is None else [name, str(value)]
    for name, files in (("--record", record), ("--replay", replay)):
        for file in files or ():
            arguments += [name, file]
    return main(arguments)
