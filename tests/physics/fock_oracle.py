# SPDX-License-Identifier: Apache-2.0
"""Brute force in Fock space, sharing no code and no formula with the package.

Squeezers and beam splitters are matrix exponentials, noise and loss are exponentials of Lindbladians (QuTiP),
the photons' partial distinguishability is a second temporal mode at the beam splitter, phase noise is
averaged numerically, loading and dephasing are Kraus operators. Truncated: callers choose the cut-offs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import qutip
from scipy.linalg import expm


@dataclass(frozen=True)
class Source:
    n_bar: float
    efficiency: float
    n_thermal: float = 0.0
    n_added: float = 0.0
    microwave_efficiency: float = 1.0
    dephasing: float = 0.0


@dataclass(frozen=True)
class Station:
    visibility: float = 1.0
    sigma: float = 0.0
    dark: tuple[float, float] = (0.0, 0.0)
    detectors: tuple[float, float] = (1.0, 1.0)
    offset: float = 0.0


def lower(dim: int) -> np.ndarray:
    return np.diag(np.sqrt(np.arange(1, dim)), 1)


@lru_cache(maxsize=64)
def splitter(dim: int, angle: float) -> np.ndarray:
    """Real rotation of two modes: a -> a cos + b sin (amplitudes of single photons), shape (d, d, d, d)."""
    return exponential(*rotation(dim), angle).reshape(dim, dim, dim, dim)


@lru_cache(maxsize=8)
def rotation(dim: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.kron(lower(dim), np.eye(dim)), np.kron(np.eye(dim), lower(dim))
    return np.linalg.eigh(1j * (a.T @ b - b.T @ a))


def exponential(values: np.ndarray, vectors: np.ndarray, angle: float) -> np.ndarray:
    """exp(angle G) of a real antisymmetric G, from eigenvalues and eigenvectors of i G."""
    return ((vectors * np.exp(-1j * angle * values)) @ vectors.conj().T).real


@lru_cache(maxsize=64)
def midpoint_isometry(cut: int, visibility: float) -> np.ndarray:
    """|n_A, n_B> -> modes (c1, d1, c2, d2) behind the beam splitter, shape (D, D, D, D, cut, cut)."""
    dim = 2 * cut - 1
    state = np.zeros((dim, dim, dim, dim, cut, cut))
    for n_a in range(cut):
        for n_b in range(cut):
            state[n_a, n_b, 0, 0, n_a, n_b] = 1
    share = splitter(dim, -np.arccos(np.sqrt(visibility)))  # b1 -> b1 sqrt(V) + b2 sqrt(1-V)
    state = np.einsum("wyfh,afghmn->awgymn", share, state)
    half = splitter(dim, np.pi / 4)  # c = (a+b)/sqrt2, d = (-a+b)/sqrt2: same clicks as (a-b)/sqrt2
    state = np.einsum("cdab,abghmn->cdghmn", half, state)
    return np.einsum("ghab,cdabmn->cdghmn", half, state)


def arm_losses(cut: int, efficiency: float) -> list[np.ndarray]:
    whole = splitter(cut, np.arccos(np.sqrt(efficiency)))
    return [whole[:, lost, :, 0] for lost in range(cut)]


def click_operators(
    cut: int, eta_a: float, eta_b: float, station: Station
) -> dict[tuple[str, str], np.ndarray]:
    """(cause c, cause d) -> operator on the arms, shape (cut, cut, cut, cut) as <n_A n_B|E|m_A m_B>."""
    dim = 2 * cut - 1
    numbers = np.arange(dim)[:, None] + np.arange(dim)[None, :]  # photons in port (mode 1, mode 2)
    isometry = midpoint_isometry(cut, station.visibility)
    causes = []
    for eta, dark in zip(station.detectors, station.dark, strict=True):
        silent = (1.0 - eta) ** numbers
        causes.append({"none": silent * (1 - dark), "photon": 1 - silent, "dark": silent * dark})
    operators = {}
    for first, c in causes[0].items():
        for second, d in causes[1].items():
            weighted = isometry * c[:, None, :, None, None, None] * d[None, :, None, :, None, None]
            operator = np.einsum("cdefij,cdefmn->ijmn", isometry, weighted)
            operators[first, second] = _through_losses(operator, eta_a, eta_b)
    return operators


def _through_losses(operator: np.ndarray, eta_a: float, eta_b: float) -> np.ndarray:
    cut = operator.shape[0]
    total = np.zeros_like(operator)
    for k_a in arm_losses(cut, eta_a):
        for k_b in arm_losses(cut, eta_b):
            total += np.einsum("xi,yj,xyzw,zm,wn->ijmn", k_a, k_b, operator, k_a, k_b, optimize=True)
    return total


def pair_state(source: Source, micro: int, optical: int) -> np.ndarray:
    """Microwave and optical mode after the squeezer, shape (micro, optical, micro, optical)."""
    work = micro + 4  # room for the exponential
    a, b = np.kron(lower(work), np.eye(work)), np.kron(np.eye(work), lower(work))
    squeeze = expm(np.arcsinh(np.sqrt(source.n_bar)) * (a.T @ b.T - a @ b))
    ratio = source.n_thermal / (1 + source.n_thermal)
    thermal = np.diag(ratio ** np.arange(work)) / (1 + source.n_thermal)
    vacuum = np.zeros((work, work))
    vacuum[0, 0] = 1
    state = (squeeze @ np.kron(thermal, vacuum) @ squeeze.T).reshape(work, work, work, work)
    return state[:micro, :optical, :micro, :optical]


@lru_cache(maxsize=64)
def microwave_channel(dim: int, n_added: float, efficiency: float, dephasing: float) -> np.ndarray:
    """Superoperator (rows of the density matrix stacked): added noise, loss, parity flips."""
    a = qutip.destroy(dim)
    noise = (n_added * (qutip.lindblad_dissipator(a) + qutip.lindblad_dissipator(a.dag()))).expm()
    loss = (-np.log(efficiency) * qutip.lindblad_dissipator(a)).expm()
    parity = qutip.to_super((1j * np.pi * qutip.num(dim)).expm())
    flips = (1 - dephasing) * qutip.to_super(qutip.qeye(dim)) + dephasing * parity
    columns = (flips * loss * noise).full().reshape(dim, dim, dim, dim)  # (col, row) indices, both sides
    return columns.transpose(1, 0, 3, 2).reshape(dim * dim, dim * dim)


def phases(station: Station) -> list[tuple[float, float]]:
    """Phase differences B - A with their weights."""
    if station.sigma == 0:
        return [(station.offset, 1.0)]
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    return [
        (station.offset + station.sigma * x, w) for x, w in zip(nodes, weights / weights.sum(), strict=True)
    ]


def heralded_modes(
    a: Source, b: Source, station: Station, micro: int = 14, optical: int = 5
) -> dict[tuple[str, str], np.ndarray]:
    """(cause c, cause d) -> unnormalised state of the two microwave modes at the qubits, before loading."""
    state_a, state_b = pair_state(a, micro, optical), pair_state(b, micro, optical)
    channels = [
        microwave_channel(micro, x.n_added, x.microwave_efficiency, x.dephasing).astype(complex)
        for x in (a, b)
    ]
    result = {}
    turned = np.zeros((micro, optical, micro, optical), dtype=complex)
    for phase, weight in phases(station):
        turn = np.exp(1j * phase * np.arange(optical))
        turned += weight * state_b * turn[None, :, None, None] * turn.conj()[None, None, None, :]
    for cause, operator in click_operators(optical, a.efficiency, b.efficiency, station).items():
        # Only pairs of arms enter E, so that the average over the phase of B may be taken on B's state.
        half = np.einsum("ijmn,aibm->abjn", operator, _swap(state_a), optimize=True)
        whole = np.einsum("abjn,cjdn->acbd", half, _swap(turned), optimize=True)
        flat = whole.transpose(0, 2, 1, 3).reshape(micro**2, micro**2)
        flat = channels[0] @ flat @ channels[1].T
        result[cause] = flat.reshape(micro, micro, micro, micro).transpose(0, 2, 1, 3)
    return result


def _swap(state: np.ndarray) -> np.ndarray:
    """<m o|rho|m' o'> arranged for Tr_o[E rho]: [m, row of E, m', column of E]."""
    return state.transpose(0, 3, 2, 1)


def load(modes: np.ndarray) -> np.ndarray:
    """0 -> g, 1 -> e, n >= 2 -> e incoherently, on both; shape (4, 4)."""
    dim = modes.shape[0]
    kraus = [np.zeros((2, dim)) for _ in range(dim - 1)]
    kraus[0][0, 0] = kraus[0][1, 1] = 1
    for n in range(2, dim):
        kraus[n - 1][1, n] = 1
    one = sum(np.einsum("xi,zk->xzik", k, k) for k in kraus)
    half = np.einsum("ywjl,ijkl->iykw", one, modes, optimize=True)
    return np.einsum("xzik,iykw->xyzw", one, half, optimize=True).reshape(4, 4)


def bell(sign: float) -> np.ndarray:
    return np.array([0, 1, sign, 0]) / np.sqrt(2)


def pattern(modes: dict[tuple[str, str], np.ndarray], port: str) -> np.ndarray:
    """State after a click in exactly one port."""
    keys = [("photon", "none"), ("dark", "none")]
    if port == "d":
        keys = [(second, first) for first, second in keys]
    return modes[keys[0]] + modes[keys[1]]


def overlap(state: np.ndarray, port: str) -> float:
    """<Psi±|state|Psi±>, not normalised; Fock states 0 and 1 of two modes, or two qubits."""
    corner = state[:2, :2, :2, :2].reshape(4, 4) if state.ndim == 4 else state
    vector = bell(1.0 if port == "c" else -1.0)
    return float((vector @ corner @ vector).real)
