# SPDX-License-Identifier: Apache-2.0
"""Keysight N7761A optical attenuator: one channel with a shutter and a power monitor."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from heraldlink_drivers._keysight_n776x import KeysightN776x

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack


class KeysightN7761A(KeysightN776x):
    """Keysight N7761A: ``KeysightN7761A("voa", "TCPIP::192.168.1.30::5025::SOCKET", visalib="@py")``.

    ``slots``: the instrument's numbers of its channels [?]. Connecting sends ``*IDN?`` and
    ``:SYST:ERR?``, nothing else.
    """

    def __init__(
        self,
        name: str,
        address: str,
        slots: Sequence[int] = (1,),
        **kwargs: "Unpack[VisaInstrumentKWArgs]",
    ) -> None:
        super().__init__(name, address, slots, **kwargs)
