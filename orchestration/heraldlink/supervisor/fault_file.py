# SPDX-License-Identifier: Apache-2.0
"""A FAULT that only the supervisor knows of, on disk: it outlives the supervisor until somebody clears it.

The agent journals its own faults. This file is for those that came without one: an instrument that the raw
list could not make safe, too many ends of the agent, a stop while there was no agent.
"""

import os
from pathlib import Path

LONGEST = 2000


class FaultFile:
    """One node's file; it exists as long as the fault."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str:
        """Why the node is in FAULT, "" if it is not; a file that cannot be read is a fault."""
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").strip() or "unknown"
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"unknown: {self._path} cannot be read ({error.strerror})"

    def keep(self, reason: str) -> None:
        """Write it, on disk when this returns; "" removes it. Raises OSError."""
        if reason:
            part = self._path.with_suffix(".part")
            with part.open("w", encoding="utf-8") as file:
                file.write(reason[:LONGEST])
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
