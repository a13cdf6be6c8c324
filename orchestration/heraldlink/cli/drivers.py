# SPDX-License-Identifier: Apache-2.0
"""``heraldlink drivers``: which drivers are installed, and which roles they play."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def drivers(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object by driver.")] = False,
) -> None:
    """List the drivers of all installed packages, with the roles that they play."""
    from heraldlink_drivers.catalogue import catalogue, roles_of

    found = {
        name: {"roles": roles_of(entry.load()), "class": entry.target, "package": entry.package}
        for name, entry in catalogue().items()
    }
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("driver", "roles", "class", "package", box=None)
    for name, about in found.items():
        table.add_row(name, ", ".join(about["roles"]) or "none", str(about["class"]), str(about["package"]))
    Console().print(table)
