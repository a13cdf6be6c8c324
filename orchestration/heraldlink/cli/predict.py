# SPDX-License-Identifier: Apache-2.0
"""``heraldlink predict``: success probability and fidelity of a scheme, and of two of its pairs."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated

import typer

from heraldlink.cli.show import print_json, table
from heraldlink.errors import RequestError


class Kind(StrEnum):
    """Schemes of the model."""

    SINGLE_CLICK = "single-click"
    PAIR_SOURCE = "pair-source"
    BARRETT_KOK = "barrett-kok"
    TIME_BIN = "time-bin"
    REFLECTION = "reflection"
    DELIVERY = "delivery"


Numbers = Mapping[str, float | None]


def _option(help_text: str) -> object:
    return typer.Option(help=help_text, show_default=False)


def predict(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="Scheme.")],
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
    cooperativity_a: Annotated[float | None, _option("4 g²/(κγ) of node A's cavity (reflection).")] = None,
    cooperativity_b: Annotated[float | None, _option("... of node B (as A).")] = None,
    outcoupling_a: Annotated[float | None, _option("κ_ext/κ of node A's cavity.")] = None,
    outcoupling_b: Annotated[float | None, _option("... of node B (as A).")] = None,
    efficiency: Annotated[float | None, _option("Photon source to click (reflection).")] = None,
    mirror: Annotated[float | None, _option("Amplitude kept beside the cavities (reflection).")] = None,
    link_efficiency: Annotated[float | None, _option("Rate of pairs over rate of decay (delivery).")] = None,
    wait: Annotated[float | None, _option("Time of delivery in decay times; best one without.")] = None,
    two_pairs: Annotated[bool, typer.Option(help="Add what two such pairs give.")] = False,
    gate_error: Annotated[float | None, _option("Depolarising of a two-qubit gate (--two-pairs).")] = None,
    general: Annotated[bool, typer.Option(help="General model in place of closed forms.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict success probability, F and F_meas of a scheme."""
    given = {name: value for name, value in context.params.items() if isinstance(value, float)}
    result = compute(kind, given, two_pairs=two_pairs, general=general)
    if json:
        print_json(result)
    else:
        table(kind.value, {name: shown(value) for name, value in result.items()})


def shown(value: float | None) -> str:
    """Six digits, as a table has them."""
    return "undefined" if value is None else f"{value:.6g}"


def compute(kind: Kind, given: Numbers, *, two_pairs: bool = False, general: bool = False) -> Numbers:
    """The model's numbers; raises RequestError that names the options as they are spelt here."""
    from heraldlink_physics import predict as closed
    from heraldlink_physics import two_pairs as pairs

    options = {name: value for name, value in given.items() if name != "gate_error"}
    if "gate_error" in given and not two_pairs:
        raise RequestError(f"predict {kind.value}: --gate-error needs --two-pairs")
    run = pairs.general_prediction if general else closed.predict
    result = dict(_spelt(kind, lambda: run(kind.value, **options)))
    if two_pairs:
        error = given.get("gate_error") or 0.0
        result |= _spelt(kind, lambda: pairs.two_pairs(kind.value, error, **options))
    return result


def _spelt(kind: Kind, run: Callable[[], Numbers]) -> Numbers:
    from heraldlink_physics.errors import PhysicsError

    try:
        return run()
    except PhysicsError as error:
        spelt = re.sub(r"\b[a-z]+_[a-z_]+\b", lambda found: "--" + found[0].replace("_", "-"), str(error))
        raise RequestError(f"predict {kind.value}: {spelt}") from error
