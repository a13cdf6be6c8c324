# SPDX-License-Identifier: Apache-2.0
"""Parameters that counts cannot tell apart: which others together do exactly what one does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from heraldlink.sensitivity.knowledge import Knowledge
from heraldlink.sensitivity.parameters import leaves
from heraldlink.sensitivity.watches import Real

ALIKE = 3e-3
"""Share of a parameter's effect that may be left over: numeric derivatives are good to about this."""
MOST = 6
"""Others that are tried together."""
TIED = 1.001
"""Others that leave nearly as little as the best one: the first of them is taken."""


@dataclass(frozen=True)
class Standin:
    """``others``: relative change of each that does what a relative change of 1 of the parameter does.

    ``left``: share of the effect that they do not do.
    """

    others: dict[str, float]
    left: float


@dataclass(frozen=True)
class Together:
    """What is known of a parameter from all sequences while all others are unknown.

    ``sigma``: infinite where others do all that it does, the fewest of which are its ``standin``.
    """

    sigma: float
    standin: Standin | None


def together(knowledge: Knowledge, paths: Sequence[str]) -> dict[str, Together]:
    """All ``paths`` against each other, by path.

    A parameter's effect is projected on those of the others, with the total information as scalar product;
    what is left over is its own. Stand-ins are found greedily (orthogonal matching pursuit, Y. C. Pati et
    al., Asilomar Conf. Signals 1993), from the best pair on.
    """
    total, values = knowledge.total, leaves(knowledge.devices)
    places = [knowledge.names.index(path) for path in paths]
    relative = np.array([abs(values[path]) or 1.0 for path in paths])
    gram = total.matrix[np.ix_(places, places)] * np.outer(relative, relative)
    found: dict[str, Together] = {}
    for k, path in enumerate(paths):
        left = _left(gram, k, [other for other in range(len(paths)) if other != k])[1]
        if left > ALIKE:
            found[path] = Together(float(relative[k] / np.sqrt(gram[k, k]) / left), None)
        else:
            found[path] = Together(inf, _pursuit(gram, k, paths))
    return found


def _pursuit(gram: Real, place: int, paths: Sequence[str]) -> Standin:
    """Few others that stand in for a parameter: one, else the best two, and then one more at a time."""
    others = [k for k in range(len(paths)) if k != place]
    chosen = [_first({k: _left(gram, place, [k])[1] for k in others})]
    shares, left = _left(gram, place, chosen)
    while left > ALIKE and len(chosen) < MOST:
        if len(chosen) == 1:
            chosen = _pair(gram, place, others)
        else:
            rest = {k: _left(gram, place, [*chosen, k])[1] for k in others if k not in chosen}
            chosen = [*chosen, _first(rest)]
        shares, left = _left(gram, place, chosen)
    return Standin({paths[k]: float(share) for k, share in zip(chosen, shares, strict=True)}, left)


def _first(rest: Mapping[int, float]) -> int:
    """The one that leaves least, the first one of several that are equal."""
    least = min(rest.values())
    return next(k for k, left in rest.items() if left <= TIED * least + ALIKE / 1000)


def _pair(gram: Real, place: int, others: list[int]) -> list[int]:
    """The two that together leave least, from the correlations of all pairs."""
    scale = np.sqrt(np.diag(gram))
    inner = gram[np.ix_(others, others)] / np.outer(scale[others], scale[others])
    outer = gram[others, place] / (scale[others] * scale[place])
    apart = 1 - inner**2
    explained = outer[:, None] ** 2 + outer[None] ** 2 - 2 * np.outer(outer, outer) * inner
    left = 1 - np.divide(explained, apart, out=np.zeros_like(apart), where=apart > ALIKE**2)
    least = np.argwhere(left <= left.min() + ALIKE**2 / 10)[0]
    return [others[int(k)] for k in least]


def _left(gram: Real, place: int, chosen: list[int]) -> tuple[Real, float]:
    """Least squares of one parameter's effect by others': shares, and relative norm of the rest."""
    scale = np.sqrt(np.diag(gram)[chosen])
    inner = gram[np.ix_(chosen, chosen)] / np.outer(scale, scale)
    outer = gram[chosen, place] / scale
    solution = np.linalg.lstsq(inner, outer, rcond=1e-9)[0]
    rest = gram[place, place] - 2 * solution @ outer + solution @ inner @ solution
    return solution / scale, float(np.sqrt(max(0.0, rest) / gram[place, place]))
