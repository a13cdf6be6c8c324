# SPDX-License-Identifier: Apache-2.0
"""Recommended amplitude, offset, frequency and sample rate, noted beside waveforms and sequences.

They change nothing until ``AWGControl:ARSettings`` (apply recommended settings) is on and the asset is
assigned. What was never set is answered as 0 [?].
"""

from collections.abc import Callable

from heraldlink_sim.faces.tektronix_awg70000_assets import Hints
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME
from heraldlink_sim.faces.tektronix_awg70000_sequences import SequenceCommands
from heraldlink_sim.scpi import Number, command, nr3, query


def _note(
    prefix: str, mnemonic: str, kind: Number, attribute: str
) -> tuple[Callable[..., None], Callable[..., str]]:
    """Command and query of one hint of waveforms (WLISt:WAVeform) or sequences (SLISt:SEQuence)."""
    header = f"{prefix}:{mnemonic}"
    of_waveform = prefix.startswith("WLIS")

    def hints(device: "HintCommands", name: str) -> Hints:
        return device.waveform(name).hints if of_waveform else device.sequence(name).hints

    @command(header, NAME, kind)
    def write(device: "HintCommands", name: str, value: float) -> None:
        setattr(hints(device, name), attribute, value)

    @query(header, NAME)
    def read(device: "HintCommands", name: str) -> str:
        return nr3(getattr(hints(device, name), attribute) or 0)

    return write, read


_AMPLITUDE, _OFFSET = Number(0, 10, unit="V"), Number(-10, 10, unit="V")
_FREQUENCY, _RATE = Number(0, 50e9, unit="HZ"), Number(0, 50e9, unit="HZ")
_WAVEFORM, _SEQUENCE = "WLISt:WAVeform", "SLISt:SEQuence"


class HintCommands(SequenceCommands):
    """The notes."""

    _set_wave_amplitude, _wave_amplitude = _note(_WAVEFORM, "AMPLitude", _AMPLITUDE, "amplitude_Vpp")
    _set_wave_offset, _wave_offset = _note(_WAVEFORM, "OFFSet", _OFFSET, "offset_V")
    _set_wave_frequency, _wave_frequency = _note(_WAVEFORM, "FREQuency", _FREQUENCY, "frequency_Hz")
    _set_wave_rate, _wave_rate = _note(_WAVEFORM, "SRATe", _RATE, "sample_rate_Hz")
    _set_sequence_amplitude, _sequence_amplitude = _note(_SEQUENCE, "AMPLitude", _AMPLITUDE, "amplitude_Vpp")
    _set_sequence_offset, _sequence_offset = _note(_SEQUENCE, "OFFSet", _OFFSET, "offset_V")
    _set_sequence_frequency, _sequence_frequency = _note(_SEQUENCE, "FREQuency", _FREQUENCY, "frequency_Hz")
    _set_sequence_rate, _sequence_rate = _note(_SEQUENCE, "SRATe", _RATE, "sample_rate_Hz")
