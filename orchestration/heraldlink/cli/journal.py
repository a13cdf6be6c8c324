# SPDX-License-Identifier: Apache-2.0
"""``heraldlink journal``: repair a node's journal that refuses to start."""

from pathlib import Path
from typing import Annotated

import typer


def journal() -> typer.Typer:
    """The commands below ``heraldlink journal``."""
    app = typer.Typer(no_args_is_help=True, help="Look after a node's journal.")
    app.callback()(_journal)
    app.command()(repair)
    return app


def _journal() -> None:
    """Keep the command named even though it is the only one."""


def repair(path: Annotated[Path, typer.Argument(help="Journal file, as the node named it.")]) -> None:
    """Set a damaged journal aside and keep its intact beginning."""
    from heraldlink.journal import repair as repair_journal

    typer.echo(repair_journal(path))
