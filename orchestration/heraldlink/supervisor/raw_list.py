# SPDX-License-Identifier: Apache-2.0
"""The raw safe list of a node: its instruments in order, made safe and read back without their drivers."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from heraldlink.config.document import Document, read_document
from heraldlink.errors import ConfigurationError
from heraldlink.supervisor.deadline import Deadline
from heraldlink.supervisor.procedures import PROCEDURES, Procedure, Stage, Step, agrees
from heraldlink.supervisor.wires import Connect, Wire, connector

ITEM_LIMIT_S = 2.0
PAUSE_S = 0.02
GRACE_S = 0.5
"""For an instrument that ended in time to say so on a busy machine."""
STAGES: tuple[Stage, ...] = ("light", "rest")


@dataclass(frozen=True, slots=True)
class Item:
    """One instrument: where it is and what is to be done; without ``connect`` it is held as it is.

    ``where``: its model and address, which tell it from another of its name that files named before.
    """

    device: str
    procedure: Procedure
    connect: Connect | None
    where: str = ""
    former: bool = False

    @property
    def label(self) -> str:
        """What it is called in outcomes."""
        return f"{self.device} (named before: {self.where})" if self.former else self.device


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one instrument; ``ok`` only if every step was read back (or there is none)."""

    device: str
    ok: bool
    note: str


def raw_list(station: Path, addresses: Mapping[str, str], order: Sequence[str]) -> list[Item]:
    """The items of a Station file's instruments, those named in ``order`` first.

    ``addresses`` replace the file's by name. Raises ConfigurationError with a sentence for each instrument
    that cannot be made safe without its driver: a node is not left to a supervisor that cannot help it.
    """
    document = read_document(station)
    declared = cast("Mapping[str, Mapping[str, object]]", document.content.get("instruments") or {})
    items: list[Item] = []
    mistakes: list[str] = []
    for name in [*order, *(name for name in declared if name not in order)]:
        try:
            items.append(_item(document, name, declared.get(name, {}), addresses))
        except ConfigurationError as error:
            mistakes += error.sentences
    if mistakes:
        raise ConfigurationError(*mistakes)
    return items


def _item(
    document: Document, name: str, declared: Mapping[str, object], addresses: Mapping[str, str]
) -> Item:
    model = str(declared.get("type", "")).rpartition(".")[2]
    procedure = PROCEDURES.get(model)
    if procedure is None:
        known = ", ".join(sorted(PROCEDURES))
        raise ConfigurationError(
            document.sentence(
                ("instruments", name, "type"),
                f"the supervisor knows no way to make {model or 'it'} safe (it knows {known}):"
                " run the node without supervisor (heraldlink node)",
            )
        )
    address = addresses.get(name, str(declared.get("address", "")))
    where = f"{model} at {address}"
    if not procedure.steps:
        return Item(name, procedure, None, where)
    try:
        return Item(name, procedure, connector(address, procedure.kind, procedure.end), where)
    except ConfigurationError as error:
        raise ConfigurationError(document.sentence(("instruments", name, "address"), str(error))) from error


def secure(item: Item, limit_s: float = ITEM_LIMIT_S) -> Outcome:
    """Make one instrument safe and read it back, within ``limit_s``; never raises.

    A step that reads back other is taken again, a connection that breaks is opened again, both until the
    time is over.
    """
    if item.connect is None:
        return Outcome(item.label, True, "held as it is")
    deadline, open_steps = Deadline(limit_s), list(item.procedure.steps)
    trouble = "it did not answer"
    while open_steps:
        try:
            wire = item.connect(deadline)
            try:
                _take(wire, open_steps)
                trouble = _complaint(wire, open_steps)
            finally:
                wire.close()
            if open_steps:
                deadline.left_s()
                time.sleep(PAUSE_S)
        except Exception as error:  # whatever an instrument answers, the others must still be served
            trouble = trouble if isinstance(error, TimeoutError) and open_steps else str(error)
            if _over(deadline):
                return Outcome(item.label, False, f"NOT VERIFIED: {trouble}")
    return Outcome(item.label, True, "safe, read back")


def _take(wire: Wire, steps: list[Step]) -> None:
    for step in steps:
        wire.write(step.send)


def _complaint(wire: Wire, steps: list[Step]) -> str:
    """Strike the steps that read back; a sentence about the first that does not."""
    complaint = ""
    for step in list(steps):
        answer = wire.ask(step.ask)
        if agrees(answer, step.wanted):
            steps.remove(step)
        else:
            complaint = complaint or f"{step.ask} answers {answer!r} after {step.send}"
    return complaint


def _over(deadline: Deadline) -> bool:
    try:
        time.sleep(min(PAUSE_S, deadline.left_s()))
    except TimeoutError:
        return True
    return False


def secure_all(items: Sequence[Item], limit_s: float = ITEM_LIMIT_S) -> list[Outcome]:
    """Make all safe, stage by stage, those of one stage at the same time; outcomes in the items' order.

    A stage ends with its slowest instrument, at most `GRACE_S` after ``limit_s``; none is left out because
    another failed.
    """
    found: dict[str, Outcome] = {}
    for stage in STAGES:
        _together([item for item in items if item.procedure.stage == stage], limit_s, found.__setitem__)
    return [found[item.label] for item in items]


def _together(items: Sequence[Item], limit_s: float, put: Callable[[str, Outcome], None]) -> None:
    """All at once; one that has not come back by then (a name service may take minutes) is not awaited."""
    ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    until = time.monotonic() + limit_s + GRACE_S

    def work(item: Item) -> None:
        ended.put(secure(item, limit_s))

    for item in items:
        threading.Thread(target=work, args=(item,), daemon=True).start()
    open_items = {item.label for item in items}
    while open_items:
        try:
            outcome = ended.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        open_items.discard(outcome.device)
        put(outcome.device, outcome)
    for device in open_items:
        put(device, Outcome(device, False, "NOT VERIFIED: its connection hangs"))
