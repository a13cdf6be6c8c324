# SPDX-License-Identifier: Apache-2.0
"""``heraldlink sim models``: which instruments a bench can hold, and where they depart from the standard."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object by model.")] = False,
) -> None:
    """List the simulated models of all installed packages, with their quirks."""
    from heraldlink_sim.model import quirks_of_models

    found = quirks_of_models()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("model", "for", "quirks", box=None)
    for name, about in found.items():
        table.add_row(name, about["kind"], "\n".join(about["quirks"]) or "none")
    Console().print(table)
