# SPDX-License-Identifier: Apache-2.0
"""Protections of a node, each switched off by a function of its name in a process of its own.

A scenario that holds without its protection proves nothing; see ``shown_to_fail``.
"""

from collections.abc import Callable

SWITCHES: dict[str, Callable[[], None]] = {}


def switch(function: Callable[[], None]) -> Callable[[], None]:
    """Register a protection's switch."""
    SWITCHES[function.__name__] = function
    return function


def apply(names: str) -> None:
    """Switch off the protections named, separated by commas. Called at the start of the process."""
    for name in names.split(","):
        SWITCHES[name]()


@switch
def silence() -> None:
    """Nobody notices that another node is silent."""
    from heraldlink.agent import node

    node.SILENCE_S = 1e9


@switch
def life_until_ok() -> None:
    """After SIGRTMIN this process is killed where it would send the next OK: its pair is journalled."""
    import os
    import signal

    from heraldlink.agent.reception import Reception
    from heraldlink.messages.command import Ok

    tell = Reception.tell

    def die(self: Reception, client: str, create_id: int, body: object) -> None:
        if isinstance(body, Ok):
            os.kill(os.getpid(), signal.SIGKILL)
        tell(self, client, create_id, body)

    def doom(*_: object) -> None:
        Reception.tell = die

    signal.signal(signal.SIGRTMIN, doom)


@switch
def working_syncs() -> None:
    """After SIGUSR2 every sync of this process's main thread fails: its disk is dying."""
    import signal

    from fault_lab.syscalls import fail_syncs

    signal.signal(signal.SIGUSR2, lambda *_: fail_syncs())


@switch
def resending() -> None:
    """A link message that was lost is not sent again."""
    from heraldlink.link import courier

    courier.SHORTEST_RETRY_S, courier.LONGEST_RETRY_S = 1e9, 1e9


@switch
def clock_looks() -> None:
    """Slots are armed without a look at the clocks."""
    from heraldlink.agent.end_crew import EndCrew

    EndCrew._check_clocks = lambda self: None


@switch
def raw_safe_list() -> None:
    """The supervisor makes nothing safe when the agent has died, nor does an orphaned worker."""
    from heraldlink.agent.crew import Crew
    from heraldlink.messages.worker import Notes
    from heraldlink.supervisor import run

    run.secure_all = lambda items, limit_s=0.0: []
    Crew._park = lambda self: Notes(True, {})


@switch
def progress_watch() -> None:
    """The supervisor does not mind an agent that stands still."""
    from heraldlink.supervisor.guard import Guard

    Guard.ticked = lambda self, now, usual=Guard.ticked: usual(self, self._moved if self.agent else now)


@switch
def deadlines() -> None:
    """Orders are done however late they come."""
    from heraldlink.agent import admission

    admission.is_late = lambda question, now: False


@switch
def repetition() -> None:
    """No command is known to have come before."""
    from heraldlink.agent.ledger import Ledger

    Ledger.find = lambda self, key, body: None


@switch
def expiry() -> None:
    """Leases do not end with time."""
    from heraldlink.agent import lease

    lease.pass_time = lambda state, now, *, busy: (state, ())


@switch
def exclusion() -> None:
    """Whoever wants the lease gets it."""
    from heraldlink.agent import lease

    lease.acquire = lease.give


@switch
def lease_check() -> None:
    """The agent does not look at the epoch of an order."""
    from heraldlink.agent import lease

    lease.admit = lambda state, owner, epoch, user, node, now: state


@switch
def fence() -> None:
    """The instruments' worker is told of no fence."""
    from heraldlink.agent.desk import Desk

    Desk.fence = lambda self, floor, now: None


@switch
def steady_wall_clock() -> None:
    """Each SIGUSR2 moves this process's wall clock by an hour: forwards, then back and back again."""
    import itertools
    import signal
    import sys
    import time

    real_s, real_ns, steps = time.time, time.time_ns, itertools.cycle((3600, -3600))

    def jump(*_: object) -> None:
        step = next(steps)
        time.time = lambda: real_s() + step
        time.time_ns = lambda: real_ns() + step * 10**9
        sys.stderr.write(f"wall clock stands at {time.time():.0f}\n")
        sys.stderr.flush()

    signal.signal(signal.SIGUSR2, jump)


@switch
def declared_limits() -> None:
    """Nobody asks whether a setting lies within the limits of the node's file."""
    from heraldlink.agent import limited, transducer_light

    transducer_light.TransducerLight.check_laser = lambda self, device, request, wanted: None
    transducer_light.TransducerLight.check_channel = lambda self, channel, request, wanted: None
    limited.LimitedGenerator._check = lambda self, name, waveform, amplitude_Vpp: None


@switch
def program_check() -> None:
    """Nodes that compiled different sequences are not told apart before they arm."""
    from heraldlink.link import end_master

    end_master.compiled_otherwise = lambda item: []
