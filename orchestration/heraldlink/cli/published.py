# SPDX-License-Identifier: Apache-2.0
"""``heraldlink published``: published experiments beside the model, as pages with tables and plots."""

from pathlib import Path
from typing import Annotated

import typer


def published(
    rows: Annotated[
        list[str] | None, typer.Argument(help="Rows such as humphreys_2018; all without.", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the pages (.md) and plots (.svg).")] = Path(
        "docs/published"
    ),
) -> None:
    """Recompute published experiments and write their pages and plots."""
    from heraldlink.published.write import write

    for path in write(output, rows or ()):
        typer.echo(path)
