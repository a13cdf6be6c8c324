# SPDX-License-Identifier: Apache-2.0
"""What is left on without an owner goes out; who may not command any more owns nothing; a virtual clock."""

from heraldlink.agent import lease as leases
from heraldlink.agent.lease import UNATTENDED_S, Ended, LeaseState, Owner, Wish
from heraldlink.agent.stamps import Stamps
from heraldlink.messages.worker import Count, Unload

ANNA, BEN = Owner("anna", 1), Owner("ben", 2)
USER, OTHER = ("anna", 77), ("ben", 78)


def prepared_without_a_lease(at: float) -> LeaseState:
    """Somebody has prepared the node, and that has ended."""
    state = leases.admit(LeaseState(), ANNA, 0, USER, "alice", at)
    return leases.leave(state, USER, gone=False, now=at)[0]


def ends(state: LeaseState, now: float, *, busy: bool = False) -> list[tuple[float, bool]]:
    """When a node without lease is made safe, looked at each second from 0 on."""
    found = []
    for second in range(int(now)):
        state, changes = leases.pass_time(state, float(second), busy=busy)
        found += [(float(second), one.safe) for one in changes if isinstance(one, Ended)]
    return found


def test_what_was_prepared_without_a_lease_goes_out_once_nobody_asks_any_more() -> None:
    assert ends(prepared_without_a_lease(10.0), 3 * UNATTENDED_S) == [(10.0 + UNATTENDED_S, True)]


def test_so_does_what_an_owner_leaves_behind() -> None:
    state = leases.acquire(LeaseState(), Wish(ANNA, "tune-up", 5.0), 0.0)
    state, _ = leases.release(state, ANNA, 1, 4.0)
    assert ends(state, 3 * UNATTENDED_S) == [(4.0 + UNATTENDED_S, True)]


def test_an_order_or_a_request_of_another_node_begins_the_time_anew() -> None:
    state = prepared_without_a_lease(0.0)
    state, changes = leases.pass_time(state, UNATTENDED_S - 1, busy=True)
    assert changes == ()
    assert leases.pass_time(state, UNATTENDED_S + 1, busy=False)[1] == ()
    asked = leases.admit(state, BEN, 0, OTHER, "alice", UNATTENDED_S)
    assert leases.pass_time(asked, 5 * UNATTENDED_S, busy=False)[1] == ()


def test_a_node_that_was_made_safe_is_not_made_safe_again() -> None:
    state = leases.admit(LeaseState(), ANNA, 0, USER, "alice", 0.0)
    state, (ended,) = leases.leave(state, USER, gone=True, now=1.0)
    assert isinstance(ended, Ended)
    assert ended.safe
    assert ends(state, 2 * UNATTENDED_S) == []


def test_a_revoked_owner_s_lease_ends_safe() -> None:
    state = leases.acquire(LeaseState(), Wish(ANNA, "tune-up", 600.0), 0.0)
    assert leases.revoke(state, frozenset({"anna", "ben"}), 1.0) == (state, ())
    state, (ended,) = leases.revoke(state, frozenset({"ben"}), 1.0)
    assert isinstance(ended, Ended)
    assert ended.safe
    assert "the key of anna (tune-up) is not authorized any more" in ended.reason
    assert leases.acquire(state, Wish(BEN, "next", 5.0), 1.0).epoch == 2


def test_a_revoked_take_over_does_not_come_about() -> None:
    state = leases.acquire(LeaseState(), Wish(ANNA, "tune-up", 600.0), 0.0)
    state = leases.take_over(state, Wish(BEN, "urgent", 5.0), "the cryostat", OTHER, 1.0)
    state, changes = leases.revoke(state, frozenset({"anna"}), 2.0)
    assert (changes, state.takeover) == ((), None)


def test_of_those_without_a_lease_only_the_revoked_are_struck() -> None:
    state = leases.admit(LeaseState(), ANNA, 0, USER, "alice", 0.0)
    state = leases.admit(state, BEN, 0, OTHER, "alice", 0.0)
    state, changes = leases.revoke(state, frozenset({"ben"}), 1.0)
    assert changes == ()
    state, (ended,) = leases.revoke(state, frozenset(), 1.0)
    assert isinstance(ended, Ended)
    assert ended.safe


def test_the_stamp_of_a_refused_request_is_forgotten_and_that_of_a_loaded_one_kept() -> None:
    stamps = Stamps(floor=1)
    for request in range(1, 1000):
        stamps.admit(request, 5)
        stamps.ended(request)
    assert stamps.kept == 0
    stamps.admit(1000, 5)
    stamps.loaded(1000, 9)
    stamps.ended(1000)
    assert stamps.of(Count(1000, fresh=False), 9) == 5
    assert stamps.of(Unload(1000), 9) == 5
    assert stamps.kept == 0
