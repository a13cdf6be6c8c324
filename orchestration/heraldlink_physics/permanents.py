# SPDX-License-Identifier: Apache-2.0
"""Linear optics on photon numbers: <n| :exp(-a† (1-K) a): |m> = per K[n|m] / sqrt(n! m!).

K[n|m] repeats row i of K n_i times and column j m_j times. Expanding the permanent along one row (Laplace)
gives the whole table at once, layer by layer of the total photon number:
sqrt(n_i) <n|K|m> = sum over j of K_ij sqrt(m_j) <n - 1_i|K|m - 1_j>. See Scheel, quant-ph/0406127, for the
permanents, and Mandel and Wolf, Optical Coherence and Quantum Optics, section 12.4, for the normal order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.complex128]
"""Complex array; the last two axes are row and column."""


Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Dark:
    """:exp(-a† M a): with few detectors dark, and by how much that falls with more, complex[sets, D, D].

    The difference is carried through the recursion, not taken at its end, so that a rare click keeps its
    digits; see `heraldlink_physics.spread`.
    """

    few: Matrix
    gap: Matrix


def dark_operators(m_few: Matrix, m_added: Matrix, cuts: tuple[int, ...]) -> Dark:
    """Tables for the forms `m_few` and their fall when `m_added` joins them, complex[sets, modes, modes].

    ``cuts``: photon-number levels (0 .. cut-1) of each mode; D is their product, the last mode runs fastest.
    """
    k_few = np.eye(len(cuts)) - m_few
    k_more = k_few - m_added
    size, sets = prod(cuts), len(m_few)
    tables = np.zeros((2, sets, size, size), dtype=np.complex128)
    tables[0, :, 0, 0] = 1.0
    few, gap = np.ones((sets, 1, 1), dtype=np.complex128), np.zeros((sets, 1, 1), dtype=np.complex128)
    for layer in _layers(cuts):
        from_few, from_gap = few[:, layer.previous], gap[:, layer.previous]
        few, gap = np.zeros((2, sets, len(layer.rows), len(layer.rows)), dtype=np.complex128)
        for j, (to, origin, weight) in enumerate(layer.columns):
            scale = weight / layer.roots[:, None]
            add, stay_few, stay_more = (k[:, layer.modes, j, None] * scale for k in (m_added, k_few, k_more))
            few[:, :, to] += stay_few * from_few[:, :, origin]
            gap[:, :, to] += add * from_few[:, :, origin] + stay_more * from_gap[:, :, origin]
        tables[:, :, layer.rows[:, None], layer.rows] = few, gap
    return Dark(tables[0], tables[1])


@dataclass(frozen=True, slots=True)
class _Layer:
    """Basis states with one total photon number, and what each of them follows from."""

    rows: Indices
    previous: Indices
    """The state with one photon fewer, in mode `modes`; its place in the layer before."""
    modes: Indices
    roots: NDArray[np.float64]
    """sqrt of the photon number in that mode."""
    columns: list[tuple[Indices, Indices, NDArray[np.float64]]]
    """Per mode j: states m with m_j > 0, by place; m - 1_j, by place in the layer before; sqrt(m_j)."""


def _layers(cuts: tuple[int, ...]) -> list[_Layer]:
    numbers = photon_numbers(cuts)
    strides = np.array([prod(cuts[k + 1 :]) for k in range(len(cuts))], dtype=np.intp)
    totals = numbers.sum(axis=0)
    rows = [np.flatnonzero(totals == total) for total in range(totals.max() + 1)]
    return [_layer(*pair, numbers, strides) for pair in zip(rows[1:], rows[:-1], strict=True)]


def _layer(rows: Indices, before: Indices, numbers: Indices, strides: Indices) -> _Layer:
    counts = numbers[:, rows]
    modes = np.argmax(counts > 0, axis=0)
    columns: list[tuple[Indices, Indices, NDArray[np.float64]]] = []
    for count, stride in zip(counts, strides, strict=True):
        to = np.flatnonzero(count)
        origin: Indices = np.searchsorted(before, np.subtract(rows[to], stride))
        columns.append((to, origin, np.sqrt(count[to], dtype=np.float64)))
    previous = np.searchsorted(before, rows - strides[modes])
    return _Layer(rows, previous, modes, np.sqrt(numbers[modes, rows]), columns)


def photon_numbers(cuts: tuple[int, ...]) -> Indices:
    """Photons in each mode of every basis state, intp[modes, D]; the last mode runs fastest."""
    return np.indices(cuts, dtype=np.intp).reshape(len(cuts), prod(cuts))
