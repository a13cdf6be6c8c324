# SPDX-License-Identifier: Apache-2.0
"""What device files' hardware does by itself, against numbers written out here."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import physics_bench as bench
import pytest

from heraldlink_physics.device_file import device_set
from heraldlink_physics.device_numbers import device_numbers, kept_fidelity
from heraldlink_physics.errors import PhysicsError


def numbers(name: str, **options: float) -> dict[str, dict[str, float | None]]:
    return device_numbers(device_set(bench.mapping(name)), **options)


def test_sahus_file_adds_the_noise_that_its_publication_reports() -> None:
    alice = numbers("sahu_2023", pump_power_W=0.1435)["alice"]
    assert alice["added_noise"] == pytest.approx(0.16, abs=0.01)
    assert alice["C"] == pytest.approx(0.2, abs=0.001)
    eta = 15 / 26 * 0.4
    assert alice["conversion"] == pytest.approx(eta * 4 * 0.2 / 1.2**2, rel=1e-3)
    assert alice["blue_photons_per_s_Hz"] == pytest.approx(
        15 / 26 * 0.8 / 0.8**2 * (1 + 0.6 * 0.11), rel=2e-2
    )
    assert 0.3 < alice["squeezing_dB"] < 3
    assert (
        alice["squeezing_dB"] < numbers("sahu_2023", pump_power_W=0.1435, bath=0.0)["alice"]["squeezing_dB"]
    )


def test_meesalas_transducer_at_its_published_pump() -> None:
    """n_c and C_em as the publication's rates give them."""
    alice = numbers("meesala_2024", pump_power_W=83e-9, bath=1.0)["alice"]
    c_em = 4 * 1.2**2 / (1.75 * 0.15)
    assert alice["intracavity_photons"] == pytest.approx(0.72, abs=0.005)
    assert alice["C_em"] == pytest.approx(c_em, rel=1e-12)
    c_om = 4 * 270e3**2 * alice["intracavity_photons"] / (1.3e9 * 150e3)
    assert alice["C_om"] == pytest.approx(c_om, rel=1e-12)
    eta = 0.5 * 1.2 / 1.75
    assert alice["conversion"] == pytest.approx(eta * 4 * c_om * c_em / (1 + c_om + c_em) ** 2, rel=1e-12)
    assert alice["blue_gain"] > alice["conversion"]
    assert alice["bandwidth_Hz"] == pytest.approx(150e3 * (1 + c_om + c_em), rel=1e-12)
    assert alice["added_noise"] == pytest.approx(1.75 / 1.2 / c_em, rel=1e-12)
    assert alice["phonon_emission"] == pytest.approx(0.59, abs=0.02)


@pytest.mark.parametrize(
    ("name", "kind"), [("sahu_2023", "blue_photons_per_s_Hz"), ("meesala_2024", "blue_gain")]
)
def test_beyond_its_limit_a_blue_pump_has_no_steady_numbers(name: str, kind: str) -> None:
    limit_W = numbers(name)["alice"]["blue_limit_W"]
    assert numbers(name, pump_power_W=limit_W * 0.999)["alice"][kind] > 1
    above = numbers(name, pump_power_W=limit_W * 1.001)["alice"]
    assert above[kind] is None
    assert above["conversion"] > 0


def test_readouts_are_as_good_as_published() -> None:
    assert numbers("qphox_2024")["alice"]["readout_fidelity"] == pytest.approx(0.81, abs=0.005)
    assert "conversion" not in numbers("qphox_2024")["alice"]
    blind = device_set(bench.mapping("improved"))
    readout = replace(blind.arms[0].readout, photons_e=0.0)
    blind = replace(blind, arms=(replace(blind.arms[0], readout=readout), blind.arms[1]))
    assert device_numbers(blind)["alice"]["readout_fidelity"] is None


def test_a_pair_that_is_kept_decays_with_both_qubits() -> None:
    """phi+ = (gg + ee)/sqrt(2): F = (1 + <ZZ> + 2 <coherence>)/4 of two qubits that relax to g."""
    qubit = replace(bench.devices("improved").arms[0].qubit, t1_s=1e-3, t2_s=4e-4, thermal_population=0.0)
    left = exp(-0.1)
    zz = (1 + (1 - 2 * left) ** 2) / 2
    assert kept_fidelity(qubit, qubit, 1e-4) == pytest.approx((1 + zz + 2 * exp(-0.5)) / 4, rel=1e-12)
    assert numbers("reference", wait_s=0.0)["memory"]["F_kept"] == pytest.approx(1, abs=1e-12)
    assert numbers("reference", wait_s=1.0)["memory"]["F_kept"] < 0.5


def test_links_of_emitters_and_of_microwaves() -> None:
    humphreys = numbers("humphreys_2018", bright=0.1)["link"]
    assert humphreys["heralds_per_s"] == pytest.approx(12.9, abs=0.05)
    assert humphreys["F"] == pytest.approx(0.845, abs=0.0005)
    dark = replace(device_set(bench.mapping("humphreys_2018")).midpoint, dark_probability=0.0)
    silent = device_numbers(replace(device_set(bench.mapping("humphreys_2018")), midpoint=dark), bright=0.0)
    assert silent["link"]["F"] is None
    storz = numbers("storz_2023")["link"]
    assert storz["transfers_per_s"] == pytest.approx(12_500)
    assert storz["F_average"] == pytest.approx((2 * storz["F_process"] + 1) / 3, rel=1e-12)
    assert 0.5 < storz["F_bell_pair"] < storz["absorption"] <= 1


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("humphreys_2018", {}, "bright-state population, alpha, is needed"),
        ("humphreys_2018", {"bright": 1.5}, "bright = 1.5 is impossible: allowed are 0 to 1"),
        ("sahu_2023", {"pump_power_W": -1.0}, "pump_power_W = -1 is impossible"),
        ("sahu_2023", {"bath": -1.0}, "bath = -1 is impossible"),
        ("improved", {"wait_s": -1.0}, "wait_s = -1 is impossible"),
    ],
)
def test_impossible_wishes_are_refused(name: str, options: dict[str, float], words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        numbers(name, **options)
