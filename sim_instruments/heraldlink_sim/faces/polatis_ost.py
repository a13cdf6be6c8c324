# SPDX-License-Identifier: Apache-2.0
"""Face of a Polatis optical switch tray (I-OST), SCPI on TCP port 5025.

Ingress ports are 1..N, egress ports N+1..N+M. ``:OXC:SWIT:CONN:ADD (@1,2),(@25,26)`` adds paths, ``ONLY``
makes these and no others, ``SUB`` breaks some (an empty egress list: whatever they lead to),
``:OXC:SWIT:DISC:ALL`` all. ``CONN:PORT? 1`` answers the other end as a string, ``""`` for none;
``CONN:STAT?`` answers ``(@1,2),(@25,26)``; ``SIZE?`` answers ``24,24``. Forms of the answers: users' notes of
the Polatis SCPI guide in public drivers (hpn-bristol/devicecontrol-polatis; a serial-socket controller for an
I-OST-24x24, whose ``*IDN?`` is the model's here), port 5025 from the same. A tray has no power monitors.

[?], configurable or kept to the standard: ADD onto a used port takes it over; a path named twice, a port of
the wrong side or a disabled one are the standard's errors; mirrors turn for 20 ms (``settling_ms``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.polatis_ports import Mirrors, Path, PortList, written
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import Integer, Optional, ScpiDevice, ScpiError, Text, command, query
from heraldlink_sim.world.rack import SwitchState

FIRMWARE = "6.5.2.18"
SWITCHING_ms = 20.0
_SWITCH = "OXC:SWITch"
_ENABLED, _DISABLED = "E", "D"
_ADDRESS = ("192.168.1.1", "0.0.0.0", "255.255.255.0", "192.168.1.255")  # noqa: S104  what a network query says

Ports = tuple[int, ...]


class PolatisOST(ScpiDevice):
    """One switch tray; see the module's text."""

    error_capacity: ClassVar[int] = 30

    def __init__(
        self,
        serial: str = "SIM-0001",
        clock: Clock | None = None,
        *,
        inputs: int = 24,
        outputs: int = 24,
        settling_s: float = SWITCHING_ms * 1e-3,
    ) -> None:
        super().__init__(clock)
        self._serial = serial
        self._mirrors = Mirrors(inputs, outputs, settling_s)
        self._disabled: set[int] = set()
        self._address: dict[int, tuple[str, ...]] = {1: _ADDRESS, 2: _ADDRESS}

    # --- the world

    def state(self) -> SwitchState:
        """The paths that carry light now."""
        return SwitchState(self._mirrors.lit(self.clock.now_s()))

    # --- the standard's part

    def reset(self) -> None:
        """``*RST``: no path, all ports enabled."""
        super().reset()
        self._mirrors.part(list(self._mirrors.commanded))
        self._disabled.clear()

    def quiet_from_s(self) -> float:
        """When all mirrors will have arrived."""
        return self._mirrors.settled_s()

    @query("*IDN")
    def _identify_tray(self) -> str:
        size = f"{self._mirrors.inputs}x{self._mirrors.outputs}"
        return f"Polatis,I-OST-{size}-LU1-DMHNS,{self._serial},{FIRMWARE}"

    # --- paths

    @query(f"{_SWITCH}:SIZE")
    def _size(self) -> str:
        return f"{self._mirrors.inputs},{self._mirrors.outputs}"

    @command(f"{_SWITCH}:CONNect:ADD", PortList(), PortList())
    def _add(self, ingress: Ports, egress: Ports) -> None:
        self._mirrors.join(self._paths(ingress, egress), self.clock.now_s())

    @command(f"{_SWITCH}:CONNect:ONLY", PortList(), PortList())
    def _only(self, ingress: Ports, egress: Ports) -> None:
        paths = self._paths(ingress, egress)
        wanted = dict(paths)
        self._mirrors.part([a for a, b in self._mirrors.commanded.items() if wanted.get(a) != b])
        self._mirrors.join(paths, self.clock.now_s())

    @command(f"{_SWITCH}:CONNect:SUB", PortList(), PortList())
    def _subtract(self, ingress: Ports, egress: Ports) -> None:
        if not egress:
            self._on_side(ingress, self._inputs)
            self._mirrors.part(ingress)
            return
        paths = self._paths(ingress, egress, enabled=False)
        self._mirrors.part([a for a, b in paths if self._mirrors.commanded.get(a) == b])

    @command(f"{_SWITCH}:DISConnect:ALL")
    def _disconnect_all(self) -> None:
        self._mirrors.part(list(self._mirrors.commanded))

    @query(f"{_SWITCH}:CONNect:PORT", Integer(1, 99999))
    def _partner(self, port: int) -> str:
        self._on_side((port,), self._mirrors.ports)
        return f'"{self._mirrors.partner(port) or ""}"'

    @query(f"{_SWITCH}:CONNect:STATe")
    def _connections(self) -> str:
        paths = self._mirrors.commanded
        return f"{written(paths)},{written(paths.values())}"

    # --- ports

    @command(f"{_SWITCH}:PORT:DISable", PortList())
    def _disable(self, ports: Ports) -> None:
        self._on_side(ports, self._mirrors.ports)
        self._disabled.update(ports)
        paths = self._mirrors.commanded
        self._mirrors.part([a for a, b in paths.items() if a in ports or b in ports])

    @command(f"{_SWITCH}:PORT:ENABle", PortList())
    def _enable(self, ports: Ports) -> None:
        self._on_side(ports, self._mirrors.ports)
        self._disabled.difference_update(ports)

    @query(f"{_SWITCH}:PORT:STATe", Optional(PortList(), ()))
    def _port_states(self, ports: Ports) -> str:
        self._on_side(ports, self._mirrors.ports)
        states = (_DISABLED if port in self._disabled else _ENABLED for port in ports or self._mirrors.ports)
        return f"({','.join(states)})"

    # --- network

    @command(
        "SYSTem:COMMunicate:NETWork<1..2>:ADDRess",
        Text(bare=True, longest=15),
        *[Optional(Text(bare=True, longest=15), "") for _ in range(3)],
    )
    def _set_address(self, interface: int, *fields: str) -> None:
        kept = self._address[interface]
        self._address[interface] = tuple(new or old for new, old in zip(fields, kept, strict=True))

    @query("SYSTem:COMMunicate:NETWork<1..2>:ADDRess")
    def _network_address(self, interface: int) -> str:
        names = ("IP", "Gateway", "Mask", "Broadcast")
        fields = zip(names, self._address[interface], strict=True)
        return " ".join(f'{name}="{value}"' for name, value in fields)

    # --- checks

    @property
    def _inputs(self) -> range:
        return range(1, self._mirrors.inputs + 1)

    def _paths(self, ingress: Ports, egress: Ports, *, enabled: bool = True) -> list[Path]:
        """Check a whole command before anything moves; raises -220, -222 or -221."""
        if len(ingress) != len(egress) or len(set(ingress)) < len(ingress) or len(set(egress)) < len(egress):
            raise ScpiError(-220, "lists of ports")
        self._on_side(ingress, self._inputs)
        self._on_side(egress, range(self._mirrors.inputs + 1, self._mirrors.ports.stop))
        if enabled and (disabled := self._disabled.intersection((*ingress, *egress))):
            raise ScpiError(-221, f"port {min(disabled)} is disabled")
        return list(zip(ingress, egress, strict=True))

    def _on_side(self, ports: Ports, side: range) -> None:
        for port in ports:
            if port not in side:
                raise ScpiError(-222, f"port {port}")


class PolatisConfig(InstrumentConfig):
    """Size of the tray, and how long its mirrors turn."""

    inputs: Annotated[int, Field(ge=1, le=384)] = 24
    outputs: Annotated[int, Field(ge=1, le=384)] = 24
    settling_ms: Annotated[float, Field(ge=0, le=1000)] = SWITCHING_ms


def _make(place: Place, config: PolatisConfig) -> PolatisOST:
    settling_s = config.settling_ms * 1e-3
    return PolatisOST(
        place.serial, place.clock, inputs=config.inputs, outputs=config.outputs, settling_s=settling_s
    )


MODEL = Model("Polatis OST", "switch", _make, scpi_server("raw", b"\r\n"), config=PolatisConfig)
