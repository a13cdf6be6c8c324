# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the simulated laboratory, ordered by whose fault it is.

::

    SimulationError
    ├── BenchError          the bench file asks for something that cannot be built
    ├── FaultError          a fault that makes no sense for an instrument
    ├── TranscriptError     a transcript cannot be read, or does not fit what it is asked for
    ├── ConnectionFailed    an instrument, or a bench's control channel, does not answer
    └── TransportError      a client broke the wire protocol

A wrong command is not in this tree: the instrument keeps it in its own error queue (see
:class:`heraldlink_sim.scpi.errors.ScpiError`), as the real one does.
"""


class SimulationError(Exception):
    """Anything that the simulated laboratory reports to the person who runs it."""


class BenchError(SimulationError):
    """The bench description is wrong; the message names the file and the key."""


class TransportError(SimulationError):
    """A client sent bytes that the wire protocol does not allow."""


class FaultError(SimulationError):
    """A fault that makes no sense, for this instrument or at all; the message says why."""


class TranscriptError(SimulationError, ValueError):
    """A transcript cannot be read or replayed; the message names the file and the line."""


class ConnectionFailed(SimulationError):
    """Nothing answers at an address; the message names it."""
