# SPDX-License-Identifier: Apache-2.0
"""``heraldlink show``: the parts of a sequence, and what each node's generator plays in them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from heraldlink.cli.show import print_json
from heraldlink.errors import RequestError

SUFFIXES = (".svg", ".png", ".pdf")


class Generator(StrEnum):
    """Generators whose limits are known."""

    AWG70002A = "AWG70002A"
    AWG5208 = "AWG5208"


def show(
    sequence: Annotated[str, typer.Argument(help="Sequence file, or the name of a shipped one: rabi.")],
    node: Annotated[str | None, typer.Option(help="Only this node.", show_default=False)] = None,
    drive: Annotated[
        tuple[str, str], typer.Option(help="Node files of ends A and B, whose calibration is compiled.")
    ] = ("nodes/alice.yaml", "nodes/bob.yaml"),
    midpoint: Annotated[
        str, typer.Option(help="Node file whose gate a sequence without one gets.")
    ] = "nodes/midpoint.yaml",
    generator: Annotated[
        Generator, typer.Option(help="Generator whose limits are checked.")
    ] = Generator.AWG70002A,
    output: Annotated[
        Path | None, typer.Option(help="Plot file to write, .svg, .png or .pdf.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compile SEQUENCE, print its parts, and plot what each channel and marker does."""
    if output is not None and output.suffix not in SUFFIXES:
        raise RequestError(f"--output {output}: the file's name must end in {', '.join(SUFFIXES)}")
    from heraldlink.cli.sequence_parts import compiled, described, print_parts

    found = compiled(sequence, node, drive, midpoint, generator)
    if json:
        print_json(described(found))
    else:
        print_parts(found)
    if output is not None:
        from heraldlink.cli.sequence_plot import plot_sequence

        plot_sequence(output, found.plan, found.programs)
