# SPDX-License-Identifier: Apache-2.0
"""The lease of a node: who commands it, for how long, and the number that fences off all who did before.

Pure: ``now`` is a monotonic clock in seconds, never the wall clock. ``epoch`` grows by one with every lease
given, over restarts too (the journal keeps it), so an order under an older epoch is recognised anywhere.
What is asked while nobody holds a lease shares an open one, which ends with the last of those requests.

======================  ======================================  =======================================
at                      happens                                 the node
======================  ======================================  =======================================
`DRAIN_AT` of the ttl   the owner has been silent for long      begins no more slots for its requests
the ttl                 the lease ends                          goes to its safe state
a take-over's moment    the lease ends, the next one is given   goes to its safe state in between
`UNATTENDED_S` without  nobody has given an order under a       goes to its safe state
a lease                 lease or without one
a key is revoked        its lease and its orders end            goes to its safe state
======================  ======================================  =======================================
"""

from dataclasses import dataclass, replace

from heraldlink.messages.values import CommandCode

SHORTEST_S, LONGEST_S = 3.0, 600.0
"""Range of a ttl: Python stalls of 0.8 s are real, and an owner that is gone must not keep a node long."""
DRAIN_AT = 0.8
NOTICE_S = 3.0
"""How long an owner is told before its lease is taken over."""
BORDER_S = 2.0
"""How long a take-over then waits for the slot that is playing."""
LONGEST_NOTE = 200
UNATTENDED_S = LONGEST_S
"""How long what was prepared stays so after the last order ended, if nobody holds a lease: light that nobody
answers for goes out, as that of an owner who is gone does."""


class Refused(Exception):
    """A command or a lease that is not given: code, sentence, and what a program needs to react."""

    def __init__(self, code: CommandCode, reason: str, facts: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.code: CommandCode = code
        self.reason, self.facts = reason, facts or {}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever acts: the name its key has, and its session, a random number that nobody else is told."""

    name: str
    session: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody who wants the lease says. ``note`` is for others to read."""

    owner: Owner
    note: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that is held; ``owner`` is None for the open one, ``users`` are those who share that."""

    epoch: int
    owner: Owner | None
    note: str
    ttl_s: float
    renewed: float
    draining: bool = False
    users: frozenset[tuple[str, int]] = frozenset()

    def left_s(self, now: float) -> float:
        """Seconds until it ends unless renewed."""
        return max(0.0, self.renewed + self.ttl_s - now)

    def described(self, now: float) -> str:
        """For a sentence: who holds it, what for, how long still."""
        if self.owner is None:
            return f"requests without a lease ({len(self.users)})"
        return f"{self.owner.name} ({self.note}), {self.left_s(now):.1f} s left unless renewed"


@dataclass(frozen=True, slots=True)
class Takeover:
    """Somebody takes the lease over at ``moment``; ``ticket`` finds who waits for the answer."""

    wish: Wish
    reason: str
    moment: float
    ticket: tuple[str, int]


@dataclass(frozen=True, slots=True)
class LeaseState:
    """``epoch`` is that of the last lease given, held or not.

    ``left``: when the last lease ended with the node as it was, None if the node was made safe since.
    """

    epoch: int = 0
    lease: Lease | None = None
    takeover: Takeover | None = None
    left: float | None = None


@dataclass(frozen=True, slots=True)
class Draining:
    """The owner should have stopped by now: no more slots for it."""

    lease: Lease
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A lease ended; with ``safe`` the node goes to its safe state."""

    lease: Lease
    reason: str
    safe: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A take-over came about; ``ticket`` as in it."""

    lease: Lease
    ticket: tuple[str, int]


Change = Draining | Ended | Given
Outcome = tuple[LeaseState, tuple[Change, ...]]


def acquire(state: LeaseState, wish: Wish, now: float) -> LeaseState:
    """The lease, if it is free or already this owner's (its epoch then stays). Raises Refused."""
    check_wish(wish)
    held = state.lease
    if held and held.owner == wish.owner:
        lease = replace(held, note=wish.note, ttl_s=wish.ttl_s, renewed=now, draining=False)
        return replace(state, lease=lease)
    if held or state.takeover:
        raise leased(state, now)
    return give(state, wish, now)


def give(state: LeaseState, wish: Wish, now: float) -> LeaseState:
    """A new lease, with the next epoch."""
    epoch = state.epoch + 1
    lease = Lease(epoch, wish.owner, wish.note, wish.ttl_s, now)
    return LeaseState(epoch, lease, None)


def take_over(state: LeaseState, wish: Wish, reason: str, ticket: tuple[str, int], now: float) -> LeaseState:
    """The lease after `NOTICE_S`, whoever holds it; at once if it is free. Raises Refused."""
    check_wish(wish)
    check_text("reason", reason)
    held = state.lease
    if held is None or held.owner == wish.owner:
        return acquire(state, wish, now)
    if state.takeover:
        raise leased(state, now)
    return replace(state, takeover=Takeover(wish, reason, now + NOTICE_S, ticket))


def renew(state: LeaseState, owner: Owner, epoch: int, now: float) -> LeaseState:
    """The lease for another ttl from now. Raises Refused (STALE_LEASE) if it has ended."""
    return replace(state, lease=replace(held_by(state, owner, epoch, now), renewed=now, draining=False))


def release(state: LeaseState, owner: Owner, epoch: int, now: float) -> Outcome:
    """The owner has done; the node stays as it is. One that has ended already is released."""
    held = state.lease
    if held is None or held.epoch > epoch:
        return state, ()
    held_by(state, owner, epoch, now)
    free = replace(state, lease=None, left=now)
    return succeed(free, (Ended(held, "released by its owner", safe=False),), now)


def free(state: LeaseState, name: str, reason: str, now: float) -> Outcome:
    """Emergency: end whatever lease is held; the node goes to its safe state. Raises Refused."""
    check_text("reason", reason)
    if state.lease is None:
        return state, ()
    ended = Ended(state.lease, f"released by {name}: {reason}", safe=True)
    return succeed(replace(state, lease=None), (ended,), now)


def admit(
    state: LeaseState, owner: Owner, epoch: int, user: tuple[str, int], node: str, now: float
) -> LeaseState:
    """Let a command through, or raise Refused.

    ``epoch`` is the lease it was sent under; 0 joins the open lease as ``user``, if nobody holds another.
    """
    if epoch:
        held_by(state, owner, epoch, now, node)
        return state
    held = state.lease
    if state.takeover or (held and held.owner is not None):
        raise leased(state, now, node)
    if held is None:
        lease = Lease(state.epoch + 1, None, "", LONGEST_S, now, users=frozenset((user,)))
        return LeaseState(lease.epoch, lease)
    return replace(state, lease=replace(held, users=held.users | {user}))


def leave(state: LeaseState, user: tuple[str, int], *, gone: bool, now: float) -> Outcome:
    """A user of the open lease has ended, or is ``gone`` without having ended."""
    held = state.lease
    if held is None or user not in held.users:
        return state, ()
    users = held.users - {user}
    if users:
        return replace(state, lease=replace(held, users=users)), ()
    reason = "its client has gone" if gone else "all of its requests have ended"
    free = replace(state, lease=None, left=None if gone else now)
    return succeed(free, (Ended(held, reason, safe=gone),), now)


def revoke(state: LeaseState, names: frozenset[str], now: float) -> Outcome:
    """Only these names may command any more: what others hold, share or are about to take over ends."""
    if state.takeover and state.takeover.wish.owner.name not in names:
        state = replace(state, takeover=None)
    held = state.lease
    if held is None:
        return state, ()
    if held.owner is None:
        users = frozenset(user for user in held.users if user[0] in names)
        if users:
            return replace(state, lease=replace(held, users=users)), ()
        reason = "no key of those who gave orders is authorized any more"
    elif held.owner.name in names:
        return state, ()
    else:
        reason = f"the key of {held.owner.name} ({held.note}) is not authorized any more"
    return succeed(replace(state, lease=None), (Ended(held, reason, safe=True),), now)


def pass_time(state: LeaseState, now: float, *, busy: bool) -> Outcome:
    """What time brings; ``busy``: a slot may be playing."""
    held, takeover = state.lease, state.takeover
    if held is None:
        return succeed(state, (), now) if takeover else unattended(state, now, busy=busy)
    if held.owner and now - held.renewed >= held.ttl_s:
        reason = f"the lease of {held.owner.name} ({held.note}) ended: not renewed for {held.ttl_s:g} s"
        return succeed(replace(state, lease=None), (Ended(held, reason, safe=True),), now)
    if takeover and now >= takeover.moment:
        reason = f"the lease was taken over by {takeover.wish.owner.name}: {takeover.reason}"
        if busy and now < takeover.moment + BORDER_S:
            return drain(state, held, reason)
        return succeed(replace(state, lease=None), (Ended(held, reason, safe=True),), now)
    if held.owner and now - held.renewed >= DRAIN_AT * held.ttl_s:
        return drain(state, held, f"its lease was not renewed for {DRAIN_AT * held.ttl_s:g} s")
    return state, ()


def unattended(state: LeaseState, now: float, *, busy: bool) -> Outcome:
    """Nobody holds a lease: what was left prepared does not stay so for ever.

    A request of another node (``busy``) is an order as good as one given here.
    """
    if busy and state.left is not None:
        return replace(state, left=now), ()
    if state.left is None or now - state.left < UNATTENDED_S:
        return state, ()
    reason = f"nobody has held a lease or given an order for {UNATTENDED_S:g} s"
    return replace(state, left=None), (Ended(Lease(state.epoch, None, "", 0.0, now), reason, safe=True),)


def drain(state: LeaseState, held: Lease, reason: str) -> Outcome:
    """Say once that nothing more is begun under this lease."""
    if held.draining:
        return state, ()
    held = replace(held, draining=True)
    return replace(state, lease=held), (Draining(held, reason),)


def succeed(state: LeaseState, changes: tuple[Change, ...], now: float) -> Outcome:
    """A lease that is free goes to whoever takes it over."""
    takeover = state.takeover
    if state.lease or takeover is None:
        return state, changes
    state = give(state, takeover.wish, now)
    assert state.lease is not None  # noqa: S101  (just given)
    return state, (*changes, Given(state.lease, takeover.ticket))


def held_by(state: LeaseState, owner: Owner, epoch: int, now: float, node: str = "") -> Lease:
    """The lease, if it is this owner's and of this epoch, and not over. Raises Refused (STALE_LEASE)."""
    held = state.lease
    if held and held.epoch == epoch and held.owner == owner and now - held.renewed < held.ttl_s:
        return held
    place = f" of node {node}" if node else ""
    raise Refused(
        "STALE_LEASE",
        f"lease {epoch}{place} has ended (the last one given is {state.epoch}): take it anew",
        {"epoch": str(state.epoch)},
    )


def leased(state: LeaseState, now: float, node: str = "") -> Refused:
    """The refusal that says who holds the lease, or is about to."""
    name = f"node {node}" if node else "the node"
    facts = {"epoch": str(state.epoch)}
    if state.takeover:
        wish = state.takeover.wish
        sentence = f"{name} is being taken over by {wish.owner.name} ({wish.note})"
        return Refused("LEASED", sentence, facts | {"holder": wish.owner.name, "note": wish.note})
    held = state.lease
    assert held is not None  # noqa: S101  (the callers have looked)
    facts |= {"holder": held.owner.name if held.owner else "", "note": held.note}
    remedy = "wait, or ask for a take-over (heraldlink lease steal, engineers)"
    return Refused(
        "LEASED",
        f"{name} is leased to {held.described(now)}: {remedy}",
        facts | {"left_s": f"{held.left_s(now):.3f}"},
    )


def check_wish(wish: Wish) -> None:
    """Raise Refused (BAD_REQUEST) for a ttl out of range or a note that says nothing."""
    if not SHORTEST_S <= wish.ttl_s <= LONGEST_S:
        raise Refused(
            "BAD_REQUEST", f"ttl_s must lie within {SHORTEST_S:g}..{LONGEST_S:g} s (got {wish.ttl_s:g})"
        )
    check_text("note", wish.note)


def check_text(field: str, text: str) -> None:
    """Raise Refused (BAD_REQUEST) if a text for people is empty or too long."""
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise Refused(
            "BAD_REQUEST",
            f"{field} must say why, in 1 to {LONGEST_NOTE} characters (it has {len(text)})",
        )
