# SPDX-License-Identifier: Apache-2.0
"""Operating points of the two kinds of node as settings, in the order in which they are safe to apply."""

from collections.abc import Callable, Iterator
from functools import partial

from heraldlink.agent.roles import EndInstruments, MidpointInstruments
from heraldlink.agent.settings import Setting, Value
from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.config.operating_point import ArmAttenuation, DetectorPoint, LaserPoint, TaggerPoint
from heraldlink_drivers.roles import Attenuator, DetectorBias, PumpLaser, TimeTagger

REFERENCE = "reference external"
"""The setting of an instrument whose clock follows the 10 MHz of the bench."""


def detector_settings(device: str, role: DetectorBias, point: DetectorPoint) -> Iterator[Setting]:
    """Bias first, then the enable, so that nothing is stepped under bias."""
    bias, level = point.bias_A, point.trigger_level_V
    yield Setting(
        device, "bias_A", bias, role.bias_A, partial(role.set_bias_A, bias), relative=1e-3, absolute=5e-9
    )
    yield Setting(
        device,
        "trigger_level_V",
        level,
        role.trigger_level_V,
        partial(role.set_trigger_level_V, level),
        relative=1e-3,
        absolute=1e-4,
    )
    yield Setting(device, "bias enable", True, role.enabled, partial(role.set_enabled, True))


def tagger_settings(device: str, role: TimeTagger, point: TaggerPoint) -> Iterator[Setting]:
    """What ``configure`` has set, and that it lost none of the time stamps since."""
    yield Setting(
        device,
        "thresholds_V",
        ordered(point.threshold_V),
        lambda: ordered(role.thresholds_V()),
        absolute=1e-3,
    )
    yield Setting(device, "lost time stamps", 0, role.lost_tags)


def laser_settings(device: str, role: PumpLaser, point: LaserPoint) -> Iterator[Setting]:
    """Wavelength and power before emission, shutter last."""
    yield Setting(
        device,
        "wavelength_m",
        point.wavelength_m,
        role.wavelength_m,
        partial(role.set_wavelength_m, point.wavelength_m),
        relative=0.0,
        absolute=2e-13,
    )
    yield Setting(
        device,
        "power_W",
        point.power_W,
        role.power_W,
        partial(role.set_power_W, point.power_W),
        relative=2.5e-3,
    )
    yield Setting(device, "emission", True, role.emission, partial(role.set_emission, True))
    yield Setting(device, "shutter open", True, role.shutter_open, partial(role.set_shutter_open, True))


def attenuator_settings(device: str, role: Attenuator, arms: dict[str, ArmAttenuation]) -> Iterator[Setting]:
    """Attenuations of all channels before any of them is opened."""
    channels = [
        pair
        for arm in arms.values()
        for pair in (
            (arm.pump_channel, arm.pump_attenuation_dB),
            (arm.readout_channel, arm.readout_attenuation_dB),
        )
    ]
    for channel, attenuation_dB in channels:
        yield Setting(
            device,
            f"channel {channel} attenuation_dB",
            attenuation_dB,
            partial(role.attenuation_dB, channel),
            partial(role.set_attenuation_dB, channel, attenuation_dB),
            relative=0.0,
            absolute=2e-3,
        )
    for channel, _ in channels:
        yield Setting(
            device,
            f"channel {channel} open",
            True,
            partial(role.is_open, channel),
            partial(role.set_open, channel, True),
        )


def midpoint_settings(config: MidpointConfig, roles: MidpointInstruments) -> list[Setting]:
    """Detectors, lasers, and the attenuators last."""
    names, point = config.roles, config.operating_point
    gate = (float(point.gate.begin_ps), float(point.gate.end_ps))
    return [
        *detector_settings(names.detectors, roles.detectors, point.detectors),
        Setting(names.tagger, "herald gate_ps", gate, roles.tagger.gate_ps, absolute=0.5),
        *tagger_settings(names.tagger, roles.tagger, point.tagger),
        *laser_settings(names.pump, roles.pump, point.pump),
        *laser_settings(names.readout_pump, roles.readout_pump, point.readout_pump),
        *attenuator_settings(names.attenuator, roles.attenuator, dict(point.attenuator)),
    ]


def ordered(values: dict[str, float]) -> tuple[float, ...]:
    """Values in the order of their names."""
    return tuple(values[name] for name in sorted(values))


def end_settings(config: EndNodeConfig, roles: EndInstruments) -> list[Setting]:
    """Detectors, references, slot trigger, and the microwave tone last."""
    names, point = config.roles, config.operating_point
    generator, trigger, tone = point.generator, point.slot_trigger, point.microwave
    return [
        *detector_settings(names.detectors, roles.detectors, point.detectors),
        *tagger_settings(names.tagger, roles.tagger, point.tagger),
        *plain(
            names.generator,
            (REFERENCE, generator.reference_external, roles.generator.reference_external,
             roles.generator.set_reference_external),
        ),
        *plain(
            names.slot_trigger,
            ("delay_s", trigger.delay_s, roles.slot_trigger.delay_s, roles.slot_trigger.set_delay_s),
            ("amplitude_V", trigger.amplitude_V, roles.slot_trigger.amplitude_V,
             roles.slot_trigger.set_amplitude_V),
        ),
        *plain(
            names.microwave,
            ("frequency_Hz", tone.frequency_Hz, roles.microwave.frequency_Hz,
             roles.microwave.set_frequency_Hz),
            ("power_dBm", tone.power_dBm, roles.microwave.power_dBm, roles.microwave.set_power_dBm),
            (REFERENCE, tone.reference_external, roles.microwave.reference_external,
             roles.microwave.set_reference_external),
            ("output", True, roles.microwave.output, roles.microwave.set_output),
        ),
    ]  # fmt: skip


def plain(
    device: str, *rows: tuple[str, Value, Callable[[], Value], Callable[..., None]]
) -> Iterator[Setting]:
    """Settings that are written and read as they are."""
    for name, wanted, read, write in rows:
        yield Setting(device, name, wanted, read, partial(write, wanted), absolute=1e-12)


def program_settings(config: EndNodeConfig, roles: EndInstruments) -> list[Setting]:
    """What loading a program sets on the generator."""
    device, point = config.roles.generator, config.operating_point.generator
    return [
        Setting(device, "amplitude_Vpp", point.amplitude_Vpp, roles.generator.amplitudes_Vpp, relative=1e-4),
        Setting(
            device,
            "sample_rate_Hz",
            config.sequence.sample_rate_Hz,
            roles.generator.sample_rate_Hz,
            relative=1e-9,
        ),
    ]
