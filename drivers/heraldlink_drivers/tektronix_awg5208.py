# SPDX-License-Identifier: Apache-2.0
"""Tektronix AWG5208 as a sequencing generator of eight channels: QCoDeS' driver with upload and read-back."""

from collections.abc import Mapping
from typing import ClassVar

from qcodes.instrument_drivers.tektronix import TektronixAWG5208

from heraldlink_drivers._awg70000_generator import HeraldTektronixGenerator


class HeraldTektronixAWG5208(HeraldTektronixGenerator, TektronixAWG5208):
    """AWG5208: ``HeraldTektronixAWG5208("awg", "TCPIP::192.168.1.51::hislip0::INSTR", visalib="@py")``.

    As :class:`~heraldlink_drivers.tektronix_awg70002a.HeraldTektronixAWG70002A`, for programs of one to eight
    channels. Connecting sends ``*IDN?`` and ``SYST:ERR?`` and nothing else. DAC resolution 14 leaves two
    markers. Without option DC the DC high bandwidth path ends at 0.75 V, which the instrument then refuses.
    """

    default_timeout = 10
    marker_resolution_bits = 14
    sample_rates_Hz = (1.49e3, 2.5e9)
    path_amplitudes_Vpp: ClassVar[Mapping[str, tuple[float, float]]] = {
        "DCHB": (0.025, 1.5),
        "DCHV": (0.01, 5.0),
        "ACD": (0.09, 0.35),  # -17 to -5 dBm
        "ACAM": (36e-6, 2.0),  # -85 to 10 dBm
    }
