# SPDX-License-Identifier: Apache-2.0
"""``heraldlink predict``: success probability and fidelity of a heralding scheme, from the exact model."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from heraldlink.cli.show import print_json, table
from heraldlink.errors import RequestError


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
    double_excitation: Annotated[float | None, _option("Chance of a second photon of an emitter.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict success probability, F and F_meas of a heralding scheme."""
    given = {
        "alpha_a": alpha_a, "alpha_b": alpha_b, "nbar_a": nbar_a, "nbar_b": nbar_b,
        "eta_a": eta_a, "eta_b": eta_b, "dark": dark, "visibility": visibility, "phase_sigma": phase_sigma,
        "n_thermal": n_thermal, "n_add": n_add, "eta_microwave": eta_microwave, "dephasing": dephasing,
        "double_excitation": double_excitation,
    }  # fmt: skip
    result = compute(kind, {name: value for name, value in given.items() if value is not None})
    if json:
        print_json(result)
    else:
        table(
            kind.value,
            {name: "undefined" if value is None else f"{value:.6g}" for name, value in result.items()},
        )


def compute(kind: Kind, options: Mapping[str, float]) -> Mapping[str, float | None]:
    """The model's numbers; raises RequestError that names the options as they are spelt here."""
    from heraldlink_physics.errors import PhysicsError
    from heraldlink_physics.predict import predict as predict_numbers

    try:
        return predict_numbers(kind.value, **options)
    except PhysicsError as error:
        spelt = re.sub(r"\b[a-z]+_[a-z_]+\b", lambda found: "--" + found[0].replace("_", "-"), str(error))
        raise RequestError(f"predict {kind.value}: {spelt}") from error
