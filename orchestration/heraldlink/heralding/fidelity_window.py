# SPDX-License-Identifier: Apache-2.0
"""The herald gate of the highest fidelity: all gates between given edges, judged by a model of one attempt.

A narrow gate sees fewer dark counts per photon and photons that are more alike; it also sees fewer photons.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from heraldlink.errors import RequestError

GatePs = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """A gate [begin, end) in ps, its heralds per attempt, and their fidelity F_meas."""

    gate_ps: GatePs
    probability: float
    fidelity: float


def windows(edges_ps: Sequence[int], judge: Callable[[GatePs], tuple[float, float]]) -> tuple[Window, ...]:
    """Every gate that begins at one edge and ends at a later one; ``judge`` gives (probability, fidelity).

    Raises RequestError for fewer than two different edges.
    """
    edges = sorted(set(edges_ps))
    if len(edges) < 2:
        raise RequestError("a scan of gates needs at least two different edges")
    gates = [(begin, end) for place, begin in enumerate(edges) for end in edges[place + 1 :]]
    return tuple(Window(gate, *judge(gate)) for gate in gates)


def best_window(found: Sequence[Window], probability: float = 0.0) -> Window:
    """The gate of the highest fidelity among those with at least ``probability`` heralds per attempt.

    Of equal fidelities the one with more heralds. Raises RequestError with the most that can be had.
    """
    enough = [item for item in found if item.probability >= probability and isfinite(item.fidelity)]
    if not enough:
        most = max((item.probability for item in found), default=0.0)
        raise RequestError(f"no gate gives {probability:.3g} heralds per attempt: at most {most:.3g}")
    return max(enough, key=lambda item: (item.fidelity, item.probability))
