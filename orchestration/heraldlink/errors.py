# SPDX-License-Identifier: Apache-2.0
"""Errors of the orchestration package, ordered by whose fault they are.

::

    HeraldlinkError
    ├── ConfigurationError     the author of a file or of an option
    ├── RequestError           the caller: a request that cannot be asked like this
    │   ├── Unsupported        ... the fidelity or time asked for is beyond the declared devices
    │   ├── Forbidden          ... the caller's role may not ask this
    │   ├── Leased             ... somebody else holds the node's lease
    │   └── LeaseLost          ... the lease it was asked under has ended
    ├── DataError              a stored file that is truncated, foreign or changed
    ├── ProtocolError          the peer: a message that breaks the rules of its channel
    ├── NodeLost               a node process or the path to it
    ├── InstrumentLost         an instrument or the path to it
    ├── JournalError           the node's own storage
    ├── Indeterminate          a command of which nobody knows whether it was done
    └── RunFailed              the run itself: the request ended without what was asked
"""


class HeraldlinkError(Exception):
    """Base of every error this package raises on purpose; its text is one clear sentence."""


class ConfigurationError(HeraldlinkError):
    """A configuration file or option is wrong; ``sentences`` holds one sentence for each mistake."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class RequestError(HeraldlinkError):
    """A request is malformed or comes at the wrong moment."""


class Unsupported(RequestError):
    """A well-formed request asks for more than the declared devices can give; says what could be had."""


class Forbidden(RequestError):
    """The caller's role may not ask this; names the role it takes."""


class Leased(RequestError):
    """Somebody else holds the node's lease; names the owner, the note and how long it lasts."""


class LeaseLost(RequestError):
    """The lease under which something was asked has ended; nothing was done."""


class DataError(HeraldlinkError):
    """A stored file cannot be read as what it claims to be; names the file."""


class ProtocolError(HeraldlinkError):
    """A message broke the rules of its channel; names the peer and the field."""


class NodeLost(HeraldlinkError):
    """A node does not answer; names the node, its address and the remedy."""


class InstrumentLost(HeraldlinkError):
    """An instrument does not answer; names the node, the instrument and the remedy."""


class JournalError(HeraldlinkError):
    """A node's journal cannot be trusted or written; names the file and the remedy."""


class RunFailed(HeraldlinkError):
    """A run ended without what was asked; names the node, the device and the reason."""


class Indeterminate(HeraldlinkError):
    """A node ended while it did a command; ``found`` is what its instruments say now, by setting."""

    def __init__(self, sentence: str, found: dict[str, str]) -> None:
        super().__init__(sentence)
        self.found = found
