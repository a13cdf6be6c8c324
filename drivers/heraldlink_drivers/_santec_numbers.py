# SPDX-License-Identifier: Apache-2.0
"""Numbers of Santec's two command sets, and parameters that speak whichever is in force.

The SCPI set counts in m and Hz, Legacy in nm and THz, without a unit (vendor's
command reference, TSL series).
"""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from qcodes import validators as vals
from qcodes.instrument import InstrumentBase
from qcodes.parameters import Parameter

from heraldlink_drivers._readings import on_off

if TYPE_CHECKING:
    from typing import Any

_LARGEST_mdBm = 200_000


class SantecSession(Protocol):
    """A laser that knows which command set it speaks."""

    @property
    def speaks_scpi(self) -> bool:
        """Whether the SCPI set is in force."""
        ...

    def ask(self, cmd: str) -> str:
        """Ask."""
        ...

    def write(self, cmd: str) -> None:
        """Set."""
        ...

    def ask_block(self, query: str) -> bytes:
        """Ask for a block."""
        ...


def length(text: str, *, scpi: bool) -> float:
    """Length (m) of a reply."""
    return float(text) if scpi else float(f"{text.strip()}e-9")


def length_text(length_m: float, *, scpi: bool) -> str:
    """Length as it is sent; the laser rounds to 0.1 pm."""
    return f"{length_m:.13e}" if scpi else f"{length_m * 1e9:.4f}"


def frequency(text: str, *, scpi: bool) -> float:
    """Optical frequency (Hz) of a reply."""
    return float(text) if scpi else float(f"{text.strip()}e12")


def frequency_text(frequency_Hz: float, *, scpi: bool) -> str:
    """Optical frequency as it is sent; the laser rounds to 10 MHz."""
    return f"{frequency_Hz:.0f}" if scpi else f"{frequency_Hz * 1e-12:.5f}"


def wavelength_log(data: bytes, *, scpi: bool) -> NDArray[np.float64]:
    """Wavelengths (m) of a log: float64 in m, or in Legacy int32 in 0.1 pm; little endian."""
    return np.frombuffer(data, "<f8").astype(np.float64) if scpi else np.frombuffer(data, "<i4") * 1e-13


def power_log(data: bytes) -> NDArray[np.float64]:
    """Powers (dBm) of a log: float32 in dBm, from some firmwares int32 in 0.001 dBm.

    A float32 of a power, taken as an integer, is far beyond any power in 0.001 dBm: they cannot be mixed up.
    """
    whole = np.frombuffer(data, "<i4")
    if np.all(np.abs(whole.astype(np.int64)) <= _LARGEST_mdBm):
        return whole * 1e-3
    return np.frombuffer(data, "<f4").astype(np.float64)


def length_parameter(
    owner: InstrumentBase,
    session: SantecSession,
    name: str,
    label: str,
    cmd: str,
    limits: "vals.Validator[Any]",
) -> "Parameter[float, Any]":
    """Add a length (m)."""

    def send(length_m: float) -> None:
        session.write(f"{cmd} {length_text(length_m, scpi=session.speaks_scpi)}")

    return owner.add_parameter(
        name,
        label=label,
        unit="m",
        get_cmd=lambda: length(session.ask(f"{cmd}?"), scpi=session.speaks_scpi),
        set_cmd=send,
        vals=limits,
    )


def number_parameter(
    owner: InstrumentBase,
    session: SantecSession,
    name: str,
    label: str,
    cmd: str,
    limits: vals.Numbers,
    unit: str,
) -> "Parameter[float, Any]":
    """Add a number that both sets spell alike, with two digits."""

    def send(value: float) -> None:
        session.write(f"{cmd} {value:.2f}")

    return owner.add_parameter(
        name,
        label=label,
        unit=unit,
        get_cmd=lambda: float(session.ask(f"{cmd}?")),
        set_cmd=send,
        vals=limits,
    )


def whole_parameter(
    owner: InstrumentBase,
    session: SantecSession,
    name: str,
    label: str,
    cmd: str,
    low: int,
    high: int,
    unit: str = "",
) -> "Parameter[int, Any]":
    """Add a whole number."""

    def send(value: int) -> None:
        session.write(f"{cmd} {value}")

    return owner.add_parameter(
        name,
        label=label,
        unit=unit,
        get_cmd=lambda: int(session.ask(f"{cmd}?")),
        set_cmd=send,
        vals=vals.Ints(low, high),
    )


def switch_parameter(
    owner: InstrumentBase, session: SantecSession, name: str, label: str, cmd: str
) -> "Parameter[bool, Any]":
    """Add a switch."""

    def send(on: bool) -> None:
        session.write(f"{cmd} {int(on)}")

    return owner.add_parameter(
        name,
        label=label,
        get_cmd=lambda: on_off(session.ask(f"{cmd}?")),
        set_cmd=send,
        vals=vals.Bool(),
    )


def choice_parameter(
    owner: InstrumentBase, session: SantecSession, name: str, label: str, cmd: str, words: dict[str, int]
) -> "Parameter[str, Any]":
    """Add a choice of words, numbers on the wire."""
    names = {number: word for word, number in words.items()}

    def send(word: str) -> None:
        session.write(f"{cmd} {words[word]}")

    return owner.add_parameter(
        name,
        label=label,
        get_cmd=lambda: names[int(session.ask(f"{cmd}?"))],
        set_cmd=send,
        vals=vals.Enum(*words),
    )
