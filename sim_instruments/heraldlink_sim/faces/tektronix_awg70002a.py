# SPDX-License-Identifier: Apache-2.0
"""Face of the Tektronix AWG70002A and AWG70002B: two channels at 25 GS/s with sequencer (option 03).

Served over HiSLIP, and on a raw socket where a block may end a message (see the quirk). Commands after the
AWG70000 programmer manual and QCoDeS' driver.

What the wire decides and the world sees: the sequence (or the waveforms) assigned to the channels, repeats,
waits, event jumps and gotos, amplitudes, output relays, sample rate, clock source, and the DAC resolution: at
10 bits, where the instrument wakes up, no marker comes out; 9 bits leave marker 1, 8 bits both.
"""

from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg70000_checks import CheckCommands
from heraldlink_sim.faces.tektronix_awg70000_outputs import AnalogOptions70000
from heraldlink_sim.faces.tektronix_awg70000_waveforms import LONGEST
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import query

BLOCK_ENDS_MESSAGE = Quirk(
    "tektronix-block-ends-message",
    "On the raw socket a definite block that ends its segment ends the message, without a line feed.",
    "QCoDeS' _sendBinaryFile and AWG5014.send_awg_file write MMEM:DATA without terminator, and work.",
)


class TektronixAWG70002A(AnalogOptions70000, CheckCommands):
    """One instrument; see the module's text."""

    model_name: ClassVar[str] = "AWG70002A"
    options: ClassVar[str] = "01,03,225"
    quirks: ClassVar[tuple[Quirk, ...]] = (BLOCK_ENDS_MESSAGE,)

    def __init__(self, serial: str = "SIM-0001", clock: Clock | None = None) -> None:
        super().__init__(LONGEST, clock)
        self._identity = f"TEKTRONIX,{self.model_name},{serial},FV:5.3.0128.0"

    @query("*IDN")
    def _identify_serial(self) -> str:
        return self._identity


class TektronixAWG70002B(TektronixAWG70002A):
    """The B series keeps the commands."""

    model_name = "AWG70002B"


def _make(place: Place, config: InstrumentConfig) -> TektronixAWG70002A:
    return TektronixAWG70002A(place.serial, place.clock)


def _make_b(place: Place, config: InstrumentConfig) -> TektronixAWG70002B:
    return TektronixAWG70002B(place.serial, place.clock)


MODEL = Model("Tektronix AWG70002A", "generator", _make, scpi_server(block_ends_message=True))
MODEL_B = Model("Tektronix AWG70002B", "generator", _make_b, scpi_server(block_ends_message=True))
