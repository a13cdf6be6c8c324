# SPDX-License-Identifier: Apache-2.0
"""Roles that instruments play in a node: small protocols in SI units, beside the programs they take.

A driver *is* its role: ``SantecTSL570`` has the methods of ``PumpLaser`` beside its QCoDeS parameters.
Nothing here imports QCoDeS, so that code which only speaks of roles loads quickly. Reading methods never
change the instrument. All methods raise ``heraldlink_drivers.errors.DriverError``; values outside the
instrument's range raise ValueError before anything is sent.
"""

from heraldlink_drivers.programs import (
    MARKER_1,
    MARKER_2,
    Combiner,
    GeneratorProgram,
    Step,
    TaggerProgram,
    Tags,
    TriggerInput,
    Waveform,
)
from heraldlink_drivers.roles.device import Device, ReadsTogether
from heraldlink_drivers.roles.light import Attenuator, Interlocked, OpticalSwitch, PumpLaser
from heraldlink_drivers.roles.monitors import PowerMeter, Thermometer
from heraldlink_drivers.roles.photons import DetectorBias, TimeTagger
from heraldlink_drivers.roles.signals import MicrowaveSource, SlotTrigger, WaveformGenerator

__all__ = [
    "MARKER_1",
    "MARKER_2",
    "Attenuator",
    "Combiner",
    "DetectorBias",
    "Device",
    "GeneratorProgram",
    "Interlocked",
    "MicrowaveSource",
    "OpticalSwitch",
    "PowerMeter",
    "PumpLaser",
    "ReadsTogether",
    "SlotTrigger",
    "Step",
    "TaggerProgram",
    "Tags",
    "Thermometer",
    "TimeTagger",
    "TriggerInput",
    "Waveform",
    "WaveformGenerator",
]
