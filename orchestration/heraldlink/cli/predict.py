# SPDX-License-Identifier: Apache-2.0
"""``heraldlink predict``: success probability and fidelity of a heralding scheme, from the exact model."""

from enum import StrEnum
from typing import Annotated

import typer

from heraldlink.cli.show import print_json, table


class Kind(StrEnum):
    """Heralding schemes of the model."""

    SINGLE_CLICK = "single-click"
    PAIR_SOURCE = "pair-source"
    BARRETT_KOK = "barrett-kok"
    TIME_BIN = "time-bin"


def _option(help_text: str) -> object:
    return typer.Option(help=help_text, show_default=False)


def predict(
    kind: Annotated[Kind, typer.Argument(help="Heralding scheme.")],
    alpha_a: Annotated[float | None, _option("Bright-state population of node A.")] = None,
    alpha_b: Annotated[float | None, _option("... of node B (as A).")] = None,
    nbar_a: Annotated[float | None, _option("Mean pairs per pulse of node A, sinh²r.")] = None,
    nbar_b: Annotated[float | None, _option("... of node B (as A).")] = None,
    eta_a: Annotated[float | None, _option("Efficiency of arm A, without the 50:50 splitter.")] = None,
    eta_b: Annotated[float | None, _option("... of arm B (as A).")] = None,
    dark: Annotated[float | None, _option("Dark-count probability per detector and window.")] = None,
    visibility: Annotated[float | None, _option("Mode overlap V of the two photons.")] = None,
    phase_sigma: Annotated[float | None, _option("RMS of the phase difference, radians.")] = None,
    n_thermal: Annotated[float | None, _option("Thermal occupation before squeezing.")] = None,
    n_add: Annotated[float | None, _option("Added noise after squeezing.")] = None,
    eta_microwave: Annotated[float | None, _option("Microwave efficiency into the qubit.")] = None,
    dephasing: Annotated[float | None, _option("Phase-flip probability of a loaded qubit.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict success probability, F and F_meas of a heralding scheme."""
    options = {
        name: value
        for name, value in locals().items()
        if name not in ("kind", "json") and isinstance(value, float)
    }
    from heraldlink_physics.predict import predict as compute

    result = compute(kind.value, **options)
    if json:
        print_json(result)
    else:
        table(f"{kind.value}", {name: f"{value:.6g}" for name, value in result.items()})
