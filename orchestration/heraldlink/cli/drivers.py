# SPDX-License-Identifier: Apache-2.0
"""``heraldlink drivers``: which drivers are installed, and which roles they play."""

import json
from typing import Annotated

import typer


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
    for name, about in found.items():
        typer.echo(f"{name}: {', '.join(about['roles']) or 'no role'}")
        typer.echo(f"    {about['class']}, of {about['package']}")
