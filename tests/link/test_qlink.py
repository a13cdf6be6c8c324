# SPDX-License-Identifier: Apache-2.0
"""Every field of qlink-interface's requests and answers has its place in our messages."""

import dataclasses
from math import pi

import pytest
import qlink_interface as ql
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.agent.requests import demand_of
from heraldlink.errors import RequestError
from heraldlink.link.qlink import create_of, error_of, receive_of, response_of
from heraldlink.messages.command import Create, Err, HeraldedPair, Receive, StopReceive
from heraldlink.messages.service import Kept, Side

NAMES = {1: "alice", 2: "bob"}
NUMBERS = {"alice": 1, "bob": 2}
ASKED = {
    "remote_node_id": 2,
    "minimum_fidelity": 0.7,
    "time_unit": 1,
    "max_time": 2500,
    "purpose_id": 6,
    "number": 12,
    "priority": 3,
    "atomic": False,
    "consecutive": True,
}


def pair(**changes: object) -> HeraldedPair:
    fields = {
        "sequence_number": 70000, "mhp_seq": 9, "slot": 4, "attempt": 77, "bell_state": "psi-", "basis": "XS",
        "outcomes": (-1, 1), "goodness": 0.81, "goodness_how": "model", "goodness_sigma": 0.01,
        "status": "CONFIRMED", "reason": "", "measured": ("X", "Z+X"),
    }  # fmt: skip
    return HeraldedPair(**(fields | changes))  # type: ignore[arg-type]


def asked(request: object) -> Create:
    create = create_of(request, NAMES, create_id=5, seed=1)  # type: ignore[arg-type]
    demand_of(create)
    return create


def test_a_request_to_measure_keeps_every_field() -> None:
    request = ql.ReqMeasureDirectly(
        **ASKED,
        random_basis_local=ql.RandomBasis.XZ,
        random_basis_remote=ql.RandomBasis.CHSH,
        x_rotation_angle_local_1=0.1,
        y_rotation_angle_local=0.2,
        x_rotation_angle_local_2=0.3,
        x_rotation_angle_remote_1=-0.1,
        y_rotation_angle_remote=pi,
        x_rotation_angle_remote_2=-0.3,
        probability_distribution_parameter_local_1=0.25,
        probability_distribution_parameter_remote_1=0.5,
        probability_distribution_parameter_local_2=0.0,
        probability_distribution_parameter_remote_2=0.125,
    )
    create = asked(request)
    assert create.sides == (
        Side("XZ", (0.1, 0.2, 0.3), (0.25, 0.0)),
        Side("CHSH", (-0.1, pi, -0.3), (0.5, 0.125)),
    )
    assert (create.remote, create.number, create.type) == ("bob", 12, "M")
    assert (create.purpose_id, create.priority, create.consecutive) == (6, 3, True)
    assert create.max_time_s == pytest.approx(2.5)
    assert create.minimum_fidelity == 0.7


def test_requests_to_keep_and_to_prepare_have_their_types() -> None:
    assert asked(ql.ReqCreateAndKeep(**ASKED)).type == "K"
    assert asked(ql.ReqCreateAndKeep(**(ASKED | {"atomic": True}))).atomic
    prepare = asked(ql.ReqRemoteStatePrep(**ASKED, random_basis_local=ql.RandomBasis.XYZ))
    assert prepare.type == "R"
    assert prepare.sides is not None
    assert prepare.sides[0] == Side("XYZ")


@pytest.mark.parametrize(("unit", "seconds"), [(0, 2.5e-3), (1, 2.5), (2, 2500.0)])
def test_time_units(unit: int, seconds: float) -> None:
    assert asked(ql.ReqCreateAndKeep(**(ASKED | {"time_unit": unit}))).max_time_s == pytest.approx(seconds)


@pytest.mark.parametrize(("change", "words"), [({"time_unit": 3}, "time_unit"), ({"remote_node_id": 7}, "7")])
def test_what_has_no_meaning_is_refused(change: dict[str, int], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        asked(ql.ReqCreateAndKeep(**(ASKED | change)))


def test_receive_and_stop_receive() -> None:
    assert receive_of(ql.ReqReceive(2, 6), NAMES) == Receive("bob", 6)
    assert receive_of(ql.ReqStopReceive(2, 6), NAMES) == StopReceive("bob", 6)


def test_a_measured_pair_has_every_field() -> None:
    create = asked(ql.ReqMeasureDirectly(**ASKED))
    found = response_of(create, pair(), NUMBERS)
    assert isinstance(found, ql.ResMeasureDirectly)
    assert dataclasses.asdict(found) == {
        "create_id": 5,
        "directionality_flag": False,
        "sequence_number": 70000 % 2**16,
        "purpose_id": 6,
        "remote_node_id": 2,
        "goodness": 0.81,
        "bell_state": ql.BellState.PSI_MINUS.value,
        "measurement_outcome": True,
        "measurement_basis": ql.MeasurementBasis.X,
    }


def test_a_kept_pair_names_its_qubit_and_a_measured_one_does_not_pass_for_it() -> None:
    create = asked(ql.ReqCreateAndKeep(**ASKED))
    kept = Kept(qubit=3, since_ps=12_500_000, until_ps=0, decay=((0.8, 0.0),))
    found = response_of(create, pair(kept=kept), NUMBERS)
    assert isinstance(found, ql.ResCreateAndKeep)
    # 12.5 us; banker's rounding
    assert (found.logical_qubit_id, found.time_of_goodness, found.sequence_number) == (3, 12, 4464)
    with pytest.raises(RequestError, match="without its qubit"):
        response_of(create, pair(), NUMBERS)


@given(st.sampled_from([code.name for code in ql.ErrorCode]), st.integers(0, 2**40), st.integers(0, 100))
def test_errors_have_the_same_names_and_a_range(code: str, low: int, more: int) -> None:
    found = error_of(Err(code, "why", "bob", low=low, high=low + more), 5, NUMBERS)  # type: ignore[arg-type]
    assert found.error_code.name == code
    assert (found.create_id, found.origin_node_id) == (5, 2)
    assert found.use_sequence_number_range is (low + more > 0)
    assert (found.sequence_number_low, found.sequence_number_high) == (low % 2**16, (low + more) % 2**16)


def test_a_code_that_the_package_does_not_have_is_other() -> None:
    assert error_of(Err("LEASED", "why", "bob"), 5, NUMBERS).error_code is ql.ErrorCode.OTHER
