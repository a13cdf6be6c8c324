# SPDX-License-Identifier: Apache-2.0
"""Troubles that a soak draws from: each breaks something and returns what ends it."""

import os
import signal
from collections.abc import Callable
from functools import partial
from random import Random

from fault_lab.laboratory import ENDS, NODES, Laboratory
from fault_lab.relay import Rule

Mend = Callable[[], None]
Trouble = Callable[[Laboratory, Random], tuple[str, Mend]]

INSTRUMENTS = (
    ("bob_tc", "hang", {}),
    ("alice_tc", "refuse", {}),
    ("alice_dg", "drop", {"match": "*?", "count": 1}),
    ("hub_voa", "garbage", {"match": "*?", "count": 1}),
    ("bob_awg", "truncate", {"match": "*?", "count": 1}),
    ("alice_mw", "delay", {"delay_s": 0.5}),
    ("hub_eos", "latch", {}),
    ("hub_pump", "interlock", {}),
    ("bob_awg", "reset", {}),
    ("bob_mw", "unlock", {}),
)


def kill_node(lab: Laboratory, random: Random) -> tuple[str, Mend]:
    """kill -9 of a node."""
    name = random.choice(NODES)
    lab.kill(name)
    return f"kill -9 {name}", partial(lab.restart, name)


def kill_worker(lab: Laboratory, random: Random) -> tuple[str, Mend]:
    """kill -9 of an instrument worker; the node hires another."""
    name = random.choice(NODES)
    for pid in lab.workers(name):
        os.kill(pid, signal.SIGKILL)
    return f"kill -9 {name}'s worker", nothing


def pause_node(lab: Laboratory, random: Random) -> tuple[str, Mend]:
    """SIGSTOP of a node."""
    name = random.choice(NODES)
    lab.pause(name)
    return f"SIGSTOP {name}", partial(lab.resume, name)


def bad_link(lab: Laboratory, random: Random) -> tuple[str, Mend]:
    """A share of the messages of one link is lost, doubled, late or swapped."""
    name, act = random.choice(ENDS), random.choice(("drop", "duplicate", "delay", "swap"))
    share = random.choice((0.1, 0.5))
    rule = Rule(act, probability=share, delay_s=0.05, jitter_s=0.05, seed=random.randrange(1 << 30))
    lab.link[name].add(rule)
    return f"{act} {share:.0%} of {name}'s link", lab.link[name].clear


def black_hole(lab: Laboratory, random: Random) -> tuple[str, Mend]:
    """A link without a word, one way or both."""
    name = random.choice(ENDS)
    ways = random.choice((("up",), ("down",), ("up", "down")))
    lab.wire[name].black_hole(*ways)
    return f"black hole {'+'.join(ways)} at {name}", lab.wire[name].heal


def reset_link(lab: Laboratory, random: Random) -> tuple[str, Mend]:
    """RST on a link."""
    name = random.choice(ENDS)
    return f"RST of {lab.wire[name].reset()} connections of {name}", nothing


def instrument(lab: Laboratory, random: Random) -> tuple[str, Mend]:
    """An instrument fails."""
    name, kind, options = random.choice(INSTRUMENTS)
    lab.fault(name, kind, **options)
    return f"{name} {kind}", lab.heal


def nothing() -> None:
    """It ends by itself."""


ALL: tuple[Trouble, ...] = (
    kill_node, kill_worker, pause_node, bad_link, bad_link, black_hole, reset_link, instrument, instrument,
)  # fmt: skip
