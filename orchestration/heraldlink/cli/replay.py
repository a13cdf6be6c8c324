# SPDX-License-Identifier: Apache-2.0
"""``heraldlink replay``: recompute a run from its stored tags."""

from pathlib import Path
from typing import Annotated

import typer


def replay(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute heralds, correlators and fidelities of RUN from its stored tags, through the same code."""
