# SPDX-License-Identifier: Apache-2.0
"""What a row of the checklist is, and what it is run on: one instrument over one way to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from checklist_clients import Client, HislipClient, InProcessClient, RawClient
from checklist_parts import Parts

RAW, HISLIP, IN_PROCESS = "raw", "hislip", "in process"
WIRES = (RAW, HISLIP)
C = TypeVar("C", bound=Client)


class Subject:
    """An instrument as it is at power-on, with one client connected."""

    def __init__(self, client: Client, parts: Parts, connect: Callable[[], Client]) -> None:
        self.client, self.parts, self._connect = client, parts, connect
        self.way = client.way
        self._clients = [client]

    def another(self) -> Client:
        """A further client of the same kind."""
        self._clients.append(client := self._connect())
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()

    @property
    def raw(self) -> RawClient:
        assert isinstance(self.client, RawClient)
        return self.client

    @property
    def hislip(self) -> HislipClient:
        assert isinstance(self.client, HislipClient)
        return self.client

    @property
    def in_process(self) -> InProcessClient:
        assert isinstance(self.client, InProcessClient)
        return self.client

    def send(self, message: str | bytes) -> None:
        self.client.send(message)

    def ask(self, message: str | bytes) -> str:
        return self.client.ask(message)

    def number(self, query: str) -> float:
        return float(self.ask(query))

    def whole(self, query: str) -> int:
        return int(self.ask(query))

    def code(self) -> int:
        """Number of the oldest error, which is taken from the queue; 0: none."""
        return int(self.ask("SYST:ERR?").split(",")[0])

    def codes(self) -> list[int]:
        """All errors, oldest first."""
        found: list[int] = []
        while code := self.code():
            found.append(code)
            assert len(found) < 1000, "the error queue has no end"
        return found

    def in_step(self) -> None:
        """The next answer belongs to the next query."""
        assert self.ask("*OPC?") == "1"
        assert self.ask("*IDN?").count(",") == 3

    def accepts(self, message: str | bytes) -> None:
        self.send(message)
        assert self.codes() == [], f"{message[:80]!r} was refused"

    def refuses(self, message: str | bytes, *codes: int) -> None:
        """It raises one error, which is one of these, and answers nothing."""
        self.send("*CLS")
        self.send(message)
        assert self.ask("*OPC?") == "1", f"{message[:80]!r} was answered"
        found = self.codes()
        assert len(found) == 1, f"{message[:80]!r}: {found} instead of {codes}"
        assert found[0] in codes, f"{message[:80]!r}: {found} instead of {codes}"

    def same(self, query: str, value: float) -> None:
        found = self.number(query)
        assert abs(found - value) <= 1e-6 * abs(value), f"{query} {found} instead of {value}"


@dataclass(frozen=True, slots=True)
class Row:
    """One behaviour. ``needs``: parts without which an instrument cannot show it."""

    id: str
    clause: str
    what: str
    check: Callable[[Subject], None]
    needs: tuple[str, ...]
    ways: tuple[str, ...]


ROWS: dict[str, Row] = {}


def row(
    identifier: str, clause: str, what: str, *needs: str, ways: tuple[str, ...] = WIRES
) -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
    """Decorator: enter a check into the table."""

    def enter(check: Callable[[Subject], None]) -> Callable[[Subject], None]:
        assert identifier not in ROWS
        ROWS[identifier] = Row(identifier, clause, what, check, needs, ways)
        return check

    return enter


def needed(part: object) -> None:
    """Tell the type checker that a row which needs a part has it."""
    assert part is not None
