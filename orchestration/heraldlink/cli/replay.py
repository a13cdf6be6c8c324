# SPDX-License-Identifier: Apache-2.0
"""``heraldlink replay``: recompute a run from its stored tags."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from heraldlink.cli.show import print_json, table
from heraldlink.errors import RequestError, RunFailed

EDGES = 9
"""Of the gates that are compared inside the hardware's."""


def replay(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    gate: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Another herald gate: begin (included) and end (excluded), ps.", metavar="LO HI"),
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            help="Take the gate of the highest predicted fidelity that keeps this share of the heralds.",
            min=0,
            max=1,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute heralds, correlators and fidelities of RUN from its stored tags, and compare.

    With --gate or --keep the heralds are those of another gate, beside what the model predicts for it.
    """
    if gate is not None and keep is not None:
        raise RequestError("--gate and --keep both choose a gate: give one of them")
    if keep is not None:
        with Console(stderr=True).status("comparing gates"):
            gate = best_gate(run, keep)
    if gate is not None:
        regated(run, gate, json)
    else:
        recomputed(run, json)


def recomputed(run: Path, json: bool) -> None:
    """The run as it was."""
    from heraldlink.record.replay import replay as recompute

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


def regated(run: Path, gate_ps: tuple[int, int], json: bool) -> None:
    """The run with another gate."""
    from heraldlink.agent.recorded_model import recorded_model
    from heraldlink.record.regate import regate

    found = regate(run, gate_ps, lambda describe, gate_ps: recorded_model(describe).predict(gate_ps))
    if json:
        print_json(found.as_dict())
        return
    rate, both = found.results.rate, found.results.fidelity["both"]
    shown: dict[str, object] = {
        "gate, ps": f"{gate_ps[0]} to {gate_ps[1]}",
        "hardware's gate, ps": f"{found.hardware_gate_ps[0]} to {found.hardware_gate_ps[1]}",
        "heralds": f"{len(found.heralds)} ({found.kept} of the {found.stored} that were stored)",
        "heralds per attempt": f"{rate.measured.value:.4g} ± {rate.measured.sigma:.2g}",
        "predicted": f"{rate.predicted:.4g}",
    }
    if found.unavailable:
        shown["F"] = f"unavailable: {found.unavailable}"
    else:
        best = both.corrected or both.raw
        predicted = "unknown" if both.predicted is None else f"{both.predicted:.4f}"
        shown |= {"F": f"{best.value:.4f} ± {best.sigma:.2g}", "F predicted": predicted}
    table(f"replay of {run}", shown)


def best_gate(run: Path, keep: float) -> tuple[int, int]:
    """The gate inside the hardware's with the highest predicted fidelity that keeps so many heralds."""
    from heraldlink.agent.recorded_model import recorded_model
    from heraldlink.heralding.description import gate_of
    from heraldlink.heralding.fidelity_window import best_window, windows
    from heraldlink.record.run import RECORD
    from heraldlink.record.run_record import read_record

    record = read_record(run / RECORD)
    describe = record.tags[record.midpoint]
    model, (begin_ps, end_ps) = recorded_model(describe), gate_of(describe)
    edges = [round(begin_ps + (end_ps - begin_ps) * place / (EDGES - 1)) for place in range(EDGES)]

    def judge(gate_ps: tuple[int, int]) -> tuple[float, float]:
        attempt = model.at(gate_ps)
        return attempt.probability, attempt.fidelity_measured

    least = keep * model.at((begin_ps, end_ps)).probability
    return best_window(windows(edges, judge), least).gate_ps
