# SPDX-License-Identifier: Apache-2.0
"""What clients may read of a node's instruments: a closed list by role, never a name looked up on an object.

Channels, detectors and inputs count as the instrument's front panel does. Reading changes nothing there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from heraldlink.agent.blame import blaming
from heraldlink.errors import RequestError
from heraldlink.messages.worker import Value
from heraldlink_drivers.roles import (
    Attenuator,
    DetectorBias,
    Device,
    MicrowaveSource,
    OpticalSwitch,
    PowerMeter,
    PumpLaser,
    SlotTrigger,
    Thermometer,
    TimeTagger,
    WaveformGenerator,
)

Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Readable:
    """A parameter: its unit, and how it is read."""

    unit: str
    read: Callable[[], Scalar]


Table = dict[str, Readable]


def of_laser(laser: PumpLaser) -> Table:
    """A pump laser's."""
    return {
        "wavelength": Readable("m", laser.wavelength_m),
        "power": Readable("W", laser.power_W),
        "emission": Readable("", laser.emission),
        "shutter_open": Readable("", laser.shutter_open),
    }


def of_attenuator(attenuator: Attenuator) -> Table:
    """An attenuator's, by channel."""
    table: Table = {}
    for channel in range(1, attenuator.channel_count + 1):
        table |= {
            f"ch{channel}_attenuation": Readable("dB", partial(attenuator.attenuation_dB, channel)),
            f"ch{channel}_open": Readable("", partial(attenuator.is_open, channel)),
            f"ch{channel}_monitor": Readable("W", partial(attenuator.monitor_W, channel)),
        }
    return table


def of_switch(switch: OpticalSwitch) -> Table:
    """An optical switch's: where each input goes, 0 for nowhere."""

    def target(source: int) -> int:
        return switch.connections().get(source, 0)

    return {f"port{port}_to": Readable("", partial(target, port)) for port in range(1, switch.port_count + 1)}


def of_power_meter(meter: PowerMeter) -> Table:
    """A power meter's."""
    return {"power": Readable("W", meter.measured_W), "wavelength": Readable("m", meter.wavelength_m)}


def of_thermometer(thermometer: Thermometer) -> Table:
    """A thermometer's, by channel."""
    table: Table = {}
    for channel in thermometer.channels:
        table |= {
            f"ch{channel}_temperature": Readable("K", partial(thermometer.temperature_K, channel)),
            f"ch{channel}_age": Readable("s", partial(thermometer.age_s, channel)),
        }
    return table


def of_tagger(tagger: TimeTagger) -> Table:
    """A time controller's: thresholds and counts by input."""

    def threshold(name: str) -> float:
        return tagger.thresholds_V()[name]

    def count(name: str) -> int:
        return tagger.counts()[name]

    table: Table = {
        "reference_external": Readable("", tagger.reference_external),
        "tick_count": Readable("", tagger.tick_count),
        "gate_begin": Readable("ps", lambda: tagger.gate_ps()[0]),
        "gate_end": Readable("ps", lambda: tagger.gate_ps()[1]),
    }
    for name in tagger.thresholds_V():
        table[f"{name}_threshold"] = Readable("V", partial(threshold, name))
    for name in tagger.counts():
        table[f"{name}_count"] = Readable("", partial(count, name))
    return table


def of_detectors(detectors: DetectorBias) -> Table:
    """Detectors', by channel."""

    def item(read: Callable[[], tuple[float, ...]], place: int) -> float:
        return read()[place]

    table: Table = {"enabled": Readable("", detectors.enabled)}
    for place in range(detectors.detector_count):
        name = f"detector{place + 1}"
        table |= {
            f"{name}_bias": Readable("A", partial(item, detectors.bias_A, place)),
            f"{name}_trigger_level": Readable("V", partial(item, detectors.trigger_level_V, place)),
            f"{name}_count_rate": Readable("Hz", partial(item, detectors.count_rates_Hz, place)),
        }
    return table


def of_generator(generator: WaveformGenerator) -> Table:
    """A waveform generator's, by channel."""

    def amplitude(place: int) -> float:
        return generator.amplitudes_Vpp()[place]

    table: Table = {
        "armed": Readable("", generator.armed),
        "reference_external": Readable("", generator.reference_external),
        "sample_rate": Readable("Hz", generator.sample_rate_Hz),
    }
    for place in range(len(generator.amplitudes_Vpp())):
        table[f"ch{place + 1}_amplitude"] = Readable("Vpp", partial(amplitude, place))
    return table


def of_slot_trigger(trigger: SlotTrigger) -> Table:
    """A slot trigger's."""
    return {
        "delay": Readable("s", trigger.delay_s),
        "amplitude": Readable("V", trigger.amplitude_V),
        "armed": Readable("", trigger.armed),
    }


def of_microwave(source: MicrowaveSource) -> Table:
    """A microwave source's."""
    return {
        "frequency": Readable("Hz", source.frequency_Hz),
        "power": Readable("dBm", source.power_dBm),
        "phase": Readable("rad", source.phase_rad),
        "output": Readable("", source.output),
        "reference_external": Readable("", source.reference_external),
    }


def of_roles(device: Device) -> Table:
    """Everything a device has to be read, in whatever roles it serves."""
    table: Table = {"identity": Readable("", device.identity)}
    if isinstance(device, PumpLaser):
        table |= of_laser(device)
    if isinstance(device, Attenuator):
        table |= of_attenuator(device)
    if isinstance(device, OpticalSwitch):
        table |= of_switch(device)
    if isinstance(device, PowerMeter):
        table |= of_power_meter(device)
    if isinstance(device, Thermometer):
        table |= of_thermometer(device)
    if isinstance(device, TimeTagger):
        table |= of_tagger(device)
    if isinstance(device, DetectorBias):
        table |= of_detectors(device)
    if isinstance(device, WaveformGenerator):
        table |= of_generator(device)
    if isinstance(device, SlotTrigger):
        table |= of_slot_trigger(device)
    if isinstance(device, MicrowaveSource):
        table |= of_microwave(device)
    return table


class Readables:
    """The parameters of a node's instruments; each instrument's list is made when it is first asked for."""

    def __init__(self, station: Mapping[str, Device]) -> None:
        self._station = station
        self._tables: dict[str, Table] = {}

    def read(self, device: str, parameter: str) -> Value:
        """One parameter. Raises RequestError, with what there is, for a name that is not in the list."""
        if device not in self._station:
            raise RequestError(f"there is no instrument {device!r}; there are {', '.join(self._station)}")
        with blaming(device):
            table = self._table(device)
            if found := table.get(parameter):
                return Value(found.read(), found.unit)
        raise RequestError(f"{device!r} has no readable {parameter!r}; it has {', '.join(table)}")

    def _table(self, device: str) -> Table:
        if device not in self._tables:
            self._tables[device] = of_roles(self._station[device])
        return self._tables[device]
