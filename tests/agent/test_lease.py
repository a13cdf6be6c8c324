# SPDX-License-Identifier: Apache-2.0
"""The lease on a virtual clock: one owner at a time, growing epochs, nothing done under one that is over."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from heraldlink.agent import lease as leases
from heraldlink.agent.lease import (
    BORDER_S,
    NOTICE_S,
    Change,
    Draining,
    Ended,
    Given,
    LeaseState,
    Owner,
    Refused,
    Wish,
)

ALICE, BOB = Owner("anna", 1), Owner("ben", 2)
USER = ("anna", 77)


def wish(owner: Owner, ttl_s: float = 5.0) -> Wish:
    return Wish(owner, "tune-up", ttl_s)


def taken(owner: Owner, now: float = 0.0) -> LeaseState:
    return leases.acquire(LeaseState(), wish(owner), now)


def code_of(refusal: pytest.ExceptionInfo[Refused]) -> str:
    return refusal.value.code


def test_only_one_owner_is_let_through() -> None:
    state = taken(ALICE)
    assert leases.admit(state, ALICE, 1, USER, "alice", 1.0) == state
    for epoch in (0, 1, 2):
        with pytest.raises(Refused) as refusal:
            leases.admit(state, BOB, epoch, ("ben", 1), "alice", 1.0)
        assert code_of(refusal) == ("STALE_LEASE" if epoch else "LEASED")
    with pytest.raises(Refused, match=r"anna \(tune-up\), 4\.0 s left") as refusal:
        leases.acquire(state, wish(BOB), 1.0)
    assert refusal.value.facts == {"epoch": "1", "holder": "anna", "note": "tune-up", "left_s": "4.000"}


def test_another_session_of_the_same_name_is_another_owner() -> None:
    state = taken(ALICE)
    with pytest.raises(Refused) as refusal:
        leases.admit(state, Owner("anna", 99), 1, USER, "alice", 1.0)
    assert code_of(refusal) == "STALE_LEASE"


def test_a_lease_that_is_not_renewed_drains_then_ends_safe() -> None:
    state = taken(ALICE)
    assert leases.pass_time(state, 3.9, busy=True)[1] == ()
    state, changes = leases.pass_time(state, 4.0, busy=True)
    assert [type(change) for change in changes] == [Draining]
    assert leases.pass_time(state, 4.5, busy=True)[1] == ()  # it is said once
    state, (ended,) = leases.pass_time(state, 5.0, busy=True)
    assert isinstance(ended, Ended)
    assert ended.safe
    assert "not renewed for 5 s" in ended.reason
    assert state.lease is None


def test_what_is_over_is_over_before_time_was_looked_at() -> None:
    state = taken(ALICE)
    for late in (5.0, 5.001, 1e6):
        with pytest.raises(Refused) as refusal:
            leases.renew(state, ALICE, 1, late)
        assert (code_of(refusal), refusal.value.facts) == ("STALE_LEASE", {"epoch": "1"})


def test_a_renewed_lease_lives_and_stops_draining() -> None:
    state, _ = leases.pass_time(taken(ALICE), 4.5, busy=True)
    state = leases.renew(state, ALICE, 1, 4.6)
    assert state.lease is not None
    assert not state.lease.draining
    assert leases.pass_time(state, 8.5, busy=True)[1] == ()


def test_a_takeover_gives_notice_waits_for_the_slot_and_ends_safe() -> None:
    state = leases.take_over(taken(ALICE), wish(BOB), "the cryostat warms up", ("ben", 9), 1.0)
    assert leases.admit(state, ALICE, 1, USER, "alice", 1.5) == state
    with pytest.raises(Refused, match="being taken over by ben"):
        leases.acquire(state, wish(Owner("cleo", 3)), 1.5)
    state = leases.renew(state, ALICE, 1, 3.0)
    state, changes = leases.pass_time(state, 1.0 + NOTICE_S, busy=True)
    assert [type(change) for change in changes] == [Draining]
    state, changes = leases.pass_time(state, 1.0 + NOTICE_S + 0.1, busy=False)
    ended, given = changes
    assert isinstance(ended, Ended)
    assert ended.safe
    assert "the cryostat warms up" in ended.reason
    assert given == Given(state.lease, ("ben", 9)) if state.lease else False
    assert state.epoch == 2


def test_a_takeover_does_not_wait_for_ever_for_a_slot() -> None:
    state = leases.take_over(taken(ALICE), wish(BOB), "urgent", ("ben", 9), 0.0)
    state = leases.renew(state, ALICE, 1, 2.9)
    state, changes = leases.pass_time(state, NOTICE_S + BORDER_S, busy=True)
    assert [type(change) for change in changes] == [Ended, Given]


def test_requests_without_a_lease_share_an_open_one() -> None:
    state = leases.admit(LeaseState(), ALICE, 0, ("anna", 1), "alice", 0.0)
    state = leases.admit(state, BOB, 0, ("ben", 1), "alice", 0.0)
    assert state.epoch == 1
    with pytest.raises(Refused, match=r"requests without a lease \(2\)"):
        leases.acquire(state, wish(BOB), 0.0)
    assert leases.pass_time(state, 1e6, busy=True)[1] == ()  # it ends with them, not with time
    state, changes = leases.leave(state, ("anna", 1), gone=False, now=1.0)
    assert (changes, state.epoch) == ((), 1)
    state, (ended,) = leases.leave(state, ("ben", 1), gone=True, now=1.0)
    assert isinstance(ended, Ended)
    assert ended.safe
    assert state.lease is None


def test_emergency_release_frees_whoever_holds_it() -> None:
    state, (ended,) = leases.free(taken(ALICE), "eve", "smoke", 1.0)
    assert state.lease is None
    assert isinstance(ended, Ended)
    assert (ended.safe, ended.reason) == (True, "released by eve: smoke")


@pytest.mark.parametrize("ttl_s", [2.99, 600.1, 0.0, -5.0, float("nan"), float("inf")])
def test_a_ttl_out_of_range_is_refused(ttl_s: float) -> None:
    with pytest.raises(Refused, match=r"ttl_s must lie within 3\.\.600 s"):
        leases.acquire(LeaseState(), wish(ALICE, ttl_s), 0.0)


@pytest.mark.parametrize("note", ["", "  ", "x" * 201])
def test_a_note_that_says_nothing_is_refused(note: str) -> None:
    with pytest.raises(Refused, match="note"):
        leases.acquire(LeaseState(), Wish(ALICE, note, 5.0), 0.0)


@dataclass
class Known:
    """What an owner believes: its epoch and when the node last confirmed it."""

    epoch: int = 0
    confirmed: float = -1e9


OWNERS = [Owner(name, number) for number, name in enumerate("abc", 1)]
owners = st.sampled_from(OWNERS)


class Leasing(RuleBasedStateMachine):
    """Owners that act at any moment, each with what it believes."""

    @initialize()
    def begin(self) -> None:
        self.state, self.now, self.ttl_s = LeaseState(), 0.0, 5.0
        self.known = {owner: Known() for owner in OWNERS}
        self.epochs: list[int] = []
        self.ended: dict[int, float] = {}
        self.tickets = 0

    def note(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            if isinstance(change, Ended):
                assert change.lease.epoch not in self.ended
                self.ended[change.lease.epoch] = self.now
            if isinstance(change, Given):
                self.given(change.lease.epoch, change.lease.owner)

    def given(self, epoch: int, owner: Owner | None) -> None:
        assert epoch > max(self.epochs, default=0)
        self.epochs.append(epoch)
        if owner:
            self.known[owner] = Known(epoch, self.now)

    @rule(owner=owners)
    def acquire(self, owner: Owner) -> None:
        before = self.state.epoch
        try:
            self.state = leases.acquire(self.state, wish(owner, self.ttl_s), self.now)
        except Refused:
            return
        if self.state.epoch > before:
            self.given(self.state.epoch, owner)
        else:
            self.known[owner] = Known(before, self.now)

    @rule(owner=owners)
    def take_over(self, owner: Owner) -> None:
        before, self.tickets = self.state.epoch, self.tickets + 1
        ticket = (owner.name, self.tickets)
        try:
            self.state = leases.take_over(self.state, wish(owner, self.ttl_s), "why", ticket, self.now)
        except Refused:
            return
        if self.state.epoch > before:
            self.given(self.state.epoch, owner)

    @rule(owner=owners)
    def renew(self, owner: Owner) -> None:
        known = self.known[owner]
        try:
            self.state = leases.renew(self.state, owner, known.epoch, self.now)
        except Refused:
            return
        known.confirmed = self.now

    @rule(owner=owners)
    def release(self, owner: Owner) -> None:
        try:
            self.state, changes = leases.release(self.state, owner, self.known[owner].epoch, self.now)
        except Refused:
            return
        self.note(changes)

    @rule(owner=owners, with_lease=st.booleans(), number=st.integers(1, 3))
    def command(self, owner: Owner, with_lease: bool, number: int) -> None:
        known = self.known[owner]
        epoch, before = known.epoch if with_lease else 0, self.state.epoch
        try:
            self.state = leases.admit(self.state, owner, epoch, (owner.name, number), "n", self.now)
        except Refused:
            return
        if epoch:
            assert epoch not in self.ended, "an order under a lease that is over was let through"
            assert epoch == self.state.epoch, "an order under an older epoch was let through"
            assert self.now - known.confirmed < self.ttl_s
        else:
            assert self.state.lease is not None
            assert self.state.lease.owner is None, "an order without a lease passed one that is held"
            if self.state.epoch > before:
                self.given(self.state.epoch, None)

    @rule(owner=owners, number=st.integers(1, 3), gone=st.booleans())
    def leave(self, owner: Owner, number: int, gone: bool) -> None:
        self.state, changes = leases.leave(self.state, (owner.name, number), gone=gone, now=self.now)
        self.note(changes)

    @rule(seconds=st.sampled_from([0.01, 0.5, 1.7, 3.0, 5.0, 9.0]), busy=st.booleans())
    def wait(self, seconds: float, busy: bool) -> None:
        self.now += seconds
        self.state, changes = leases.pass_time(self.state, self.now, busy=busy)
        self.note(changes)

    @rule()
    def restart(self) -> None:
        """The journal keeps the epoch and nothing else."""
        if self.state.lease:
            self.ended.setdefault(self.state.lease.epoch, self.now)
        self.state = LeaseState(self.state.epoch)

    @invariant()
    def time_ends_it(self) -> None:
        held = self.state.lease
        _, changes = leases.pass_time(self.state, self.now + self.ttl_s + 1e-6, busy=True)
        if held and held.owner:
            assert any(isinstance(change, Ended) for change in changes)


TestLeasing = Leasing.TestCase
TestLeasing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
