# SPDX-License-Identifier: Apache-2.0
"""Protections that a running node can lose and get back: each is switched off while a file has its name.

The nodes of ``Laboratory(..., switchable=True)`` and their children load this. The product's functions that
are a protection are replaced as their modules are loaded, before anybody takes them from there. While the
file is there the other way is gone, and the file ``NAME.reached`` says so: a switch that nothing passes
through would prove nothing (``Laboratory.off`` asserts it).
"""

import functools
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

Usual = Callable[..., Any]
WAYS: dict[str, list[tuple[str, str, Usual]]] = defaultdict(list)
"""By module: (protection, function or Class.method, what is done without it)."""


def protections() -> set[str]:
    """Names of all switches."""
    return {name for ways in WAYS.values() for name, _, _ in ways}


def without(protection: str, module: str, function: str) -> Callable[[Usual], Usual]:
    """The decorated function is called in the place of another, which is its first argument."""

    def register(otherwise: Usual) -> Usual:
        WAYS[module].append((protection, function, otherwise))
        return otherwise

    return register


class Replacing:
    """Replaces functions of a module as soon as it was loaded (an entry of ``sys.meta_path``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        spec = PathFinder.find_spec(name, path, target) if name in WAYS else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            for protection, function, otherwise in WAYS[name]:
                *classes, last = function.split(".")
                place = functools.reduce(getattr, classes, module)
                setattr(place, last, either(self._folder / protection, getattr(place, last), otherwise))

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def either(switch: Path, usual: Usual, otherwise: Usual) -> Usual:
    """As usual, or otherwise while the file ``switch`` is there."""
    path, reached = str(switch), reached_file(switch)

    @functools.wraps(usual)
    def chosen(*args: Any, **options: Any) -> Any:
        if not os.path.exists(path):
            return usual(*args, **options)
        reached.touch()
        return otherwise(usual, *args, **options)

    return chosen


def reached_file(switch: Path) -> Path:
    """What is there once somebody went the other way."""
    return switch.with_name(f"{switch.name}.reached")


def install(folder: Path) -> None:
    """Called at the start of a process, before any module of the product is loaded."""
    early = [name for name in WAYS if name in sys.modules]
    assert not early, f"{early} were loaded before they could be replaced"
    sys.meta_path.insert(0, Replacing(folder))


# --- the link


@without("attempt_numbers", "heraldlink.link.verdict", "strays")
def no_strays(usual: Usual, heralds: Any, reports: Any, doubles: Any) -> Any:
    """Nobody asks whether readouts belong to heralds."""
    return ()


@without("attempt_numbers", "heraldlink.link.verdict", "decide")
def readouts_in_order(usual: Usual, case: Any) -> Any:
    """Readouts are taken in the order of the heralds, whatever their attempt numbers."""
    from heraldlink.messages.values import Readout

    attempts = [herald.attempt for herald in case.heralds]

    def renumbered(report: Any) -> Any:
        pairs = zip(attempts, report.readouts, strict=False)
        readouts = tuple(Readout(attempt, item.outcome) for attempt, item in pairs)
        return msgspec.structs.replace(report, readouts=readouts)

    reports = {node: renumbered(report) for node, report in case.reports.items()}
    return usual(msgspec.structs.replace(case, reports=reports))


@without("boot_ids", "heraldlink.link.midpoint_slot", "reported")
def of_any_life(usual: Usual, state: Any, item: Any, judging: Any, source: str, body: Any, now: float) -> Any:
    """A report is taken whichever life of a node it came from."""
    boot = judging.gens[source].boot
    return usual(state, item, judging, source, msgspec.structs.replace(body, boot=boot), now)


@without("queue_ids", "heraldlink.link.midpoint_slot", "compare")
def not_compared(usual: Usual, state: Any, item: Any) -> str:
    """Nobody asks whether two GENs mean the same item of the queue and the same program."""
    return ""


# --- what clients send


@without("request_ids", "heraldlink.agent.ledger", "digest_of")
def all_alike(usual: Usual, body: Any) -> bytes:
    """A request id says everything: nobody asks whether it is the same command."""
    return b""


@without("version", "heraldlink.messages.header", "check_version")
def any_version(usual: Usual, version: int) -> None:
    """Messages of every version are read as if they were of this one."""


@without("unknown_fields", "heraldlink.messages.header", "decode")
def what_is_known(usual: Usual, frames: Sequence[bytes], types: Any) -> Any:
    """Fields that are not known are overlooked."""
    from heraldlink.messages.header import decode_header

    kind = decode_header(frames).kind
    known = (
        {item.encode_name for item in msgspec.structs.fields(types[kind])} | {"kind"} if kind in types else ()
    )
    fields = msgspec.msgpack.decode(frames[1])
    body = msgspec.msgpack.encode({name: value for name, value in fields.items() if name in known})
    return usual([frames[0], body, *frames[2:]], types)


@without("arrays", "heraldlink.messages.header", "decode")
def without_arrays(usual: Usual, frames: Sequence[bytes], types: Any) -> Any:
    """Arrays that belong to nothing are overlooked."""
    return usual(frames[:2], types)


@without("ranges", "heraldlink.agent.requests", "demand_of")
def any_value(usual: Usual, body: Any) -> Any:
    """Nobody looks at a request's values."""
    from heraldlink.messages.values import Demand

    given = msgspec.structs.asdict(body)
    return msgspec.convert({name: given[name] for name in Demand.__struct_fields__}, Demand)


@without("roles", "heraldlink.agent.commands", "may")
def anybody(usual: Usual, role: Any, rule: Any) -> bool:
    """Whoever is let in may do everything."""
    return True


# --- leases


@without("notice", "heraldlink.agent.lease", "take_over")
def at_once(usual: Usual, state: Any, wish: Any, reason: str, ticket: Any, now: float) -> Any:
    """A lease is taken over without notice."""
    state = usual(state, wish, reason, ticket, now)
    return replace(state, takeover=replace(state.takeover, moment=now)) if state.takeover else state


@without("epochs", "heraldlink.agent.admission", "Admission.__init__")
def counted_anew(usual: Usual, admission: Any, node: str, boot: int, rows: Any = ()) -> None:
    """What the journal says of leases is not read at the start."""
    usual(admission, node, boot, [row for row in rows if row.kind != "lease"])
