# SPDX-License-Identifier: Apache-2.0
"""A transducer's optical side: pump power and detuning -> scattering rates, heat.

n_c = eta_in P/(hbar omega) kappa_ext/(Delta² + kappa²/4); a blue pump makes pairs at 4 g² n_c/kappa when its
lower sideband is resonant with the cavity, a red pump converts at that rate when its upper sideband is. With
the values of Meesala et al. (PRX 14, 031055, 2024) n_c comes out as 0.72, against 0.78 reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, pi

from heraldlink_physics.device import Heating, Transducer

PLANCK_J_s = 6.62607015e-34


def photon_energy_J(frequency_Hz: float) -> float:
    """Energy of one photon."""
    return PLANCK_J_s * frequency_Hz


def blue_pump_frequency_Hz(device: Transducer) -> float:
    """Pump frequency whose lower sideband is resonant: makes pairs."""
    return device.optical_frequency_Hz + device.microwave_frequency_Hz


def red_pump_frequency_Hz(device: Transducer) -> float:
    """Pump frequency whose upper sideband is resonant: converts microwaves to light."""
    return device.optical_frequency_Hz - device.microwave_frequency_Hz


def extraction(device: Transducer) -> float:
    """kappa_ext / kappa, 0..1."""
    return device.kappa_external_Hz / (device.kappa_external_Hz + device.kappa_internal_Hz)


def intracavity_photons(device: Transducer, frequency_Hz: float, power_W: float) -> float:
    """Mean number n_c of pump photons in the cavity for a pump power in the fibre."""
    kappa = 2 * pi * (device.kappa_external_Hz + device.kappa_internal_Hz)
    detuning = 2 * pi * _detuning_Hz(device, frequency_Hz)
    flux = device.chip_to_fibre * power_W / photon_energy_J(frequency_Hz)
    return flux * 2 * pi * device.kappa_external_Hz / (detuning**2 + kappa**2 / 4)


def _detuning_Hz(device: Transducer, frequency_Hz: float) -> float:
    """Distance of the pump from its mode: the only one, or the nearest of the resonator's."""
    away = frequency_Hz - device.optical_frequency_Hz
    distance = device.free_spectral_range_Hz
    return away - distance * round(away / distance) if distance > 0 else away


def pair_rate_Hz(device: Transducer, frequency_Hz: float, power_W: float) -> float:
    """Weak-pump pairs per second into the optical cavity, proportional to the power in the fibre."""
    return _scattering_rate_Hz(device, frequency_Hz, power_W, -device.microwave_frequency_Hz)


def conversion_rate_Hz(device: Transducer, frequency_Hz: float, power_W: float) -> float:
    """Weak-pump conversion rate of one microwave photon, proportional to the power in the fibre."""
    return _scattering_rate_Hz(device, frequency_Hz, power_W, device.microwave_frequency_Hz)


def _scattering_rate_Hz(device: Transducer, frequency_Hz: float, power_W: float, sideband_Hz: float) -> float:
    kappa_Hz = device.kappa_external_Hz + device.kappa_internal_Hz
    miss = 2 * (frequency_Hz + sideband_Hz - device.optical_frequency_Hz) / kappa_Hz
    rate = 4 * 2 * pi * device.coupling_Hz**2 / kappa_Hz
    return rate * intracavity_photons(device, frequency_Hz, power_W) / (1 + miss**2)


def thermal_photons(
    heating: Heating,
    pulse_energy_J: float,
    period_s: float,
    average_power_W: float,
    others: Iterable[tuple[float, float]] = (),
) -> float:
    """n_th before a pulse, one period after the last equal one, in a bath that decays exponentially.

    ``others``: energy (J) of any other pulse of the attempt, and how long before (s). The average power is
    that of all of them. Form: W. Jiang et al., Nat. Phys. 19, 1423 (2023).
    """
    pulses = [(pulse_energy_J, period_s), *others]
    heat = [
        _power(E, heating.pulse_reference_J, heating.pulse_exponent) * exp(-t / heating.decay_s)
        for E, t in pulses
    ]
    average = _power(average_power_W, heating.average_reference_W, heating.average_exponent)
    return heating.n_0 + heating.pulse_photons * sum(heat) + heating.average_photons * average


def _power(value: float, reference: float, exponent: float) -> float:
    return (value / reference) ** exponent if value > 0 else 0.0
