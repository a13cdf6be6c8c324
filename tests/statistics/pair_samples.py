# SPDX-License-Identifier: Apache-2.0
"""Time-bin pairs: heralds, erasure check and fidelity, against the states of both rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
from compiled_slots import Played, laboratory, modelled, noisy, play, rack_of
from conditioned import Real, binomial, randomised, ranked
from exact_statistics import sum_pmf
from light_samples import confusion_of, shipped

from heraldlink.analysis.attempts import answers, patterns
from heraldlink.analysis.time_bin import Table, estimates, herald_table
from heraldlink.heralding.readouts import ReadoutWindow
from heraldlink.sequences.rotations import analysis_rotation
from heraldlink_physics.device import ArmDevice, Devices, MidpointDevice
from heraldlink_physics.model import HeraldModel

SPLIT_PS = 450_000
"""Half way between the bins' arrivals, after START."""
BASES = ("ZZ", "XX", "YY", "XY", "YX")
DRAWS = 59


@dataclass(frozen=True)
class Pairs:
    """One slot: heralds of each basis, attempts of each, and the fibres' phase."""

    tables: tuple[Table, ...]
    attempts: int
    phase_rad: float


class TimeBin:
    """Two clicks, one in each bin."""

    ATTENUATION_dB = 23.0

    def __init__(self) -> None:
        self.plan = shipped("time_bin")
        both = noisy(mode_match=0.8, round_phase_sigma_rad=0.2)
        self.devices = replace(both, arms=tuple(clean(arm) for arm in both.arms))
        self.windows = ((self.plan.gate_ps[0], SPLIT_PS), (SPLIT_PS, self.plan.gate_ps[1]))

    def samples(self, seed: int, count: int) -> list[Pairs]:
        """Heralds from tags."""
        world, rack = laboratory(self.devices, seed), rack_of(self.plan, self.ATTENUATION_dB)
        slots = range(1, count + 1)
        return [self.sample_of(play(world, rack, slot), world.fibre.at(slot)) for slot in slots]

    def sample_of(self, tags: Played, phase_rad: float) -> Pairs:
        """Heralds from tags."""
        tables = tuple(self._table(tags, part.name) for part in self.plan.parts)
        return Pairs(tables, self.plan.parts[0].count, phase_rad)

    def _table(self, tags, part: str) -> Table:
        early, late = (patterns(tags.hub, window, self.plan.indices(part)) for window in self.windows)
        a, b = (answers(tags.ends[n], self.plan, part, ReadoutWindow(2_000_000)) for n in self.plan.nodes)
        return herald_table(early, late, a, b)

    def expected(self, model: Devices) -> "Rounds":
        """States of both rounds."""
        sharp = model_without_fast_phase(model)
        early, late = (
            modelled(sharp, self.plan, "time_bin_0", self.ATTENUATION_dB, window, k).model
            for k, window in enumerate(self.windows)
        )
        confusions = tuple(confusion_of(arm) for arm in model.arms)
        return Rounds(early, late, model.midpoint, confusions)

    def p_values(self, sample: Pairs, rounds: "Rounds", rng: np.random.Generator) -> dict[str, float]:
        """Rate, what is read in Z, coherence, and the fidelities as they are analysed."""
        chances = rounds.tables(sample.phase_rad)
        z, heralds, u = sample.tables[0], sum(int(t.sum()) for t in sample.tables), rng.random(7)
        share = chances[0].sum(axis=0) / chances[0].sum()
        in_z = int(z.sum())
        found = {
            "time-bin heralds": binomial(
                heralds, sample.attempts * len(BASES), float(chances[0].sum()), u[0]
            ),
            "time-bin erasure check": binomial(
                int(z[:, ONE_EACH].sum()), in_z, float(share[ONE_EACH].sum()), u[1]
            ),
            "time-bin populations": binomial(
                int(z[:, DIFFERENT].sum()), in_z, float(share[DIFFERENT].sum()), u[2]
            ),
            "time-bin coherence": self._coherence(sample, chances, u[3]),
        }
        return found | self._fidelities(sample, chances, rounds, rng, u[4:])

    def _coherence(self, sample: Pairs, chances: Sequence[Real], u: float) -> float:
        good, parts = 0, []
        for table, chance in zip(sample.tables[1:], chances[1:], strict=True):
            for counts, cells, even in zip(table, chance, (EVEN, ~EVEN), strict=True):
                good += int(counts[even].sum())
                parts.append((int(counts.sum()), float(cells[even].sum() / cells.sum())))
        return randomised(good, sum_pmf(parts), u)

    def _fidelities(
        self, sample: Pairs, chances: Sequence[Real], rounds: "Rounds", rng: np.random.Generator, u: Real
    ) -> dict[str, float]:
        rates = rounds.rates
        drawn = []
        for _ in range(DRAWS):
            z, *x = (
                np.stack(
                    [rng.multinomial(n, row / row.sum()) for n, row in zip(t.sum(axis=1), c, strict=True)]
                )
                for t, c in zip(sample.tables, chances, strict=True)
            )
            drawn.append(estimates(z, x, rates))
        names = ("F_meas raw", "share kept", "F_meas post-selected")
        seen = estimates(sample.tables[0], sample.tables[1:], rates)
        columns = np.array(drawn).T
        return {
            f"time-bin {name}": ranked(float(value), column, draw)
            for name, value, column, draw in zip(names, seen, columns, u.tolist(), strict=True)
        }


BITS = np.arange(16)[:, None] >> np.array([3, 2, 1, 0]) & 1
ONE_EACH = (BITS[:, 0] != BITS[:, 1]) & (BITS[:, 2] != BITS[:, 3])
DIFFERENT = ONE_EACH & (BITS[:, 0] != BITS[:, 2])
EVEN = BITS.sum(axis=1) % 2 == 0


def clean(arm: ArmDevice) -> ArmDevice:
    """Less loss and heat, so that two clicks are frequent and their pairs still entangled."""
    heating = replace(arm.heating, pulse_photons=0.001)
    readout = replace(arm.readout, photons_g=0.01, photons_e=8.0)
    return replace(arm, path_efficiency=0.95, heating=heating, readout=readout)


def model_without_fast_phase(model: Devices) -> Devices:
    """States at a phase of zero; `Rounds` puts the phases in."""
    return replace(model, midpoint=replace(model.midpoint, fast_phase_sigma_rad=0.0))


@dataclass(frozen=True)
class Rounds:
    """Both rounds at a phase of zero, and what acts on both."""

    early: HeraldModel
    late: HeraldModel
    midpoint: MidpointDevice
    confusions: tuple[Real, ...]

    @property
    def rates(self) -> Real:
        """P(e|g), P(g|e) of A, of B."""
        return np.array([rate for item in self.confusions for rate in (item[0, 1], item[1, 0])])

    def tables(self, phase_rad: float) -> list[Real]:
        """Probabilities of each Bell state and answer by basis, float[2, 16] each."""
        states = [self.state(k, phase_rad) for k in (0, 1)]
        return [np.stack([self._read(state, basis) for state in states]) for basis in BASES]

    def state(self, bell: int, phase_rad: float) -> np.ndarray:
        """Unnormalised, qubits in the order A early, A late, B early, B late.

        A round's coherence turns with its phase: what both share, and what the late one has in addition.
        """
        sigma, late_sigma = self.midpoint.fast_phase_sigma_rad, self.midpoint.round_phase_sigma_rad
        total = np.zeros((16, 16), complex)
        for x, y in product("cd", repeat=2):
            if (x != y) == bell:
                for (a, first), (b, second) in product(turns(self.early, x), turns(self.late, y)):
                    left = np.exp(
                        1j * (a + b) * phase_rad - ((a + b) * sigma) ** 2 / 2 - (b * late_sigma) ** 2 / 2
                    )
                    total += left * np.kron(first, second)
        grid = total.reshape((2,) * 8).transpose(0, 2, 1, 3, 4, 6, 5, 7)
        return grid.reshape(16, 16)

    def _read(self, state: np.ndarray, basis: str) -> Real:
        turn = np.ones((1, 1))
        read = np.ones((1, 1))
        for letter, confusion in zip(basis, self.confusions, strict=True):
            for _ in range(2):
                turn, read = np.kron(turn, rotation(letter)), np.kron(read, confusion)
        return np.asarray(np.diag(turn @ state @ turn.conj().T).real @ read)


def turns(model: HeraldModel, port: str) -> list[tuple[int, np.ndarray]]:
    """A round's state, split by how often its phase turns it: populations, <ge|eg> and its conjugate."""
    pattern = model.patterns[port]
    whole = pattern.photon + pattern.dark
    upper, lower = np.zeros((4, 4), complex), np.zeros((4, 4), complex)
    upper[1, 2], lower[2, 1] = whole[1, 2], whole[2, 1]
    return [(0, whole - upper - lower), (1, upper), (-1, lower)]


@cache
def rotation(letter: str) -> np.ndarray:
    """What the shipped sequences play before they read in a basis."""
    turn = analysis_rotation(letter)
    cos, sin = np.cos(turn.angle_rad / 2), np.sin(turn.angle_rad / 2)
    off = -1j * sin * np.exp(-1j * turn.axis_rad)
    return np.array([[cos, off], [-off.conj(), cos]])
