# SPDX-License-Identifier: Apache-2.0
"""What all instruments of a node have in common."""

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable


class Device(Protocol):
    """What every instrument can say of itself."""

    def identity(self) -> str:
        """Maker, model, serial number and firmware, comma separated; a simulated serial begins ``SIM-``."""
        ...

    def errors(self) -> list[str]:
        """Errors that the instrument still holds, oldest first; reading them clears them."""
        ...

    def safe_state(self) -> None:
        """Bring the instrument into the state in which it can be left alone."""
        ...


@runtime_checkable
class ReadsTogether(Protocol):
    """An instrument that answers many questions at once."""

    def reading_together(self, what: str) -> AbstractContextManager[None]:
        """What is read inside is asked in one exchange, as soon as it is known from the times before.

        ``what`` tells stretches apart in which other things are read.
        """
        ...
