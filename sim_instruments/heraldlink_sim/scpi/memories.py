# SPDX-License-Identifier: Apache-2.0
"""Settings kept in numbered places: ``*SAV`` and ``*RCL`` (IEEE 488.2, 10.33 and 10.29)."""

from typing import ClassVar

from heraldlink_sim.scpi.declare import command
from heraldlink_sim.scpi.device import ScpiDevice
from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.values import Integer


class Memories(ScpiDevice):
    """Base of instruments with ``memories`` places; what an empty one recalls are the values of ``*RST``.

    They outlast ``*RST`` and a power cycle. Override :meth:`kept` and :meth:`recall` for state that is not a
    :class:`~heraldlink_sim.scpi.Setting`.
    """

    memories: ClassVar[int] = 10
    first_memory: ClassVar[int] = 0

    def kept(self) -> dict[tuple[object, ...], object]:
        """What is saved: by default the values of all settings."""
        return dict(self.values)

    def recall(self, kept: dict[tuple[object, ...], object]) -> None:
        """Take back what was saved; settings that announce changes announce these."""
        self.reset()
        self.values.update(kept)

    @command("*SAV", Integer(0, 65535))
    def _save(self, place: int) -> None:
        self._check_memory(place)
        self._places()[place] = self.kept()

    @command("*RCL", Integer(0, 65535))
    def _recall(self, place: int) -> None:
        self._check_memory(place)
        self.recall(self._places().get(place, {}))

    def _check_memory(self, place: int) -> None:
        if not self.first_memory <= place < self.first_memory + self.memories:
            raise ScpiError(-222, str(place))

    def _places(self) -> dict[int, dict[tuple[object, ...], object]]:
        found: dict[int, dict[tuple[object, ...], object]] = vars(self).setdefault("_memory", {})
        return found
