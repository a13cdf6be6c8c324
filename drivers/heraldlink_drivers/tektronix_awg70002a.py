# SPDX-License-Identifier: Apache-2.0
"""Tektronix AWG70002A and AWG70002B as sequencing generators: QCoDeS' driver, with upload and read-back."""

from collections.abc import Mapping
from typing import ClassVar

from qcodes.instrument_drivers.tektronix import TektronixAWG70002A

from heraldlink_drivers._awg70000_generator import HeraldTektronixGenerator


class HeraldTektronixAWG70002A(HeraldTektronixGenerator, TektronixAWG70002A):
    """AWG70002A: ``HeraldTektronixAWG70002A("awg", "TCPIP::192.168.1.50::hislip0::INSTR", visalib="@py")``.

    Everything of QCoDeS' ``TektronixAWG70002A`` works, with its errors raised; it takes an AWG70002B too.
    Connecting sends ``*IDN?`` and ``SYST:ERR?`` and nothing else: unlike the parent it leaves the current
    directory. ``limits()`` says what the instrument can play; programs beyond it are refused before anything
    is set. Prefer HiSLIP; on a raw socket the blocks of this driver are ended by a line feed.
    """

    marker_resolution_bits = 8
    sample_rates_Hz = (1.49e3, 25e9)
    path_amplitudes_Vpp: ClassVar[Mapping[str, tuple[float, float]]] = {
        "DIR": (0.25, 0.5),
        "DCA": (0.031, 1.2),
        "AC": (0.011, 5.0),  # -35 to 18 dBm
    }
