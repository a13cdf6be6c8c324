# SPDX-License-Identifier: Apache-2.0
"""Heralding by brute force at a chosen cut-off, from matrix exponentials; no formula of the package.

Losses and beam splitters are exponentials of mode Hamiltonians, noise and loss of the microwave those of
Lindbladians, partial distinguishability is a second temporal mode. See `fock_oracle` for the same in QuTiP.
"""

from __future__ import annotations

from functools import lru_cache

import fock_oracle as oracle
import numpy as np
from scipy.linalg import expm

CAUSES = [(c, d) for c in ("none", "photon", "dark") for d in ("none", "photon", "dark")]


@lru_cache(maxsize=8)
def half(dim: int) -> np.ndarray:
    """c = (a+b)/sqrt2, d = (a-b)/sqrt2 up to a sign of d: [c, d, a, b]."""
    return oracle.splitter(dim, np.pi / 4)


def dark_operator(cut: int, kept: tuple[float, float], visibility: float) -> np.ndarray:
    """kept[k]**(photons in port k) for ports c, d as [A, B, A', B'], by four modes."""
    dim = 2 * cut - 1
    share = oracle.splitter(cut, -np.arccos(np.sqrt(visibility)))[:, :, :, 0]  # b -> same, other shape
    silent = kept[0] ** np.arange(dim)[:, None] * kept[1] ** np.arange(dim)
    first = np.einsum("cdab,cd,cdef->abef", half(dim), silent, half(dim))[:cut, :cut, :cut, :cut]
    alone = np.einsum("cdb,cd,cde->be", half(dim)[:, :, 0], silent, half(dim)[:, :, 0])[:cut, :cut]
    return np.einsum("abcd,bxn,xy,dym->ancm", first, share, alone, share, optimize=True)


def photon_clicks(cut: int, station: oracle.Station) -> dict[str, np.ndarray]:
    """Operators of which detectors photons make click, as [A, B, A', B']."""
    c, d = (1 - eta for eta in station.detectors)
    dark_c, dark_d, dark = (dark_operator(cut, kept, station.visibility) for kept in ((c, 1), (1, d), (c, d)))
    one = np.einsum("ac,bd->abcd", np.eye(cut), np.eye(cut))
    return {"none": dark, "c": dark_d - dark, "d": dark_c - dark, "both": one - dark_c - dark_d + dark}


def with_darks(clicks: dict[str, np.ndarray], dark: tuple[float, float]) -> dict[tuple[str, str], np.ndarray]:
    """(cause c, cause d) -> operator or state."""
    by_photons = {(False, False): "none", (True, False): "c", (False, True): "d", (True, True): "both"}
    table = {}
    for causes in CAUSES:
        chance = [{"none": 1 - p, "dark": p, "photon": 1.0}[why] for why, p in zip(causes, dark, strict=True)]
        table[causes] = clicks[by_photons[causes[0] == "photon", causes[1] == "photon"]] * np.prod(chance)
    return table


def through_loss(state: np.ndarray, eta: float) -> np.ndarray:
    """Loss of one optical mode, [qubit, photons, qubit, photons]."""
    whole = oracle.splitter(state.shape[1], np.arccos(np.sqrt(eta)))[:, :, :, 0]  # [kept, lost, before]
    return np.einsum("xlk,qkrj,ylj->qxry", whole, state, whole, optimize=True)


def turned(state: np.ndarray, station: oracle.Station) -> np.ndarray:
    """Average over the phase of the light, numerically."""
    total = np.zeros(state.shape, dtype=complex)
    for phase, weight in oracle.phases(station):
        turn = np.exp(1j * phase * np.arange(state.shape[1]))
        total += weight * state * turn[:, None, None] * turn.conj()
    return total


def heralded(
    a: np.ndarray, b: np.ndarray, etas: tuple[float, float], station: oracle.Station
) -> dict[tuple[str, str], np.ndarray]:
    """Unnormalised states of both nodes' qubit levels by cause, flattened to [A B, A' B']."""
    lossy_a, lossy_b = through_loss(a, etas[0]), through_loss(turned(b, station), etas[1])
    found = {}
    for name, operator in photon_clicks(a.shape[1], station).items():
        state = np.einsum("qnrm,skul,mlnk->qsru", lossy_a, lossy_b, operator, optimize=True)
        found[name] = state.reshape(a.shape[0] * b.shape[0], -1)
    return with_darks(found, station.dark)


def pair(source: oracle.Source, thermal: int, photons: int) -> np.ndarray:
    """Squeezed thermal state with noise, loss and phase flips; microwave levels 0, 1, 2 and more."""
    micro, work = thermal + photons - 1, thermal + photons + 3
    squeeze = oracle.exponential(*squeezing(work), np.arcsinh(np.sqrt(source.n_bar)))
    squeeze = squeeze.reshape(work, work, work, work)
    ratio = source.n_thermal / (1 + source.n_thermal)
    weights = ratio ** np.arange(thermal) / (1 + source.n_thermal)
    columns = squeeze[:micro, :photons, :thermal, 0] * np.sqrt(weights)
    # Truncated as the model is: initial levels below `thermal`, photons below `photons`.
    state = np.einsum("mkn,pln->mkpl", columns, columns)
    state = np.einsum("xymp,mkpl->xkyl", microwave(source, micro), state)
    reduced = np.zeros((3, photons, 3, photons))
    reduced[:2, :, :2, :] = state[:2, :, :2, :]
    reduced[2, :, 2, :] = np.einsum("mkml->kl", state[2:, :, 2:, :])
    kept = np.ones((3, 3))
    kept[0, 1] = kept[1, 0] = 1 - 2 * source.dephasing
    return reduced * kept[:, None, :, None]


@lru_cache(maxsize=2)
def squeezing(dim: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.kron(oracle.lower(dim), np.eye(dim)), np.kron(np.eye(dim), oracle.lower(dim))
    return np.linalg.eigh(1j * (a.T @ b.T - a @ b))


def microwave(source: oracle.Source, dim: int) -> np.ndarray:
    """Added noise, then loss, as [out, out', in, in']; coherences up to neighbouring levels, enough here."""
    size = dim + 2
    down, up = (dissipator(size, raised) for raised in (False, True))
    whole = np.zeros((size * size, size * size))
    for step in (-1, 0, 1):  # neither noise nor loss mixes coherences of different order
        place = np.flatnonzero(np.subtract.outer(np.arange(size), np.arange(size)).ravel() == step)
        block = np.ix_(place, place)
        noise, loss = source.n_added * (down + up)[block], -np.log(source.microwave_efficiency) * down[block]
        whole[block] = expm(loss) @ expm(noise)
    return whole.reshape((size,) * 4)[:, :, :dim, :dim]


@lru_cache(maxsize=8)
def dissipator(size: int, raised: bool) -> np.ndarray:
    """Lindblad's D[a], or D[a†], on density matrices whose rows are stacked."""
    a = oracle.lower(size).T if raised else oracle.lower(size)
    one, number = np.eye(len(a)), a.T @ a
    return np.kron(a, a) - (np.kron(number, one) + np.kron(one, number.T)) / 2


def loaded(state: np.ndarray) -> np.ndarray:
    """Two nodes with levels 0, 1, many -> qubits."""
    grid = np.zeros((4, 4, 4, 4), dtype=complex)  # pad so that "many" is one Fock level
    grid[:3, :3, :3, :3] = state.reshape(3, 3, 3, 3)
    return oracle.load(grid)


def one_click(table: dict[tuple[str, str], np.ndarray], port: str) -> np.ndarray:
    """State or operator of a click in this port alone."""
    if port == "c":
        return table["photon", "none"] + table["dark", "none"]
    return table["none", "photon"] + table["none", "dark"]
