# SPDX-License-Identifier: Apache-2.0
"""The door of a process: which sockets ask for a key, and who answers libzmq's question about one.

libzmq asks for each new connection at ``inproc://zeromq.zap.01`` (RFC 27). Without an answer it lets nobody
in, because every socket enforces its domain; the thread answers no whatever goes wrong and goes on.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import zmq
from zmq.utils import z85

from heraldlink.errors import ConfigurationError
from heraldlink.messages.values import Role
from heraldlink.security.keys import own_pair
from heraldlink.security.places import is_every_interface, is_loopback
from heraldlink.security.roster import Roster, read_roster
from heraldlink.security.sender import LOCAL, Sender

DOMAIN = b"heraldlink"
ZAP = "inproc://zeromq.zap.01"
LOG_EVERY_S = 1.0
log = logging.getLogger(__name__)


Admit = Callable[[bytes, bytes], str | None]
"""Judge of a connection: from its mechanism and credential, the public key that is let in, or None."""


class Door:
    """Lets in whose key is in ``keys/authorized``; without ``keys``, anybody on this machine.

    ``plain``: anybody on the network too. Use as a context: it owns a thread. ``denied`` counts refused
    connections, ``failures`` those refused because something went wrong here; ``trouble`` says what.
    Raises ConfigurationError if the folder lacks the node's own pair or holds a broken file.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        node: str,
        keys: Path | None,
        *,
        plain: bool = False,
        admit: Admit | None = None,
    ) -> None:
        self.node, self._keys, self._plain, self._admit = node, keys, plain, admit or self._let_in
        self.denied = self.failures = 0
        self.trouble = ""
        self._pair = None if keys is None else own_pair(keys, node)
        self._roster: Roster = {} if keys is None else read_roster(keys)
        self._told = 0.0
        self._zap, self._end = context.socket(zmq.REP), context.socket(zmq.PAIR)
        self._bell = context.socket(zmq.PAIR)
        self._zap.bind(ZAP)
        bell = f"inproc://door-{id(self)}"
        self._end.bind(bell)
        self._bell.connect(bell)
        self._thread = threading.Thread(target=self._serve, name=f"{node} door", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread; nobody is let in any more. Idempotent."""
        if self._thread.is_alive():
            self._bell.send(b"")
            self._thread.join()
            self._bell.close()

    def guard(self, socket: "zmq.Socket[bytes]", endpoint: str) -> None:
        """Make a socket ask for keys, before it is bound. Raises ConfigurationError if it may not be."""
        if self._pair is not None:
            socket.setsockopt(zmq.CURVE_SERVER, 1)
            socket.setsockopt(zmq.CURVE_SECRETKEY, self._pair.secret.encode())
        elif not (self._plain or is_loopback(endpoint)):
            raise ConfigurationError(
                f"{endpoint} is not a loopback address: node {self.node} needs security.keys, "
                "or security.plain in so many words"
            )
        socket.setsockopt(
            zmq.ZAP_DOMAIN, DOMAIN
        )  # without keys too: ZMTP 1.0, as which HTTP passes, is refused
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        if is_every_interface(endpoint):
            log.warning("node %s listens on every interface of this machine (%s)", self.node, endpoint)

    def who(self, frame: zmq.Frame) -> Sender | None:
        """Who sent a frame; None if the key that its connection came with is no longer authorized."""
        if self._keys is None:
            return LOCAL
        try:
            public = frame.get("User-Id")
        except zmq.ZMQError:
            return None
        return self._roster.get(public) if isinstance(public, str) else None

    def roles(self) -> dict[str, Role] | None:
        """Role of each name that is let in; None where nobody is asked for a key."""
        if self._keys is None:
            return None
        return {sender.name: sender.role for sender in self._roster.values()}

    def reload(self) -> None:
        """Read the authorized keys again.

        If that fails, nobody new is let in until it succeeds; those who are in stay as they were.
        Raises ConfigurationError.
        """
        if self._keys is None:
            return
        try:
            self._roster = read_roster(self._keys)
            self.trouble = ""
        except ConfigurationError as error:
            self.trouble = "; ".join(error.sentences)
            log.error("node %s lets in nobody new: %s", self.node, self.trouble)
            raise

    def _let_in(self, mechanism: bytes, credential: bytes) -> str | None:
        """The public key of a connection that is let in ("" without keys), else None."""
        if self._keys is None:
            return "" if mechanism == b"NULL" else None
        if mechanism != b"CURVE" or self.trouble:
            return None
        public = z85.encode(credential).decode("ascii")
        return public if public in self._roster else None

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self._zap, zmq.POLLIN)
        poller.register(self._end, zmq.POLLIN)
        while True:
            try:
                ready = dict(poller.poll())
                if self._end in ready:
                    break
                self._answer(self._zap.recv_multipart())
            except zmq.ZMQError as error:
                if error.errno in (zmq.ETERM, zmq.ENOTSOCK):
                    break
                self.failures += 1
            except Exception:  # this thread never dies: without it nobody gets in
                self.failures += 1
                log.exception("node %s: a connection could not be judged", self.node)
        self._zap.close()
        self._end.close()

    def _answer(self, frames: list[bytes]) -> None:
        """Answer one question; first the answer, because an unanswered one would end all further ones."""
        public, trouble = self._judged(frames)
        if public is not None:
            code, words = b"200", b""
        elif trouble is not None:
            code, words = b"500", b"the node could not judge this key"
        else:
            code, words = b"400", b"this key is not authorized"
        request = frames[1] if len(frames) > 1 else b""
        self._zap.send_multipart([b"1.0", request, code, words, (public or "").encode(), b""])
        if trouble is not None:
            self.failures += 1
            log.error("node %s: a key could not be judged", self.node, exc_info=trouble)
        if public is None:
            self._deny(frames)

    def _judged(self, frames: list[bytes]) -> tuple[str | None, Exception | None]:
        try:
            return self._admit(frames[5], frames[6] if len(frames) > 6 else b""), None
        except Exception as error:  # whatever it is, nobody gets in by it
            return None, error

    def _deny(self, frames: list[bytes]) -> None:
        """Count, and log at most one a second."""
        self.denied += 1
        now = time.monotonic()
        if now - self._told >= LOG_EVERY_S:
            self._told = now
            place = frames[3].decode("ascii", "replace") if len(frames) > 3 else "?"
            log.warning("node %s refused a connection from %s (%d so far)", self.node, place, self.denied)
