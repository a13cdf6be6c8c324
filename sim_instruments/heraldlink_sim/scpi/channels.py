# SPDX-License-Identifier: Apache-2.0
"""Channel lists, ``(@1,3:5)`` (SCPI-1999 volume 1, 8.3.2)."""

import re

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.lexer import Argument

_BLANKS = r"[\x00-\x20]*"
_LIST = re.compile(rf"\({_BLANKS}@(.*)\)", re.DOTALL)
_ITEM = re.compile(rf"{_BLANKS}(\d{{1,9}}){_BLANKS}(?::{_BLANKS}(\d{{1,9}}){_BLANKS})?")


class ChannelList:
    """Channels between ``lowest`` and ``highest``, in the order in which they are named; ``(@)`` is empty."""

    def __init__(self, lowest: int, highest: int) -> None:
        self._lowest, self._highest = lowest, highest

    def parse(self, argument: Argument) -> tuple[int, ...]:
        """The channels; raises -104, -171 where it cannot be read, -222 for one that is not there."""
        if argument.kind != "expression":
            raise ScpiError(-104, argument.text[:40])
        match = _LIST.fullmatch(argument.text)
        if match is None:
            raise ScpiError(-171, argument.text[:40])
        items = match[1].split(",") if match[1].strip() else []
        return tuple(channel for item in items for channel in self._range(item))

    def _range(self, item: str) -> range:
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ScpiError(-171, item[:40])
        first, last = int(match[1]), int(match[2] or match[1])
        if not (self._lowest <= first <= self._highest and self._lowest <= last <= self._highest):
            raise ScpiError(-222, item[:40])
        step = 1 if first <= last else -1
        return range(first, last + step, step)
