# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags``: look into recordings of time tags."""

from collections.abc import Mapping
from typing import Annotated, cast

import typer

from heraldlink.cli.show import print_json, table

File = Annotated[str, typer.Argument(help="PicoQuant PTU file (T2 or T3).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def tags() -> typer.Typer:
    """The commands below ``heraldlink tags``."""
    app = typer.Typer(no_args_is_help=True, help="Look into recordings of time tags.")
    app.command()(info)
    app.command()(g2)
    return app


def info(file: File, json: Json = False) -> None:
    """What FILE holds: mode, resolution, clicks by channel, overflows, smallest gap."""
    from heraldlink.tags import info as summary

    _show(file, summary(file), json)


def g2(
    file: File,
    first: Annotated[int, typer.Option(help="First channel.")] = 0,
    second: Annotated[int, typer.Option(help="Second channel.")] = 1,
    begin_ps: Annotated[int, typer.Option(help="Smallest delay, ps (included).")] = -50_000,
    end_ps: Annotated[int, typer.Option(help="Largest delay, ps (excluded).")] = 50_000,
    bin_ps: Annotated[int, typer.Option(help="Width of a bin, ps.")] = 500,
    json: Json = False,
) -> None:
    """How the clicks of two channels pair up: all pairs, bins [lo, hi)."""
    from heraldlink.tags import g2 as correlation

    _show(file, correlation(file, first, second, begin_ps, end_ps, bin_ps), json)


def _show(file: str, found: Mapping[str, object], json: bool) -> None:
    if json:
        print_json(found)
    else:
        table(file, flat({name: value for name, value in found.items() if name not in ("file", "histogram")}))


def flat(found: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested results as one level of rows: ``pulsed dip_ps``."""
    rows: dict[str, object] = {}
    for name, value in found.items():
        if isinstance(value, Mapping):
            rows |= flat(cast("Mapping[str, object]", value), f"{prefix}{name} ")
        else:
            rows[prefix + name] = value
    return rows
