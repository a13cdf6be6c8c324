# SPDX-License-Identifier: Apache-2.0
"""Which commands are let through: by role, deadline, repetition and lease; and what a new life remembers."""

from itertools import count
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from agent_lab import ROOT

from heraldlink.agent.admission import Admission, Admitted, Repeated
from heraldlink.agent.command_port import Question
from heraldlink.agent.commands import COMMANDS
from heraldlink.agent.lease import Draining, Ended, Refused
from heraldlink.journal import Entry, Journal
from heraldlink.messages.command import (
    COMMAND_TYPES,
    Create,
    Created,
    Done,
    GetStatus,
    NodeStatus,
    Park,
    Ping,
    Prepare,
)
from heraldlink.messages.header import Body
from heraldlink.messages.lease import AcquireLease, LeaseStatus, ReleaseLease
from heraldlink.messages.values import CommandCode, Prediction, Role
from heraldlink.security.sender import Sender

NUMBERS, SESSION = count(1), 987654321


def question(
    body: Body, role: Role = "operator", *, name: str = "anna", number: int = 0, **given: int
) -> Question:
    return Question(b"peer", number or next(NUMBERS), body, Sender(name, role), session=SESSION, **given)


def refusal(admission: Admission, asked: Question, now: float = 0.0) -> Refused:
    with pytest.raises(Refused) as found:
        admission.admit(asked, now)
    return found.value


def give(admission: Admission, **given: object) -> LeaseStatus:
    asked = question(AcquireLease("tune-up", **given))
    admission.admit(asked, 0.0)
    status, entries, _ = admission.lease_command(asked, 0.0)
    assert status is not None
    assert [entry.kind for entry in entries] == ["lease"]
    return status


@pytest.mark.parametrize(
    ("body", "role", "allowed"),
    [
        (GetStatus(), "observer", True),
        (Prepare(), "observer", False),
        (Prepare(), "operator", True),
        (Prepare(), "agent", False),
        (Ping(), "agent", False),
        (AcquireLease("x", steal="why"), "operator", False),
        (AcquireLease("x", steal="why"), "engineer", True),
        (ReleaseLease("why"), "operator", False),
    ],
)
def test_roles(body: Body, role: Role, allowed: bool) -> None:
    admission = Admission("alice", 1)
    if allowed:
        assert isinstance(admission.admit(question(body, role), 0.0), Admitted)
    else:
        assert refusal(admission, question(body, role)).code == "FORBIDDEN"


def test_what_is_no_question_is_refused() -> None:
    admission = Admission("alice", 1)
    assert refusal(admission, question(Done({}))).code == "BAD_REQUEST"
    assert refusal(admission, Question(b"peer", 0, Prepare())).code == "BAD_REQUEST"


def test_a_deadline_is_over_on_the_monotonic_clock() -> None:
    admission = Admission("alice", 1)
    assert isinstance(admission.admit(question(Prepare(), deadline_ns=5 * 10**9), 4.9), Admitted)
    assert refusal(admission, question(Prepare(), deadline_ns=5 * 10**9), 5.1).code == "EXPIRED"


def test_reading_leaves_no_trace_and_needs_no_lease() -> None:
    admission = Admission("alice", 1)
    give(admission)
    assert admission.admit(question(GetStatus(), "observer", name="ben"), 0.0) == Admitted(())


def test_a_repeated_command_gets_its_answers_also_when_its_lease_and_deadline_are_over() -> None:
    admission = Admission("alice", 1)
    epoch = give(admission).epoch
    asked = question(Prepare(), lease=epoch, deadline_ns=10**9)
    assert isinstance(admission.admit(asked, 0.0), Admitted)
    assert admission.admit(asked, 0.5) == Repeated(())  # still under way
    admission.answered(asked, Done({"x": "prepared"}), 0.6)
    assert admission.admit(asked, 100.0) == Repeated((Done({"x": "prepared"}),))
    assert refusal(admission, question(Park(), number=asked.request_id)).code == "ID_REUSED"


def test_ids_of_others_do_not_collide() -> None:
    admission = Admission("alice", 1)
    asked = question(Prepare())
    admission.admit(asked, 0.0)
    admission.answered(asked, Done({}), 0.0)
    assert isinstance(admission.admit(question(Park(), name="ben", number=asked.request_id), 0.0), Admitted)


def test_a_new_life_knows_epochs_and_answers_and_what_was_cut_off(tmp_path: Path) -> None:
    done, cut = question(Prepare()), question(Park())
    with_journal = Admission("alice", 1)
    kept: list[Entry] = []
    for asked in (done, cut):
        admitted = with_journal.admit(asked, 0.0)
        assert isinstance(admitted, Admitted)
        kept += admitted.entries
    with_journal.answered(done, Done({"a": "b"}), 0.0)
    journal = Journal(tmp_path / "journal-alice.sqlite")
    journal.append([*kept, *with_journal.unwritten()])
    anew = Admission("alice", 2, journal.rows())
    journal.close()
    assert anew.admit(done, 0.0) == Repeated((Done({"a": "b"}),))
    assert refusal(anew, cut).code == "INDETERMINATE"
    assert anew.epoch == with_journal.epoch == 1
    assert give(anew).epoch == 2


def test_a_request_keeps_the_open_lease_until_it_has_ended() -> None:
    admission = Admission("alice", 1)
    asked = question(Create(1, "bob", 1, 0.5, 1.0, 1, ("ZZ",), 10))
    admission.admit(asked, 0.0)
    prediction = Prediction(0.1, 0.05, 0.05, 0.9, 0.9, 0.9, 0.01, {})
    assert admission.answered(asked, Created(1, 5, prediction, 100), 0.5) == ()
    assert admission.status(asked.owner, 0.5).held
    changes = admission.left(asked, gone=True, now=1.0)
    assert [type(change) for change in changes] == [Ended]
    assert not admission.status(asked.owner, 1.0).held


def test_others_learn_who_holds_the_lease_and_not_its_session() -> None:
    admission = Admission("alice", 1)
    mine = give(admission, ttl_s=10.0)
    theirs = admission.status(question(GetStatus(), name="ben").owner, 4.0)
    assert (mine.yours, theirs.yours) == (True, False)
    assert (theirs.holder, theirs.note, theirs.left_s) == ("anna", "tune-up", 6.0)
    assert str(SESSION) not in msgspec.json.encode(theirs).decode()


def test_time_drains_and_ends_a_lease() -> None:
    admission = Admission("alice", 1)
    give(admission, ttl_s=5.0)
    assert [type(change) for change in admission.pass_time(4.1, busy=True)] == [Draining]
    changes = admission.pass_time(5.1, busy=True)
    assert [entry.body.reason for entry in admission.entries_of(changes, 5.1)] == [
        "the lease of anna (tune-up) ended: not renewed for 5 s"
    ]


def test_every_command_and_code_is_documented_and_every_question_has_a_rule() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    assert [kind for kind in COMMANDS if f"`{kind}`" not in page] == []
    assert [code for code in get_args(CommandCode) if f"`{code}`" not in page] == []
    answers = {kind for kind in COMMAND_TYPES if kind not in COMMANDS}
    assert {Done, NodeStatus, Created, LeaseStatus} <= {COMMAND_TYPES[kind] for kind in answers}
