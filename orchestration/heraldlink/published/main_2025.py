# SPDX-License-Identifier: Apache-2.0
"""Main 2025: a CZ between two modules from one pair, and Grover's search with two of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heraldlink.published.experiment import Experiment
from heraldlink.published.row import Level, Panel, Points, Row, Table, curve
from heraldlink.published.solve import solved
from heraldlink_physics.gate_teleportation import (
    Gate,
    average_fidelity,
    grover_success,
    process_fidelity,
    remote_cz,
)
from heraldlink_physics.pair_protocols import Tools, werner
from heraldlink_physics.register import Register

STATEMENT = (
    "A CZ between qubits of two modules is made with one pair, one gate in each module, two readouts and "
    "two corrections (gate teleportation), in density matrices: the pair a Werner state, each local gate "
    "followed by depolarising noise, readouts with errors, and phase flips of the two circuit qubits "
    "while all this lasts. The process fidelity is the overlap with CZ on halves of two perfect pairs; "
    "the average over inputs is (4F+1)/5. Grover's search among four uses two such gates and perfect "
    "rotations.",
    "The abstract states gate and success alone. Pair and local gates are general knowledge, the readout "
    "is assumed; the phase flips are what remains, and are solved for.",
)


def row(experiment: Experiment) -> Row:
    """The row."""
    return Row(
        name="main_2025",
        title=experiment.title,
        source=experiment.source,
        statement=STATEMENT,
        tables=(_table(experiment),),
        panels=(_gates(experiment), _searches(experiment)),
        deviations=_deviations(experiment),
    )


def gate(experiment: Experiment, memory_flip: float, pair_fidelity: float | None = None) -> Gate:
    """The teleported gate with the conditions' tools; another pair if one is given."""
    wrong = experiment.condition("wrong_read")
    confusion = np.array([[1 - wrong, wrong], [wrong, 1 - wrong]])
    tools = Tools(depolarising_for(experiment.condition("local_gate_fidelity")), confusion)
    pair = werner(experiment.condition("pair_fidelity") if pair_fidelity is None else pair_fidelity)

    def made(register: Register, one: str, other: str) -> Register:
        return remote_cz(register, one, other, pair, tools, memory_flip)

    return made


def depolarising_for(average: float) -> float:
    """Depolarising probability of a two-qubit gate of this average fidelity, 4/3 (1-F)."""
    return 4 / 3 * (1 - average)


def average(made: Gate) -> float:
    """Average fidelity of a gate."""
    return average_fidelity(process_fidelity(made))


def _flip_for(experiment: Experiment, measure: Callable[[Gate], float]) -> float:
    wanted = experiment.result("gate_fidelity").value
    return solved(wanted, lambda flip: measure(gate(experiment, flip)), 0.0, 0.3)


def _pair_for(experiment: Experiment) -> float:
    wanted = experiment.result("gate_fidelity").value
    return solved(wanted, lambda fidelity: average(gate(experiment, 0.0, fidelity)), 0.25, 1.0)


def _table(experiment: Experiment) -> Table:
    told = experiment.result("gate_fidelity").value
    cases = (
        ("without phase flips", gate(experiment, 0.0)),
        (f"flips for {told:g} as average fidelity", gate(experiment, _flip_for(experiment, average))),
        (
            f"flips for {told:g} as process fidelity",
            gate(experiment, _flip_for(experiment, process_fidelity)),
        ),
        (f"a worse pair for {told:g} as average fidelity", gate(experiment, 0.0, _pair_for(experiment))),
    )
    rows = tuple(
        (name, f"{process_fidelity(made):.3f}", f"{average(made):.3f}", f"{grover_success(made):.3f}")
        for name, made in cases
    )
    search = experiment.result("grover")
    published = ("published (V)", "", f"{told:g} (kind not read)", f"{search.value:g}")
    header = ("model", "CZ, process fidelity", "CZ, average fidelity", "Grover, success")
    return Table("Published and computed", header, (*rows, published))


def _gates(experiment: Experiment) -> Panel:
    flips = np.linspace(0.0, 0.1, 21)
    made = [gate(experiment, float(flip)) for flip in flips]
    published = experiment.result("gate_fidelity").value
    return Panel(
        title="CZ between modules",
        x_label="phase flip of each circuit qubit per gate (dimensionless)",
        y_label="fidelity (dimensionless)",
        curves=(
            curve("model, average", flips, [average(one) for one in made]),
            curve("model, process", flips, [process_fidelity(one) for one in made], "dashed"),
        ),
        levels=(Level(f"published, {published:g}", published),),
    )


def _searches(experiment: Experiment) -> Panel:
    flipped = [gate(experiment, float(flip)) for flip in np.linspace(0.0, 0.12, 21)]
    best = experiment.condition("pair_fidelity")
    paired = [gate(experiment, 0.0, float(f)) for f in np.linspace(0.75, best, 21)]
    result = experiment.result
    return Panel(
        title="Grover's search with two of them",
        x_label="average fidelity of the CZ (dimensionless)",
        y_label="success (dimensionless)",
        curves=(
            curve(
                "model, growing phase flips",
                [average(m) for m in flipped],
                [grover_success(m) for m in flipped],
            ),
            curve(
                "model, worse pairs",
                [average(m) for m in paired],
                [grover_success(m) for m in paired],
                "dashed",
            ),
        ),
        points=(Points("published", (result("gate_fidelity").value,), (result("grover").value,)),),
    )


def _deviations(experiment: Experiment) -> tuple[str, ...]:
    told, search = experiment.result("gate_fidelity").value, experiment.result("grover").value
    pair = experiment.condition("pair_fidelity")
    plain, perfect = average(gate(experiment, 0.0)), average(gate(experiment, 0.0, 1.0))
    flip, worse = _flip_for(experiment, average), _pair_for(experiment)
    as_average = grover_success(gate(experiment, flip))
    as_process = grover_success(gate(experiment, _flip_for(experiment, process_fidelity)))
    return (
        f"Gate: {plain:.3f} against {told:g}. The pair costs {perfect - plain:.3f}, local gates and "
        f"readouts {1 - perfect:.3f}; {plain - told:.3f} is missing. Phase flips of {flip:.3f} of each "
        f"circuit qubit while the gate is made would explain it, or a pair of {worse:.3f} in place of "
        f"{pair:g}: the circuit qubits wait while the others are read and the results travel, which the "
        "set says nothing of.",
        "Search: with the gate as published, and nothing else adjusted, the model finds the marked "
        f"state with {as_average:.3f} (flips) or {grover_success(gate(experiment, 0.0, worse)):.3f} "
        f"(worse pair), against {search:g}: two digits of the gate predict the search whatever the "
        f"cause. Were {told:g} a process fidelity, the search would succeed with {as_process:.3f}, "
        f"{as_process - search:.3f} more than published.",
    )
