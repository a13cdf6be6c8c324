# SPDX-License-Identifier: Apache-2.0
"""What is shown of doors and sockets fails where its protection is switched off."""

import pytest
import test_door_faults as doors
from door_site import Site
from fault_lab import unprotected

from heraldlink.errors import NodeLost
from heraldlink.security import keys
from heraldlink.security.door import Door
from heraldlink.security.sender import Sender
from heraldlink.security.watch import Watch
from heraldlink.transport import Router

SOON_S = 0.5


@unprotected(33, "the allow-list")
def test_without_the_allow_list_a_stranger_gets_in(site: Site) -> None:
    site.user("carol", "operator")
    anybody = site.door(admit=lambda _mechanism, _credential: "any key")
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        doors.stranger_is_refused(site, anybody)


@unprotected(34, "an answer of the door whatever fails")
def test_without_an_answer_nobody_is_told_why(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Door, "_judged", lambda door, frames: (door._admit(frames[5], frames[6]), None))
    with pytest.raises(NodeLost, match="cannot be reached"):
        doors.door_that_fails(site, SOON_S)


@unprotected(35, "ZAP_ENFORCE_DOMAIN")
def test_without_an_enforced_domain_anybody_gets_in(site: Site) -> None:
    with pytest.raises(AssertionError):
        doors.nobody_gets_in_without_a_door(site, enforce=False)


@unprotected(36, "the watch over the handshake")
def test_without_the_watch_wrong_keys_are_a_node_that_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watch, "look", lambda self: "")
    with pytest.raises(NodeLost, match="is it running"):
        doors.wrong_keys(site, SOON_S)


@unprotected(37, "no hand-over of routing ids (ROUTER_HANDOVER 0)")
def test_with_hand_over_another_takes_the_place(site: Site) -> None:
    with pytest.raises(AssertionError, match="poll"):
        doors.routing_id_is_taken(site, handover=True)


@unprotected(39, "the look-up for each message")
def test_without_a_look_up_a_revoked_key_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.user("carol", "operator")
    door = site.door()
    monkeypatch.setattr(door, "who", lambda _frame: Sender("carol", "operator"))
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        doors.revoked_key_is_refused(site, door)


@unprotected(40, "the look at the mode of a secret")
def test_without_a_look_at_its_mode_a_secret_of_all_is_taken(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = keys.read_text
    monkeypatch.setattr(keys, "read_text", lambda path, *, private: usual(path, private=False))
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        doors.readable_secret(site, 0o644)


@unprotected(41, "the receiver's limits of frames and bytes")
def test_without_limits_a_thousand_frames_are_taken(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Router, "_check", lambda self, peer, frames: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        doors.too_large(site)
