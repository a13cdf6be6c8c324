# SPDX-License-Identifier: Apache-2.0
"""A client whose every call is written into the history: invoke, then ok, fail or info (not known)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import heraldlink
from fault_lab.history import History, Told
from heraldlink.client import Network, Request
from heraldlink.errors import HeraldlinkError, NodeLost
from heraldlink.messages.values import Prediction
from heraldlink.pairs import Pair, Result

T = TypeVar("T")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Ending:
    """How a request ended for its client: a Result's state, or REFUSED or LOST with the sentence it got."""

    state: str
    sentence: str
    pairs: tuple[Pair, ...]
    result: Result | None = None


class Client:
    """``network`` is the client itself, for what is not here; calls through ``call`` are in the history."""

    def __init__(self, name: str, addresses: dict[str, str], history: History) -> None:
        self.name, self._history = f"{name}-{next(_numbers)}", history
        self.network: Network = heraldlink.connect(addresses)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.network.close()

    def call(self, what: str, function: Callable[[], T]) -> T:
        """Call something and log it. Raises what the client raises."""
        self._history.note(self.name, "invoke", what)
        try:
            found = function()
        except HeraldlinkError as error:
            self.failed(what, error)
            raise
        self._history.note(self.name, "ok", what)
        return found

    def failed(self, what: str, error: HeraldlinkError) -> None:
        """Log a failure: whether it was done is not known if the node was lost."""
        self._history.note(self.name, "info" if isinstance(error, NodeLost) else "fail", what, str(error))

    def prepare(self) -> None:
        """Prepare every node that is not."""
        for node in self.network:
            if not node.status().prepared:
                self.call(f"prepare {node.name}", node.prepare)

    def start(
        self, number: int = 10**6, *, node: str = "alice", remote: str = "bob", **options: object
    ) -> "Asked":
        """Ask for pairs and return once it is taken; by default more than are ever made."""
        given: dict[str, object] = {"seed": 1, "max_time": 1e6, **options}
        create = self.network[node].create
        request = self.call("create", lambda: create(remote=remote, number=number, **given))
        return Asked(self, request, self._history, first=node == "alice")

    def measure(self, number: int = 20, **options: object) -> Ending:
        """Ask for pairs and wait for the end."""
        try:
            return self.start(number, **options).end()
        except HeraldlinkError as error:
            return Ending("LOST" if isinstance(error, NodeLost) else "REFUSED", str(error), ())


class Asked:
    """A request under way; ``first``: of the link's first end."""

    def __init__(self, client: Client, request: Request, history: History, *, first: bool = True) -> None:
        self.request, self._client, self._history, self._first = request, client, history, first
        self.id = request.request_id
        self.prediction: Prediction = request.prediction
        self.pairs: list[Pair] = []
        self._items = request.follow()
        history.requests.add(self.id)

    def slots(self, number: int) -> None:
        """Follow it over this many slots."""
        seen = 0
        while seen < number and (item := next(self._items, None)) is not None:
            seen += not self._keep(item)

    def end(self) -> Ending:
        """Follow it to its end."""
        try:
            for item in self._items:
                self._keep(item)
            result = self.request.result
        except HeraldlinkError as error:
            self._client.failed(f"request {self.id}", error)
            return Ending("LOST" if isinstance(error, NodeLost) else "REFUSED", str(error), tuple(self.pairs))
        place = ", ".join(part for part in (result.node, result.device) if part)
        sentence = f"{place}: {result.reason}"
        failed = result.state in ("FAILED", "REJECTED")
        self._history.note(self._client.name, "fail" if failed else "ok", f"request {self.id}", sentence)
        self._history.ends.append((self._client.name, self.id, result.state))
        return Ending(result.state, sentence, tuple(self.pairs), result)

    def _keep(self, item: object) -> bool:
        """Keep a pair; whether it is one."""
        if not isinstance(item, Pair):
            return False
        if item.status == "CONFIRMED":
            self.pairs.append(item)
            self._history.told.append(Told.of(self._client.name, self.id, item, first=self._first))
        return True
