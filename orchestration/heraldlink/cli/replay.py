# SPDX-License-Identifier: Apache-2.0
"""``heraldlink replay``: recompute a run from its stored tags."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

import typer

from heraldlink.cli.show import print_json, table
from heraldlink.errors import RunFailed


def replay(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute heralds, correlators and fidelities of RUN from its stored tags, and compare."""
    from heraldlink.record import replay as recompute

    found = recompute(run)
    if json:
        print_json(found)
    else:
        shown = {name: found[name] for name in ("run_id", "origin", "heralds", "hardware_disagreements")}
        fidelity = cast("Mapping[str, Mapping[str, Mapping[str, object]]]", found["results"])["fidelity"]
        table(f"replay of {run}", shown | {f"F {name}": value["raw"] for name, value in fidelity.items()})
    differences = cast("list[str]", found["differences"])
    if differences:
        raise RunFailed(f"{run}: the tags do not give what was stored: {'; '.join(differences)}")
