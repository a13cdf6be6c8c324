# SPDX-License-Identifier: Apache-2.0
"""Results of a run: correlators, Bell fidelities and herald rate, each beside the model's prediction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.messages.values import Basis, BellState, Confusion, Prediction
from heraldlink.record.pair_table import BASES, BELL_STATES, PairTable
from heraldlink_physics.analysis import (
    Estimate,
    ReadoutErrors,
    bell_fidelity,
    combine,
    corrected_bell_fidelity,
    corrected_correlator,
    correlator,
)

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Compared:
    """A measured quantity, raw and readout-corrected, and what the model expects of the corrected one.

    ``corrected`` is None without calibration shots, ``predicted`` None where the model says nothing;
    ``predicted_sigma`` is the spread that the prediction itself gives with as many pairs.
    """

    pairs: int
    raw: Estimate
    corrected: Estimate | None
    predicted: float | None
    predicted_sigma: float = 0.0

    @property
    def standard_deviations(self) -> float | None:
        """Between the corrected (else raw) value and the prediction.

        In the larger of the estimate's standard error and the prediction's spread: a handful of equal
        outcomes has a standard error of zero, and yet says little.
        """
        best = self.corrected or self.raw
        sigma = max(best.sigma, self.predicted_sigma)
        if self.predicted is None or not isfinite(sigma) or sigma == 0:
            return None
        return Estimate(best.value, sigma).deviation(self.predicted)

    def as_dict(self) -> Json:
        """JSON-ready; None stands for what could not be measured."""
        corrected = self.corrected or Estimate(nan, nan)
        return {
            "pairs": self.pairs,
            "raw": finite(self.raw.value),
            "raw_sigma": finite(self.raw.sigma),
            "corrected": finite(corrected.value),
            "corrected_sigma": finite(corrected.sigma),
            "predicted": finite(self.predicted),
            "standard_deviations": finite(self.standard_deviations),
        }


@dataclass(frozen=True, slots=True)
class Rate:
    """Heralds per attempt and per second of bench time, with what the model expects per attempt."""

    heralds: int
    attempts: int
    bench_s: float
    predicted: float

    @property
    def measured(self) -> Estimate:
        """Heralds per attempt and its binomial error; of none, the error that one would have."""
        if self.attempts == 0:
            return Estimate(nan, nan)
        value = self.heralds / self.attempts
        return Estimate(value, sqrt(max(self.heralds, 1) * (1 - value)) / self.attempts)

    @property
    def standard_deviations(self) -> float | None:
        """Between count and prediction, in the prediction's binomial standard deviations."""
        variance = self.predicted * (1 - self.predicted) * self.attempts
        return (self.heralds - self.predicted * self.attempts) / sqrt(variance) if variance > 0 else None

    def as_dict(self) -> Json:
        """JSON-ready."""
        measured = self.measured
        return {
            "heralds": self.heralds,
            "attempts": self.attempts,
            "per_attempt": finite(measured.value),
            "per_attempt_sigma": finite(measured.sigma),
            "predicted_per_attempt": self.predicted,
            "per_second": finite(self.heralds / self.bench_s if self.bench_s > 0 else nan),
            "standard_deviations": finite(self.standard_deviations),
        }


@dataclass(frozen=True, slots=True)
class RunResults:
    """All results; keys of ``fidelity`` are the Bell states and "both" (weighted by pairs)."""

    correlators: Mapping[tuple[BellState, Basis], Compared]
    fidelity: Mapping[str, Compared]
    rate: Rate
    readout: tuple[ReadoutErrors | None, ReadoutErrors | None]

    def as_dict(self) -> Json:
        """JSON-ready."""
        return {
            "correlators": {
                f"{bell} {basis}": item.as_dict() for (bell, basis), item in self.correlators.items()
            },
            "fidelity": {name: item.as_dict() for name, item in self.fidelity.items()},
            "rate": self.rate.as_dict(),
            "readout_errors": [_rates(errors) for errors in self.readout],
        }


def compute(
    pairs: PairTable,
    calibration: tuple[Confusion, Confusion],
    prediction: Prediction,
    counted: tuple[int, int, float],
) -> RunResults:
    """Results from the pairs' outcomes.

    ``calibration``: counts of all slots (local, remote). ``counted``: heralds and attempts of all measuring
    slots, whatever became of them, and the bench time that they took in seconds.
    """
    readout = (readout_errors(calibration[0]), readout_errors(calibration[1]))
    heralds, attempts, bench_s = counted
    correlators: dict[tuple[BellState, Basis], Compared] = {
        (bell, basis): _correlator(pairs, bell, basis, readout, prediction)
        for bell in BELL_STATES
        for basis in BASES
    }
    return RunResults(
        correlators,
        _fidelities(pairs, readout, prediction),
        Rate(heralds, attempts, bench_s, prediction.probability),
        readout,
    )


Errors = tuple[ReadoutErrors | None, ReadoutErrors | None]


def bench_time_s(slots: Collection[int], tick_rate_Hz: float) -> float:
    """Bench time from the first to the end of the last played slot, those not played in between included."""
    return (max(slots) - min(slots) + 1) / tick_rate_Hz if slots else 0.0


def readout_errors(shots: Confusion) -> ReadoutErrors | None:
    """Calibration counts as error rates; None without shots of both states, or without contrast."""
    ground, excited = shots.gg + shots.ge, shots.eg + shots.ee
    if not ground or not excited or shots.ge / ground + shots.eg / excited >= 1:
        return None
    return ReadoutErrors(ground, shots.ge, excited, shots.eg)


def _correlator(
    pairs: PairTable, bell: BellState, basis: Basis, readout: Errors, prediction: Prediction
) -> Compared:
    table = pairs.counts(bell, basis)
    local, remote = readout
    corrected = corrected_correlator(table, local, remote) if local and remote and table.any() else None
    expected = prediction.correlators.get(f"{bell} {basis}")
    spread = _spread(prediction, bell, basis, int(table.sum()))
    return Compared(int(table.sum()), correlator(table), corrected, expected, spread)


def _spread(prediction: Prediction, bell: BellState, basis: Basis, pairs: int) -> float:
    """Standard deviation of a correlator of ``pairs`` outcomes if the prediction holds."""
    expected = prediction.correlators.get(f"{bell} {basis}")
    return 0.0 if expected is None or not pairs else sqrt(max(0.0, 1 - expected**2) / pairs)


def _fidelities(pairs: PairTable, readout: Errors, prediction: Prediction) -> dict[str, Compared]:
    found: dict[str, Compared] = {bell: _fidelity(pairs, bell, readout, prediction) for bell in BELL_STATES}
    complete = [item for item in found.values() if isfinite(item.raw.value)]
    weights = [item.pairs for item in complete]
    corrected = [item.corrected for item in complete if item.corrected]
    total = sum(weights)
    expected = sum((item.predicted or 0.0) * item.pairs for item in complete) / total if total else None
    return {
        **found,
        "both": Compared(
            total,
            combine([item.raw for item in complete], weights),
            combine(corrected, weights) if corrected and len(corrected) == len(complete) else None,
            expected,
            sqrt(sum((item.pairs * item.predicted_sigma) ** 2 for item in complete)) / max(1, total),
        ),
    }


def _fidelity(pairs: PairTable, bell: BellState, readout: Errors, prediction: Prediction) -> Compared:
    expected = _expected(bell, prediction)
    tables: dict[Basis, NDArray[np.int64]] = {basis: pairs.counts(bell, basis) for basis in BASES}
    total = sum(int(table.sum()) for table in tables.values())
    if not all(table.any() for table in tables.values()):
        return Compared(total, Estimate(nan, nan), None, expected)
    local, remote = readout
    corrected = corrected_bell_fidelity(tables, bell, local, remote) if local and remote else None
    spreads = [_spread(prediction, bell, basis, int(table.sum())) for basis, table in tables.items()]
    spread = sqrt(sum(sigma**2 for sigma in spreads)) / 4
    return Compared(total, bell_fidelity(tables, bell), corrected, expected, spread)


def _expected(bell: BellState, prediction: Prediction) -> float:
    return prediction.fidelity_psi_plus if bell == "psi+" else prediction.fidelity_psi_minus


def _rates(errors: ReadoutErrors | None) -> Json | None:
    if errors is None:
        return None
    read_e_of_g, read_g_of_e = errors.rates
    return {"e_given_g": read_e_of_g, "g_given_e": read_g_of_e, "shots": errors.shots_g + errors.shots_e}


def finite(value: float | None) -> float | None:
    """The number, or None for what JSON cannot say."""
    return value if value is not None and isfinite(value) else None
