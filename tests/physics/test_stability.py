# SPDX-License-Identifier: Apache-2.0
"""The pump power at which a transducer oscillates, against the eigenvalues of its equations of motion."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import physics_bench as bench
import pytest

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.stability import largest_stable_power_W, refuse_unstable
from heraldlink_physics.transducer import blue_pump_frequency_Hz, intracavity_photons

MEESALA = bench.devices("meesala_2024").arms[0]


def grows(g_Hz: float, kappa_Hz: float, rest_Hz: np.ndarray) -> bool:
    """Optical cavity a†, driven by and driving the first mode of ``rest_Hz``, the others' drift matrix."""
    size = len(rest_Hz) + 1
    drift = np.zeros((size, size), dtype=complex)
    drift[0, 0], drift[1:, 1:] = kappa_Hz / 2, rest_Hz
    drift[0, 1], drift[1, 0] = -1j * g_Hz, 1j * g_Hz
    return bool(np.linalg.eigvals(drift).real.min() < 0)


@pytest.mark.parametrize("name", ["meesala_2024", "sahu_2023"])
def test_beyond_the_largest_stable_power_the_modes_grow(name: str) -> None:
    device = bench.devices(name).arms[0]
    pump_Hz = blue_pump_frequency_Hz(device.transducer)
    limit_W = largest_stable_power_W(device, pump_Hz)
    kappa_Hz = device.transducer.kappa_external_Hz + device.transducer.kappa_internal_Hz
    if device.piezo is not None:
        g_Hz, half = device.piezo.piezo_coupling_Hz, device.piezo.microwave_kappa_Hz / 2
        rest = np.array([[device.piezo.mechanical_loss_Hz / 2, 1j * g_Hz], [1j * g_Hz, half]])
    else:
        assert device.electro_optic is not None
        rest = np.array([[device.electro_optic.microwave_kappa_Hz / 2]], dtype=complex)
    for factor, expected in ((0.97, False), (1.03, True)):  # the cavity is not infinitely fast
        photons = intracavity_photons(device.transducer, pump_Hz, factor * limit_W)
        assert grows(device.transducer.coupling_Hz * photons**0.5, kappa_Hz, rest) == expected


def test_an_unstable_pump_is_refused_with_the_allowed_range() -> None:
    weak = bench.arm_settings("meesala_2024", 30.0)
    refuse_unstable(MEESALA, weak)
    strong = replace(weak, attenuation_dB=0.0, laser_power_W=0.1)
    with pytest.raises(PhysicsError, match=r"alice: a pump of 0\.005 W .* allowed are 0 to 0\.000\d+ W"):
        refuse_unstable(MEESALA, strong)
    refuse_unstable(replace(MEESALA, piezo=None), strong)
    assert largest_stable_power_W(replace(MEESALA, piezo=None), weak.laser_frequency_Hz) == inf
    closed = replace(strong, envelope_V=np.zeros(100))
    refuse_unstable(MEESALA, closed)
