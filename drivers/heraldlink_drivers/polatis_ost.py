# SPDX-License-Identifier: Apache-2.0
"""Polatis optical switch tray.

Commands as users quote them from the Polatis SCPI guide (hpn-bristol/devicecontrol-polatis and a controller
for an I-OST-24x24 on TCP port 5025). Ports count from 1, the inputs (ingress) first.
"""

import re
from typing import TYPE_CHECKING, Self

from qcodes.parameters import Parameter

from heraldlink_drivers._safety import take_all
from heraldlink_drivers._visa_session import VisaSession
from heraldlink_drivers.errors import DriverError

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

_LISTS = re.compile(r"\(@([\d, ]*)\)\s*,\s*\(@([\d, ]*)\)")
_SIZE = re.compile(r"\s*\+?(\d+)\s*,\s*\+?(\d+)\s*")


class PolatisOST(VisaSession):
    """Polatis switch: ``PolatisOST("switch", "TCPIP::192.168.1.40::5025::SOCKET", visalib="@py")``.

    Connecting sends ``*IDN?``, ``:OXC:SWIT:SIZE?`` and ``SYST:ERR?``, nothing else.
    """

    default_terminator = "\r\n"

    def __init__(self, name: str, address: str, **kwargs: "Unpack[VisaInstrumentKWArgs]") -> None:
        super().__init__(name, address, **kwargs)
        self._inputs, self._outputs = self._size(self.ask(":OXC:SWIT:SIZE?"))
        self.paths: Parameter[dict[int, int], Self] = self.add_parameter(
            "paths", label="Connections", get_cmd=":OXC:SWIT:CONN:STAT?", get_parser=self._paths
        )
        """Output port by input port."""
        self.port_states: Parameter[str, Self] = self.add_parameter(
            "port_states", label="State of each port", get_cmd=":OXC:SWIT:PORT:STAT?", get_parser=str.strip
        )
        """One letter per port: E enabled, D disabled, F failed."""
        self.connect_message()

    @property
    def input_ports(self) -> range:
        """Numbers of the inputs (ingress)."""
        return range(1, self._inputs + 1)

    @property
    def output_ports(self) -> range:
        """Numbers of the outputs (egress)."""
        return range(self._inputs + 1, self.port_count + 1)

    # the role of an optical switch

    @property
    def port_count(self) -> int:
        """Number of ports; they count from 1, inputs first."""
        return self._inputs + self._outputs

    def connections(self) -> dict[int, int]:
        """Output port by input port, of all that are connected."""
        return self.paths.get()

    def connect(self, source: int, target: int) -> None:
        """Join an input to an output and return when light passes; both leave what they were joined to.

        Raises ValueError, before anything is sent, for a port that is not on its side, and DriverError if the
        path does not read back.
        """
        self._check_port("input", source, self.input_ports)
        self._check_port("output", target, self.output_ports)
        with self.lock:
            with self.batch(f"connect {source} to {target}"):
                for ingress, egress in self.connections().items():
                    if (ingress == source) != (egress == target):
                        self.write(f":OXC:SWIT:CONN:SUB (@{ingress}),(@{egress})")
                self.write(f":OXC:SWIT:CONN:ADD (@{source}),(@{target})")
            self.ask("*OPC?")
            if (found := self.connections().get(source)) != target:
                raise DriverError(
                    f"{self.name}: port {source} leads to {found or 'nothing'}, not to {target}"
                )

    def disconnect(self, source: int) -> None:
        """Leave an input in the dark. Raises ValueError if it is no input port, DriverError if it stays."""
        self._check_port("input", source, self.input_ports)
        with self.lock:
            if (target := self.connections().get(source)) is not None:
                self.write(f":OXC:SWIT:CONN:SUB (@{source}),(@{target})")
            self._check_dark([source])

    def safe_state(self) -> None:
        """Disconnect everything; raises DriverError if a path reads back."""
        with self.lock:
            take_all(
                lambda: self.write(":OXC:SWIT:DISC:ALL"), lambda: self._check_dark(list(self.input_ports))
            )

    def _check_dark(self, sources: list[int]) -> None:
        left = {source: to for source, to in self.connections().items() if source in sources}
        if left:
            paths = ", ".join(f"{source} to {target}" for source, target in left.items())
            raise DriverError(f"{self.name}: still connected after being disconnected: {paths}")

    def _check_port(self, side: str, port: int, ports: range) -> None:
        if isinstance(port, bool) or port not in ports:
            raise ValueError(f"{self.name}: {port} is no {side} port, only {ports[0]}..{ports[-1]}")

    def _size(self, reply: str) -> tuple[int, int]:
        if (match := _SIZE.fullmatch(reply)) is None:
            raise DriverError(f"{self.name}: no size of a switch in {reply!r}")
        return int(match[1]), int(match[2])

    def _paths(self, reply: str) -> dict[int, int]:
        match = _LISTS.search(reply)
        if match is None:
            raise DriverError(f"{self.name}: no connections in {reply!r}")
        ingress, egress = (
            [int(port) for port in ports.split(",") if port.strip()] for ports in match.groups()
        )
        return dict(zip(ingress, egress, strict=True))
