# SPDX-License-Identifier: Apache-2.0
"""``heraldlink sim``: serve a simulated laboratory. The only place that knows the simulator."""

from pathlib import Path
from typing import Annotated

import typer

from heraldlink.cli.parent import exit_with_parent
from heraldlink.config.find import find_config


def sim(
    bench: Annotated[str, typer.Argument(help="Bench file, or the name of a shipped one.")],
    pace: Annotated[str | None, typer.Option(help="realtime, fast, or a factor such as 50.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the world.")] = None,
    ports_file: Annotated[Path | None, typer.Option(help="Write the addresses here once all listen.")] = None,
    slots: Annotated[str | None, typer.Option(help="Slots to play in fast pace: 12,14,17.")] = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when stdin closes.")] = False,
) -> int:
    """Serve the instruments of BENCH on real sockets until interrupted."""
    from heraldlink_sim.serve import main

    if with_parent:
        exit_with_parent()
    arguments = [str(find_config(bench))]
    options = {"--pace": pace, "--seed": seed, "--ports-file": ports_file, "--slots": slots}
    for name, value in options.items():
        arguments += [] if value is None else [name, str(value)]
    return main(arguments)
