# SPDX-License-Identifier: Apache-2.0
"""Whether a pump lets a transducer oscillate by itself, as far as its device file tells the microwave side.

A blue pump scatters at 4 g² n_c/kappa; over the loss of the mode that it amplifies (mechanics, or microwaves)
this is its cooperativity. Limits: `piezo.largest_blue_cooperativity`, and 1 for an electro-optic transducer.
"""

from __future__ import annotations

from math import inf, pi

from heraldlink_physics.carving import pump_pulse
from heraldlink_physics.device import ArmDevice
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.piezo import largest_blue_cooperativity
from heraldlink_physics.settings import ArmSettings
from heraldlink_physics.transducer import pair_rate_Hz


def largest_stable_power_W(device: ArmDevice, laser_frequency_Hz: float) -> float:
    """Steady pump power in the fibre from which the transducer oscillates; inf if its device file tells no.

    A pulse beyond it only amplifies while it lasts, but the pairs of a weak pump are long wrong there.
    """
    per_W = pair_rate_Hz(device.transducer, laser_frequency_Hz, 1.0) / (2 * pi)
    if per_W == 0:
        return inf
    if device.piezo is not None:
        return largest_blue_cooperativity(device.piezo) * device.piezo.mechanical_loss_Hz / per_W
    return device.electro_optic.microwave_kappa_Hz / per_W if device.electro_optic else inf


def refuse_unstable(device: ArmDevice, settings: ArmSettings) -> None:
    """Raise `PhysicsError` with the allowed range where the pulse's peak is no stable pump power."""
    pulse = pump_pulse(device, settings)
    peak_W = float(pulse.power_W.max(initial=0.0)) + pulse.leak_W
    limit_W = largest_stable_power_W(device, settings.laser_frequency_Hz)
    if peak_W >= limit_W:
        raise PhysicsError(
            f"{device.name}: a pump of {peak_W:.3g} W in the fibre is impossible: its gain exceeds the loss "
            f"and the transducer oscillates by itself; allowed are 0 to {limit_W:.3g} W"
        )
