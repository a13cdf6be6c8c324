# SPDX-License-Identifier: Apache-2.0
"""Compiled sequences on a bench's real sockets, played by the drivers, analysed and held against the models.

The same analyses and p-values as in test_sampled_statistics, one slot each, with Holm's correction. What
needs the true phase of the fibres, which only the laboratory knows, is left out here.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import log10
from typing import Any

import numpy as np
import pytest
from compiled_slots import BIASES_A, DRIVES, POWER_W
from exact_statistics import SIGNIFICANCE, holm
from laboratory import devices
from light_samples import G2, Hom, PumpSweep
from pair_samples import TimeBin
from steady_samples import Readout
from two_node_lab import Laboratory

from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.rack import Rack
from heraldlink.config import EndNodeConfig, MidpointConfig, load_node

pytestmark = pytest.mark.timeout(300)

KINDS = (PumpSweep, G2, Hom, Readout, TimeBin)
NEED_PHASE = ("time-bin coherence", "time-bin F_meas raw", "time-bin F_meas post-selected")


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[tuple[Rack, RackPoint]]:
    """All instruments of the shipped two-node bench, opened by their drivers, set as the model is."""
    folder = tmp_path_factory.mktemp("sockets")
    with Laboratory(folder, "--seed", str(seed), "--pace", "fast", nodes=False) as lab:
        point = point_of()
        with Rack(point, lab.addresses) as opened:
            yield opened, point


def point_of() -> RackPoint:
    """The shipped node files at the model's settings, listening nowhere that others could use."""
    configs = {name: load_node(f"nodes/{name}.yaml") for name in ("midpoint", "alice", "bob")}
    for name, config in configs.items():
        listen = config.listen.model_copy(update={"command": "tcp://127.0.0.1:0"})
        configs[name] = config.model_copy(update={"listen": listen})
    midpoint = configs["midpoint"]
    assert isinstance(midpoint, MidpointConfig)
    ends = {name: item for name, item in configs.items() if isinstance(item, EndNodeConfig)}
    changes: dict[str, object] = {"pump__power_W": POWER_W, "detectors__bias_A": BIASES_A}
    for name in ends:
        changes[f"attenuator__{name}__readout_attenuation_dB"] = round(10 * log10(1e-3 / 20e-6), 3)
    point = RackPoint(midpoint, ends).hub(**changes)
    for name, drive in DRIVES.items():
        point = point.end(name, generator__envelope_peak_V=drive.envelope_peak_V)
    return point


@pytest.fixture(scope="module")
def samples(rack: tuple[Rack, RackPoint]) -> dict[type, Any]:
    """One slot of each kind."""
    opened, point = rack
    found: dict[type, Any] = {}
    for kind in (make() for make in KINDS):
        loss_dB = getattr(kind, "ATTENUATION_dB", 29.0)
        here = point.hub(**{f"attenuator__{name}__pump_attenuation_dB": loss_dB for name in point.names})
        slots = [opened.play(kind.plan, here)]
        if isinstance(kind, Hom):
            slots.append(opened.play(kind.plan, here.block(*point.names)))
        sample_of: Any = kind.sample_of
        found[type(kind)] = sample_of(*slots, 0.0) if isinstance(kind, TimeBin) else sample_of(*slots)
    assert opened.origin == "simulated"
    return found


def p_values(samples: dict[type, Any], seed: int, more_pump: float = 1.0) -> dict[str, float]:
    """Two-sided p-values of all statistics, if so many times the declared pump reaches the transducers."""
    rng = np.random.default_rng(seed)
    found: dict[str, float] = {}
    for kind in (make() for make in KINDS):
        shipped = devices()
        arms = tuple(replace(arm, insertion=more_pump * arm.insertion) for arm in shipped.arms)
        expected = kind.expected(replace(shipped, arms=arms))
        values = kind.p_values(samples[type(kind)], expected, rng)
        found |= {name: 2 * min(p, 1 - p) for name, p in values.items() if name not in NEED_PHASE}
    return found


def test_tags_of_the_drivers_agree_with_the_models(samples: dict[type, Any], seed: int) -> None:
    found = p_values(samples, seed)
    print({name: f"{p:.2g}" for name, p in found.items()})
    assert len(found) == 23
    assert holm(found, SIGNIFICANCE) == {}


def test_a_third_more_pump_is_noticed_in_all_light(samples: dict[type, Any], seed: int) -> None:
    rejected = holm(p_values(samples, seed, 4 / 3), SIGNIFICANCE)
    assert {"pump sweep light", "g2 clicks", "HOM coincidences", "time-bin heralds"} <= rejected.keys()
