# SPDX-License-Identifier: Apache-2.0
"""What the world samples from compiled sequences, analysed as recorded tags are, against the models.

HOM dips, g2, pump sweep, phase, readout and time-bin pairs: p-values are exact and randomised; their
uniformity over independent slots of several laboratories is tested by Kolmogorov-Smirnov and by the sum of
their normal scores, with Holm's correction over all statistics of this module. Each statistic must reject
a model that is wrong in one respect. Rates, fidelities and waiting times of the pair source:
tests/system/test_statistics.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from conditioned import uniform
from exact_statistics import SIGNIFICANCE, holm
from light_samples import G2, Hom, PumpSweep
from pair_samples import TimeBin
from steady_samples import Phase, Readout

pytestmark = pytest.mark.timeout(600)

LABORATORIES, SLOTS = 6, 6
KINDS = {kind.__name__: kind() for kind in (Hom, G2, PumpSweep, Phase, Readout, TimeBin)}
Expect = Callable[[Any], Any]
"""What a wrong model expects of a kind of sequence."""


def right_model(kind: Any) -> Any:
    """The devices that were played."""
    return kind.expected(kind.devices)


def arms(changed: Callable[[Any], Any], kind: Any) -> Any:
    """Both arms changed."""
    return kind.expected(replace(kind.devices, arms=tuple(changed(arm) for arm in kind.devices.arms)))


def midpoint(change: Callable[[Any], Mapping[str, Any]], kind: Any) -> Any:
    """Values of the midpoint changed."""
    station = kind.devices.midpoint
    return kind.expected(replace(kind.devices, midpoint=replace(station, **change(station))))


def late(kind: Any) -> Any:
    """Node B's light comes 50 ns later."""
    a, b = kind.devices.arms
    b = replace(b, fibre_delay_ps=b.fibre_delay_ps + 50_000)
    return kind.expected(replace(kind.devices, arms=(a, b)))


def darker(factor: float, kind: Any) -> Any:
    """Detectors with more dark counts."""

    def change(station: Any) -> Mapping[str, Any]:
        more = (replace(item, dark_rate_Hz=factor * item.dark_rate_Hz) for item in station.detectors)
        return {"detectors": tuple(more)}

    return midpoint(change, kind)


def other_ports(kind: Any) -> Any:
    """Detector c taken for d."""
    return kind.expected(kind.devices)[[0, 2, 1, 3]]


def turned(kind: Any) -> Any:
    """The phase is read 0.08 rad off."""
    return replace(kind.expected(kind.devices), turn_rad=0.08)


def dimmer(factor: float, kind: Any) -> Any:
    """Bright pulses with less light."""
    return midpoint(lambda station: {"bright_transmission": factor * station.bright_transmission}, kind)


def hotter(photons: float, arm: Any) -> Any:
    """More thermal photons."""
    return replace(arm, heating=replace(arm.heating, n_0=arm.heating.n_0 + photons))


def brighter_e(arm: Any) -> Any:
    """An excited qubit gives 4 % more readout photons."""
    return replace(arm, readout=replace(arm.readout, photons_e=1.04 * arm.readout.photons_e))


DARKER = partial(darker, 10)
EFFICIENT = partial(arms, lambda arm: replace(arm, path_efficiency=1.05 * arm.path_efficiency))
CARVER = partial(arms, lambda arm: replace(arm, carver=replace(arm.carver, v_pi_V=1.2 * arm.carver.v_pi_V)))
COLD = partial(arms, lambda arm: replace(arm, qubit=replace(arm.qubit, thermal_population=0.0)))
ALIKE = partial(midpoint, lambda station: {"mode_match": 1.0})
APART = partial(midpoint, lambda station: {"mode_match": 0.0})
BRIGHT = partial(arms, lambda arm: replace(arm, insertion=1.2 * arm.insertion))
HOT, HOTTER = (partial(arms, partial(hotter, photons)) for photons in (0.03, 0.2))
BRIGHTER_E = partial(arms, brighter_e)

WRONG: dict[str, tuple[str, Expect]] = {
    "HOM coincidences": ("Hom", EFFICIENT),
    "HOM dip": ("Hom", ALIKE),
    "HOM centre": ("Hom", late),
    "HOM visibility": ("Hom", ALIKE),
    "g2 clicks": ("G2", EFFICIENT),
    "g2 ports": ("G2", other_ports),
    "g2 excitations": ("G2", HOT),
    "g2 unheralded": ("G2", DARKER),
    "g2 heralded": ("G2", BRIGHT),
    "g2 of click and qubit": ("G2", HOTTER),
    "g2 on side peaks": ("G2", DARKER),
    "heralded g2 as analysed": ("G2", BRIGHT),
    "cross-correlation as analysed": ("G2", HOTTER),
    "pump sweep light": ("PumpSweep", EFFICIENT),
    "pump sweep darkness": ("PumpSweep", partial(darker, 3)),
    "pump sweep curve": ("PumpSweep", CARVER),
    "bright clicks": ("Phase", partial(dimmer, 0.8)),
    "phase estimate": ("Phase", turned),
    "phase error": ("Phase", partial(dimmer, 0.03)),
    "readout of g": ("Readout", COLD),
    "readout of e": ("Readout", BRIGHTER_E),
    "readout photons": ("Readout", BRIGHTER_E),
    "time-bin heralds": ("TimeBin", EFFICIENT),
    "time-bin erasure check": ("TimeBin", HOTTER),
    "time-bin populations": ("TimeBin", HOTTER),
    "time-bin coherence": ("TimeBin", APART),
    "time-bin F_meas raw": ("TimeBin", APART),
    "time-bin share kept": ("TimeBin", HOTTER),
    "time-bin F_meas post-selected": ("TimeBin", APART),
}
"""A model by statistic that must fail it."""


@dataclass(frozen=True)
class Samples:
    """What was counted, by kind of sequence, and how uniform the right model's p-values are."""

    counted: Mapping[str, list[Any]]
    seed: int
    known: dict[tuple[str, Expect], dict[str, float]] = field(default_factory=dict)

    def uniformity(self, name: str, expect: Expect) -> dict[str, float]:
        """p-values of a kind's statistics under a model."""
        if (name, expect) not in self.known:
            self.known[name, expect] = self._uniformity(name, expect(KINDS[name]))
        return self.known[name, expect]

    def _uniformity(self, name: str, expected: Any) -> dict[str, float]:
        rng = np.random.default_rng([self.seed, *name.encode()])
        rows = [KINDS[name].p_values(sample, expected, rng) for sample in self.counted[name]]
        return {key: uniform([row[key] for row in rows]) for key in rows[0]}


@pytest.fixture(scope="module")
def samples(seed: int) -> Samples:
    """Independent slots of several laboratories."""
    print(f"seed {seed}")
    counted = {
        name: [item for k in range(LABORATORIES) for item in kind.samples(LABORATORIES * seed + k, SLOTS)]
        for name, kind in KINDS.items()
    }
    return Samples(counted, seed)


@pytest.fixture(scope="module")
def right(samples: Samples) -> dict[str, float]:
    """Of every statistic under the model of the devices that were played."""
    found: dict[str, float] = {}
    for name in KINDS:
        found |= samples.uniformity(name, right_model)
    return found


def test_every_statistic_agrees_with_the_models(right: dict[str, float]) -> None:
    print({name: f"{p:.2g}" for name, p in right.items()})
    assert right.keys() == WRONG.keys()
    assert holm(right, SIGNIFICANCE) == {}


@pytest.mark.parametrize("statistic", WRONG)
def test_a_wrong_model_is_rejected(statistic: str, samples: Samples, right: dict[str, float]) -> None:
    name, expect = WRONG[statistic]
    p = samples.uniformity(name, expect)[statistic]
    print(f"{statistic}: {p:.2g}")
    assert statistic in holm(right | {statistic: p}, SIGNIFICANCE)
