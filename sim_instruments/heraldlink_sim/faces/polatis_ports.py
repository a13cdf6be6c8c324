# SPDX-License-Identifier: Apache-2.0
"""Port lists on a Polatis switch's wire, and the mirrors behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from heraldlink_sim.scpi import ScpiError
from heraldlink_sim.scpi.lexer import Argument

_ITEM = re.compile(r"\s*(\d{1,5})\s*(?::\s*(\d{1,5})\s*)?")
_MOST_PORTS = 1024

Path = tuple[int, int]


class PortList:
    """A channel list, ``(@1,2,5:7)``; ``(@)`` is empty (SCPI-1999 volume 1, 8.3.2)."""

    def parse(self, argument: Argument) -> tuple[int, ...]:
        """The ports in the order they are named; raises -104, -171 or -223."""
        text = argument.text.strip()
        if not text.startswith("("):
            raise ScpiError(-104, text[:40])
        if not text.startswith("(@"):
            raise ScpiError(-171, text[:40])
        items = text[2:-1].split(",") if text[2:-1].strip() else []
        return tuple(port for item in items for port in _ports(item))


def written(ports: Iterable[int]) -> str:
    """The answer's form of a list of ports."""
    return f"(@{','.join(str(port) for port in ports)})"


def _ports(item: str) -> Sequence[int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ScpiError(-171, item[:40])
    first, last = int(match[1]), int(match[2] or match[1])
    step = 1 if first <= last else -1
    if abs(last - first) >= _MOST_PORTS:
        raise ScpiError(-223, item[:40])
    return range(first, last + step, step)


class Mirrors:
    """Beam steering between ``inputs`` ingress ports (1..) and ``outputs`` egress ports (behind them).

    A path is dark while its two mirrors turn, ``settling_s``; what was commanded is known at once.
    """

    def __init__(self, inputs: int, outputs: int, settling_s: float) -> None:
        self.inputs, self.outputs, self.settling_s = inputs, outputs, settling_s
        self._target: dict[int, int] = {}
        self._since_s: dict[int, float] = {}

    @property
    def ports(self) -> range:
        """All ports."""
        return range(1, self.inputs + self.outputs + 1)

    @property
    def commanded(self) -> Mapping[int, int]:
        """Egress port by ingress port, whether its mirrors have arrived or not; sorted."""
        return dict(sorted(self._target.items()))

    def lit(self, now_s: float) -> dict[int, int]:
        """The paths that carry light now."""
        return {a: b for a, b in self.commanded.items() if now_s >= self._since_s[a] + self.settling_s}

    def settled_s(self) -> float:
        """When the last mirror arrives."""
        return max((since_s + self.settling_s for since_s in self._since_s.values()), default=0.0)

    def partner(self, port: int) -> int | None:
        """The port at the other end; None where there is none."""
        back = {egress: ingress for ingress, egress in self._target.items()}
        return self._target.get(port, back.get(port))

    def join(self, paths: Sequence[Path], now_s: float) -> None:
        """Make paths, and break those that hold one of their ports; a path that stands is not touched."""
        for ingress, egress in paths:
            if self._target.get(ingress) == egress:
                continue
            self.part([port for port in (ingress, self.partner(egress)) if port is not None])
            self._target[ingress] = egress
            self._since_s[ingress] = now_s

    def part(self, ingress: Iterable[int]) -> None:
        """Break the paths that begin at these ingress ports."""
        for port in list(ingress):
            self._target.pop(port, None)
            self._since_s.pop(port, None)
