# SPDX-License-Identifier: Apache-2.0
"""Every shipped device file loads, and says what its publication says."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace
from math import log10, pi
from pathlib import Path
from typing import Any

import physics_bench as bench
import pytest

from heraldlink_physics.chain import arm, link
from heraldlink_physics.clock import Clock
from heraldlink_physics.device import (
    ArmDevice,
    Carver,
    Devices,
    Heating,
    MidpointDevice,
    Qubit,
    Readout,
    Transducer,
)
from heraldlink_physics.device_file import device_set, from_mapping
from heraldlink_physics.electro_optic import ElectroOpticPort
from heraldlink_physics.emitter_link import EmitterArm, EmitterLink, EmitterMidpoint
from heraldlink_physics.errors import DeviceError
from heraldlink_physics.fibre import Fibre, FreeSpace
from heraldlink_physics.piezo import PiezoPort, emission
from heraldlink_physics.snspd import Snspd
from heraldlink_physics.transducer import (
    PLANCK_J_s,
    blue_pump_frequency_Hz,
    intracavity_photons,
    pair_rate_Hz,
    thermal_photons,
)

FILES = sorted(path.stem for path in bench.FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", FILES)
def test_every_device_file_loads_and_names_its_source(name: str) -> None:
    found = device_set(bench.mapping(name))
    assert found.name
    assert len(found.source) > 10
    text = (bench.FOLDER / f"{name}.yaml").read_text()
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n")


def test_the_published_sets_are_there() -> None:
    kinds = {name: type(device_set(bench.mapping(name))) for name in FILES}
    for name in ("meesala_2024", "jiang_2023", "sahu_2023", "zhao_2024", "qphox_2024", "improved"):
        assert kinds[name] is Devices
    assert kinds["humphreys_2018"] is EmitterLink


def test_published_figures_are_met() -> None:
    meesala = bench.devices("meesala_2024").arms[0]
    assert emission(meesala.piezo) == pytest.approx(meesala.qubit.loading_efficiency, abs=0.02)
    heating = bench.devices("jiang_2023").arms[0].heating
    assert thermal_photons(heating, heating.pulse_reference_J, 2e-6, heating.average_reference_W) < 2


def test_a_pump_in_a_mode_of_its_own_is_resonant() -> None:
    """n_c = 4 P eta kappa_ext/(hbar omega kappa²) and pairs from it, written out here."""
    device = bench.devices("sahu_2023").arms[0].transducer
    pump_Hz = blue_pump_frequency_Hz(device)
    kappa = 2 * pi * (device.kappa_external_Hz + device.kappa_internal_Hz)
    flux = 1e-3 * device.chip_to_fibre / (PLANCK_J_s * pump_Hz)
    expected = 4 * flux * 2 * pi * device.kappa_external_Hz / kappa**2
    assert intracavity_photons(device, pump_Hz, 1e-3) == pytest.approx(expected, rel=1e-9)
    rate = 4 * (2 * pi * device.coupling_Hz) ** 2 * expected / kappa
    assert pair_rate_Hz(device, pump_Hz, 1e-3) == pytest.approx(rate, rel=1e-9)
    single = replace(device, free_spectral_range_Hz=0.0)
    assert intracavity_photons(single, pump_Hz, 1e-3) < 1e-5 * expected


@pytest.mark.parametrize("name", ["jiang_2023", "sahu_2023", "zhao_2024", "qphox_2024"])
def test_a_link_of_two_published_transducers_heralds_at_a_weak_pump(name: str) -> None:
    """At a hundredth of a pair per pulse; what the link's model then gives is no claim of the publication."""
    found = bench.devices(name)
    settings = replace(
        bench.arm_settings("improved", 0.0),
        laser_frequency_Hz=blue_pump_frequency_Hz(found.arms[0].transducer),
        laser_power_W=1.0,
    )
    strong = arm(found.arms[0], settings).arm.n_bar
    settings = replace(settings, attenuation_dB=10 * log10(strong / 0.01), attempt_period_ps=10**8)
    model = link(*found.arms, found.midpoint, settings, settings, bench.midpoint_settings())
    assert model.arms[0].n_bar == pytest.approx(0.01)
    assert 1e-6 < model.model.probability < 1e-2
    assert 0 < model.model.fidelity_measured < 1


def test_long_fibre_and_telescopes_cost_photons_and_time() -> None:
    plain = bench.devices("improved").arms[0]
    fibre, air = Fibre(10_000, 0.2), FreeSpace(2_000, 1550e-9, 0.03, 0.05)
    far = replace(plain, fibre=fibre, free_space=air)
    settings = bench.arm_settings("improved", 30.0)
    near_arm, far_arm = arm(plain, settings), arm(far, settings)
    assert far_arm.arm.efficiency / near_arm.arm.efficiency == pytest.approx(10**-0.2 * air.transmission)
    delay_ps = (10_000 * 1.468 + 2_000) / 299_792_458 * 1e12
    assert far_arm.profile.begin_ps - near_arm.profile.begin_ps == pytest.approx(delay_ps, abs=2)


def changed(name: str, path: str, value: object) -> dict[str, Any]:
    top: dict[str, Any] = json.loads(json.dumps(bench.mapping(name)))
    *way, last = path.split("/")
    section: Any = top
    for key in way:
        section = section[key]
    section[last] = value
    return top


PORT = {"microwave_external_Hz": 1.0, "microwave_internal_Hz": 1.0}


@pytest.mark.parametrize(
    ("name", "path", "value", "words"),
    [
        ("meesala_2024", "kind", "radio-link", ("kind", "transducer-link, emitter-link", "radio-link")),
        ("meesala_2024", "arms/bob/piezo/mechanical_loss_Hz", 0, ("arms.bob.piezo", "loss_Hz = 0")),
        ("sahu_2023", "arms/bob/electro_optic/kappa", 1, ("arms.bob.electro_optic.kappa", "unknown key")),
        ("meesala_2024", "arms/bob/electro_optic", PORT,
         ("arms.bob", "exclude each other")),
        ("meesala_2024", "arms/bob/fibre", {"length_m": -1}, ("arms.bob.fibre", "length_m = -1")),
        ("meesala_2024", "midpoint/clock", {"drift": "slow"}, ("midpoint.clock.drift", "number")),
        ("humphreys_2018", "arms/bob/efficiency", 2, ("arms.bob", "efficiency = 2", "0 to 1")),
        ("humphreys_2018", "attempt_rate_Hz", -1, ("attempt_rate_Hz = -1",)),
        ("humphreys_2018", "arms/bob/name", "x", ("arms.bob.name", "unknown")),
    ],
)  # fmt: skip
def test_mistakes_are_named_by_key(name: str, path: str, value: object, words: tuple[str, ...]) -> None:
    with pytest.raises(DeviceError) as caught:
        device_set(changed(name, path, value))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_emitter_link_is_no_transducer_link() -> None:
    with pytest.raises(DeviceError, match="transducer-link is needed here, and Humphreys 2018 is none"):
        from_mapping(bench.mapping("humphreys_2018"))


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "device-files.md"
SECTIONS = (
    ArmDevice, Carver, Transducer, Heating, Qubit, Readout, Snspd, MidpointDevice, Fibre, FreeSpace, Clock,
    PiezoPort, ElectroOpticPort, EmitterLink, EmitterArm, EmitterMidpoint,
)  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_the_reference_names_every_key(section: type) -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [item.name for item in fields(section) if f"`{item.name}" not in page and item.name != "name"]
    assert not missing
    optional = [item.name for item in fields(section) if item.default is not MISSING]
    assert all(f"*`{name}`*" in page for name in optional)


@pytest.mark.parametrize("name", FILES)
def test_the_reference_names_every_file(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
