# SPDX-License-Identifier: Apache-2.0
"""A lease as its owner holds it: taken, renewed by a thread of its own, given back.

::

    with network["alice"].lease(note="tune-up of the carver") as lease:
        network["alice"].prepare()

The owner stops by itself when the node has not confirmed the lease for 0.8 of its ttl: its own monotonic
clock says so, whatever became of the network. The node ends it at the ttl and goes to its safe state.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from heraldlink.connection import Connection, failure
from heraldlink.errors import HeraldlinkError, Leased, LeaseLost, NodeLost
from heraldlink.messages.header import Body
from heraldlink.messages.lease import AcquireLease, LeaseStatus, ReleaseLease, RenewLease

STOP_AT = 0.8
RENEWALS = 3
"""In each ttl."""
RETRY_S = 0.2

log = logging.getLogger(__name__)


class HeldLease:
    """The lease of one node. Made by `Node.lease`; entering takes it, leaving gives it back.

    ``connect`` opens a connection, ``park`` brings the node to its safe state: that is done when the block is
    left by an exception.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        park: Callable[[], object],
        wish: AcquireLease,
        wait_s: float = 0.0,
    ) -> None:
        self._connect, self._park, self._wish, self._wait_s = connect, park, wish, wait_s
        self._connection: Connection | None = None
        self._epoch = 0
        self._confirmed = 0.0
        self._lost = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self.notice = ""

    @property
    def epoch(self) -> int:
        """Number of the lease, to act under. Raises LeaseLost if it may have ended."""
        silent_s = time.monotonic() - self._confirmed
        if not self._lost and silent_s > STOP_AT * self._wish.ttl_s:
            self._lost = f"the node has not confirmed it for {silent_s:.1f} s: take it anew"
        if self._lost:
            raise LeaseLost(f"lease {self._epoch} ({self._wish.note}) is lost: {self._lost}")
        return self._epoch

    def take(self) -> "HeldLease":
        """Take it, waiting up to ``wait_s`` for it to be free. Raises Leased, naming who holds it."""
        self._connection = self._connect()
        end = time.monotonic() + self._wait_s
        while True:
            asked = time.monotonic()
            try:
                self._confirm(self._ask(self._wish), asked)
            except Leased:
                if time.monotonic() + RETRY_S > end:
                    self._connection.close()
                    raise
                time.sleep(RETRY_S)
            else:
                self._thread.start()
                return self

    def release(self) -> None:
        """Give it back; the node stays as it is."""
        self._over.set()
        self._thread.join()
        if not self._lost:
            with suppress(HeraldlinkError):
                self._ask(ReleaseLease())
        self._lost = self._lost or "it was released: take it anew"
        if self._connection:
            self._connection.close()

    def __enter__(self) -> "HeldLease":
        return self.take()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and not self._lost:
                with suppress(HeraldlinkError):
                    self._park()
        finally:
            self.release()

    def _ask(self, body: Body) -> LeaseStatus:
        assert self._connection is not None  # noqa: S101  (take() has connected)
        match self._connection.ask(body, self._epoch).body:
            case LeaseStatus() as status:
                return status
            case other:
                raise failure(other)

    def _confirm(self, status: LeaseStatus, asked: float) -> None:
        self._epoch, self._confirmed = status.epoch, asked
        if status.taken_over_by and not self.notice:
            self.notice = f"{status.taken_over_by} takes the lease of node {status.node} over"
            log.warning("%s in %.1f s", self.notice, status.taken_over_in_s)

    def _keep(self) -> None:
        """Renew it until it is over or lost; a node that does not answer is asked again."""
        while not self._over.wait(self._wish.ttl_s / RENEWALS):
            asked = time.monotonic()
            try:
                self._confirm(self._ask(RenewLease()), asked)
            except NodeLost as error:
                log.warning("lease %d is not confirmed: %s", self._epoch, error)
            except HeraldlinkError as error:
                self._lost = str(error)
                return
