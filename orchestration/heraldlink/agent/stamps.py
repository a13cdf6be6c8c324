# SPDX-License-Identifier: Apache-2.0
"""Under which lease epoch the instruments' worker is given an order."""

from heraldlink.messages.header import Body
from heraldlink.messages.worker import (
    ArmSlot,
    AwaitSlot,
    CollectSlot,
    Count,
    Load,
    PlaySlot,
    ReadSlot,
    Unload,
)


class Stamps:
    """Epochs of the requests that were asked here and are not loaded yet, and of those that are loaded.

    All calls of a request carry the epoch under which it was loaded, so that those that were still on their
    way when control was lost are recognised in the worker. ``floor``: what is below it is void.
    """

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self._asked: dict[int, int] = {}
        self._requests: dict[int, int] = {}

    def raise_floor(self, floor: int) -> None:
        """Void everything below."""
        self.floor = max(self.floor, floor)

    def admit(self, request: int, lease: int) -> None:
        """A request was asked under this lease; 0: under none."""
        if lease:
            self._asked[request] = lease

    def ended(self, request: int) -> None:
        """A request has ended or was refused; if it was loaded, its Unload is still to come."""
        self._asked.pop(request, None)

    def loaded(self, request: int, now: int) -> int:
        """A request is loaded, under the epoch it was asked under, or that of ``now`` if not asked here."""
        return self._requests.setdefault(request, self._asked.pop(request, now))

    @property
    def kept(self) -> int:
        """Requests of which an epoch is kept."""
        return len(self._asked) + len(self._requests)

    def of(self, body: Body, epoch: int) -> int:
        """Epoch of an order, where ``epoch`` is that of the last lease given."""
        now = max(self.floor, epoch)
        match body:
            case Load(request=request):
                return self.loaded(request, now)
            case Unload(request=request):
                return self._requests.pop(request, now)
            case ArmSlot() | AwaitSlot() | CollectSlot() | Count() | PlaySlot() | ReadSlot():
                return self._requests.get(body.request, 0)
            case _:
                return now
