# SPDX-License-Identifier: Apache-2.0
"""Errors of the orchestration package, ordered by whose fault they are.

::

    HeraldlinkError
    ├── ConfigurationError     the author of a file or of an option
    │   └── LimitExceeded      ... a setting beyond a limit that the file declares: nothing was sent
    ├── RequestError           the caller: a request that cannot be asked like this
    │   ├── Unsupported        ... the fidelity or time asked for is beyond the declared devices
    │   ├── AccessDenied       ... the node does not know the caller's key, or is not the node meant
    │   ├── Forbidden          ... the caller's role may not ask this
    │   ├── ForkError          ... a client is used in a child of the process that made it
    │   ├── Leased             ... somebody else holds the node's lease
    │   └── LeaseLost          ... the lease it was asked under has ended
    ├── DataError              a stored file that is truncated, foreign or changed
    ├── ProtocolError          the peer: a message that breaks the rules of its channel
    │   ├── TooLarge           ... by its size
    │   ├── BadArray           ... by an array that is not what its message says
    │   └── WrongVersion       ... by its version
    ├── NodeLost               a node process or the path to it
    ├── InstrumentLost         an instrument or the path to it
    │   └── ProcessLost        ... the process that holds it
    ├── JournalError           the node's own storage
    │   └── InUse              ... another process of the same node is running
    ├── Indeterminate          a command of which nobody knows whether it was done
    └── RunFailed              the run itself: the request ended without what was asked
"""

from typing import Literal

WireCode = Literal["AUTH", "BAD_ARRAY", "BAD_REQUEST", "LIMIT", "TOO_LARGE", "VERSION"]
"""What an answer to a message that breaks the rules says."""


class HeraldlinkError(Exception):
    """Base of every error this package raises on purpose; its text is one clear sentence."""


class ConfigurationError(HeraldlinkError):
    """A configuration file or option is wrong; ``sentences`` holds one sentence for each mistake."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class LimitExceeded(ConfigurationError):
    """A setting was asked for that a declared limit forbids; nothing was sent. Names the limit."""


class RequestError(HeraldlinkError):
    """A request is malformed or comes at the wrong moment."""


class Unsupported(RequestError):
    """A well-formed request asks for more than the declared devices can give; says what could be had."""


class AccessDenied(RequestError):
    """The two ends of a connection do not accept each other's keys; names node, key and remedy."""


class Forbidden(RequestError):
    """The caller's role may not ask this; names the role it takes."""


class ForkError(RequestError):
    """A client was made before a fork and is used in the child: sockets and threads do not come along."""


class Leased(RequestError):
    """Somebody else holds the node's lease; names the owner, the note and how long it lasts."""


class LeaseLost(RequestError):
    """The lease under which something was asked has ended; nothing was done."""


class DataError(HeraldlinkError):
    """A stored file cannot be read as what it claims to be; names the file."""


class ProtocolError(HeraldlinkError):
    """A message broke the rules of its channel; names the peer and the field. ``code`` goes in the answer."""

    code: WireCode = "BAD_REQUEST"


class TooLarge(ProtocolError):
    """A message, or one of its parts, exceeds its channel's size."""

    code: WireCode = "TOO_LARGE"


class BadArray(ProtocolError):
    """A message has arrays that it should not have, or that are not as long as it says; names which."""

    code: WireCode = "BAD_ARRAY"


class WrongVersion(ProtocolError):
    """A message has a version that this side does not speak; says which side is older."""

    code: WireCode = "VERSION"


class NodeLost(HeraldlinkError):
    """A node does not answer; names the node, its address and the remedy."""


class InstrumentLost(HeraldlinkError):
    """An instrument does not answer; names the node, the instrument and the remedy."""


class ProcessLost(InstrumentLost):
    """An instrument's own process hung or ended; the instrument is as it was left."""


class JournalError(HeraldlinkError):
    """A node's journal cannot be trusted or written; names the file and the remedy."""


class InUse(JournalError):
    """Another process of the same node runs already; names the file that says so and its process."""


class RunFailed(HeraldlinkError):
    """A run ended without what was asked; names the node, the device and the reason."""


class Indeterminate(HeraldlinkError):
    """A node ended while it did a command; ``found`` is what its instruments say now, by setting."""

    def __init__(self, sentence: str, found: dict[str, str]) -> None:
        super().__init__(sentence)
        self.found = found
