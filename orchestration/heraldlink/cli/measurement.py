# SPDX-License-Identifier: Apache-2.0
"""One request from the command line: asked, watched with a progress bar, and judged."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from heraldlink.client import Network
from heraldlink.errors import HeraldlinkError, InstrumentLost, NodeLost, RequestError, RunFailed
from heraldlink.pairs import Pair, Result, SlotReport
from heraldlink.remote import Node
from heraldlink.requests import Request


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for; ``max_time_s`` is bench time, ``seed`` None draws a fresh one."""

    local: str
    remote: str
    number: int
    minimum_fidelity: float
    max_time_s: float
    seed: int | None

    def __post_init__(self) -> None:
        if not 0 <= self.minimum_fidelity <= 1:
            raise RequestError(f"--fidelity must be between 0 and 1 (got {self.minimum_fidelity:g})")
        if self.number < 1:
            raise RequestError(f"--number must be at least 1 (got {self.number})")
        if not self.max_time_s > 0:
            raise RequestError(f"--max-time must be positive (got {self.max_time_s:g})")


def measure(network: Network, wish: Wish, console: Console) -> tuple[Request, Result]:
    """Ask for pairs and follow them to the request's end."""
    request = network[wish.local].create(
        remote=wish.remote,
        number=wish.number,
        minimum_fidelity=wish.minimum_fidelity,
        max_time=wish.max_time_s,
        seed=wish.seed,
    )
    with bar(console) as progress:
        task = progress.add_task("estimating the phase", total=wish.number)
        for item in request.follow():
            match item:
                case Pair(status="CONFIRMED"):
                    progress.advance(task)
                case SlotReport() as slot:
                    progress.update(task, description=describe(slot))
                case _:
                    pass
    return request, request.result


@contextmanager
def parked_on_failure(network: Network) -> Generator[None]:
    """Leave no pump on if the block ends early: bring every node that answers to its safe state."""
    try:
        yield
    except BaseException:
        with suppress(HeraldlinkError):
            network.park()
        raise


def bar(console: Console) -> Progress:
    """A progress bar over pairs."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pairs"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def describe(slot: SlotReport) -> str:
    """A slot in a few words."""
    kind = "phase" if slot.estimate else slot.basis
    held = f", {slot.withheld} withheld" if slot.withheld else ""
    return f"slot {slot.slot} ({kind}{held})"


def judge(network: Network, result: Result) -> None:
    """Return if the request delivered; else raise what it was: a lost node or instrument, or a failed run."""
    if result.state == "DELIVERED":
        return
    place = ", ".join(part for part in (result.node, result.device) if part)
    sentence = f"{place}: {result.reason}" if place else result.reason
    if result.node:
        _look_after(network[result.node], result, sentence)
    raise RunFailed(f"the request ended {result.state}: {sentence}")


def _look_after(node: Node, result: Result, sentence: str) -> None:
    """Raise NodeLost or InstrumentLost if that is why the request failed."""
    try:
        state = node.status().state
    except NodeLost as error:
        raise NodeLost(sentence) from error
    if state.startswith("FAULT"):
        told = result.device or result.reason in state
        raise InstrumentLost(sentence if told else f"{sentence} ({state})")
