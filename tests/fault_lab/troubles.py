# SPDX-License-Identifier: Apache-2.0
"""Troubles that a soak draws from: each breaks something and returns what ends it."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

from fault_lab.laboratory import ENDS, Laboratory, descendants, wait_for, words_of
from fault_lab.relay import Rule

Mend = Callable[[], None]
Trouble = Callable[[Laboratory, Random, Sequence[str]], tuple[str, Mend]]
"""The names are those of nodes whose processes may be ended or stopped."""

GONE_S = 20.0
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


def kill_node(lab: Laboratory, random: Random, nodes: Sequence[str]) -> tuple[str, Mend]:
    """kill -9 of a node."""
    name = random.choice(nodes)
    lab.kill(name)
    return f"kill -9 {name}", partial(lab.restart, name)


def kill_supervisor(lab: Laboratory, random: Random, nodes: Sequence[str]) -> tuple[str, Mend]:
    """kill -9 of a supervisor; as systemd does, another is started when nothing of the former is left.

    Systemd also lets what is left go on (SIGCONT), which may have been stopped by the trouble before.
    """
    name = random.choice(nodes)
    left = descendants(lab.pid(name))
    lab.kill(name)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def again() -> None:
        wait_for(lambda: not any(map(alive, left)), GONE_S, f"{name}'s processes to end")
        lab.restart(name)

    return f"kill -9 {name}'s supervisor", again


def kill_agent(lab: Laboratory, random: Random, nodes: Sequence[str]) -> tuple[str, Mend]:
    """kill -9 of an agent; its supervisor starts another."""
    name = random.choice(nodes)
    for pid in agents(lab, name):
        os.kill(pid, signal.SIGKILL)
    return f"kill -9 {name}'s agent", nothing


def pause_agent(lab: Laboratory, random: Random, nodes: Sequence[str]) -> tuple[str, Mend]:
    """SIGSTOP of an agent, which its supervisor kills for it."""
    name = random.choice(nodes)
    for pid in agents(lab, name):
        os.kill(pid, signal.SIGSTOP)
    return f"SIGSTOP {name}'s agent", nothing


def agents(lab: Laboratory, name: str) -> list[int]:
    """Process ids of the agent under a supervisor."""
    return [pid for pid in descendants(lab.pid(name)) if "--supervised" in words_of(pid)]


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def kill_worker(lab: Laboratory, random: Random, nodes: Sequence[str]) -> tuple[str, Mend]:
    """kill -9 of an instrument worker; the node hires another."""
    name = random.choice(nodes)
    for pid in lab.workers(name):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return f"kill -9 {name}'s worker", nothing


def pause_node(lab: Laboratory, random: Random, nodes: Sequence[str]) -> tuple[str, Mend]:
    """SIGSTOP of a node."""
    name = random.choice(nodes)
    lab.pause(name)
    return f"SIGSTOP {name}", partial(lab.resume, name)


def bad_link(lab: Laboratory, random: Random, _: Sequence[str]) -> tuple[str, Mend]:
    """A share of the messages of one link is lost, doubled, late or swapped."""
    name, act = random.choice(ENDS), random.choice(("drop", "duplicate", "delay", "swap"))
    share = random.choice((0.1, 0.5))
    rule = Rule(act, probability=share, delay_s=0.05, jitter_s=0.05, seed=random.randrange(1 << 30))
    lab.link[name].add(rule)
    return f"{act} {share:.0%} of {name}'s link", lab.link[name].clear


def black_hole(lab: Laboratory, random: Random, _: Sequence[str]) -> tuple[str, Mend]:
    """A link without a word, one way or both."""
    name = random.choice(ENDS)
    ways = random.choice((("up",), ("down",), ("up", "down")))
    lab.wire[name].black_hole(*ways)
    return f"black hole {'+'.join(ways)} at {name}", lab.wire[name].heal


def reset_link(lab: Laboratory, random: Random, _: Sequence[str]) -> tuple[str, Mend]:
    """RST on a link."""
    name = random.choice(ENDS)
    return f"RST of {lab.wire[name].reset()} connections of {name}", nothing


def instrument(lab: Laboratory, random: Random, _: Sequence[str]) -> tuple[str, Mend]:
    """An instrument fails."""
    name, kind, options = random.choice(INSTRUMENTS)
    lab.fault(name, kind, **options)
    return f"{name} {kind}", lab.heal


def nothing() -> None:
    """It ends by itself."""


ANYWHERE: tuple[Trouble, ...] = (
    kill_worker,
    bad_link,
    bad_link,
    black_hole,
    reset_link,
    instrument,
    instrument,
)
ALL: tuple[Trouble, ...] = (kill_node, pause_node, *ANYWHERE)
"""Of nodes without supervisors."""
SUPERVISED: tuple[Trouble, ...] = (kill_supervisor, kill_agent, pause_agent, *ANYWHERE)
