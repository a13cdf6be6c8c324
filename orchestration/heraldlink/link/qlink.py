# SPDX-License-Identifier: Apache-2.0
"""Our messages as the dataclasses of the package qlink-interface 1.0.0, and those as our messages.

Nothing else imports this module, so that the package is needed only by who speaks it
(``pip install "heraldlink[qlink]"``). Nodes have numbers there and names here. Sequence numbers, 64 bit here,
are 16 bit there; time_of_goodness, whose unit it leaves open, is in microseconds of bench time.
"""
# pyright: reportMissingTypeStubs=false

from collections.abc import Mapping
from typing import Final

from qlink_interface.interface import (
    BellState,
    ErrorCode,
    MeasurementBasis,
    ReqCreateAndKeep,
    ReqMeasureDirectly,
    ReqReceive,
    ReqRemoteStatePrep,
    ReqStopReceive,
    ResCreateAndKeep,
    ResError,
    ResMeasureDirectly,
    ResRemoteStatePrep,
)

from heraldlink.errors import RequestError
from heraldlink.messages.command import Create, Err, HeraldedPair, Receive, StopReceive
from heraldlink.messages.service import Measured, RandomBasis, RequestType, Side

Request = ReqCreateAndKeep | ReqMeasureDirectly | ReqRemoteStatePrep
Response = ResCreateAndKeep | ResMeasureDirectly | ResRemoteStatePrep

TIME_UNITS_S: Final = (1e-6, 1e-3, 1.0)
SEQUENCE_BITS: Final = 0xFFFF
WITHHOLD_LIMIT: Final = 1000
SETS: Final[tuple[RandomBasis, ...]] = ("NONE", "XZ", "XYZ", "CHSH")
BASES: Final[dict[Measured, MeasurementBasis]] = {
    "Z": MeasurementBasis.Z,
    "X": MeasurementBasis.X,
    "Y": MeasurementBasis.Y,
    "Z+X": MeasurementBasis.ZPLUSX,
    "Z-X": MeasurementBasis.ZMINUSX,
}
BELL: Final = {"psi+": BellState.PSI_PLUS.value, "psi-": BellState.PSI_MINUS.value}


def create_of(request: Request, names: Mapping[int, str], create_id: int, seed: int) -> Create:
    """A CREATE. ``names`` are the nodes' by number. Raises RequestError naming the field.

    Both probabilities 0, the package's default, mean that none were given: all bases are alike.
    """
    if not 0 <= request.time_unit < len(TIME_UNITS_S):
        raise RequestError(f"time_unit must be 0 (us), 1 (ms) or 2 (s), got {request.time_unit}")
    return Create(
        create_id=create_id,
        remote=name_of(request.remote_node_id, names),
        number=request.number,
        minimum_fidelity=request.minimum_fidelity,
        max_time_s=request.max_time * TIME_UNITS_S[request.time_unit],
        seed=seed,
        bases=("ZZ",),
        withhold_limit=WITHHOLD_LIMIT,
        purpose_id=request.purpose_id,
        type=type_of(request),
        priority=request.priority,
        atomic=request.atomic,
        consecutive=request.consecutive,
        sides=sides_of(request),
    )


def type_of(request: Request) -> RequestType:
    """Type of a request by its class."""
    if isinstance(request, ReqMeasureDirectly):
        return "M"
    return "R" if isinstance(request, ReqRemoteStatePrep) else "K"


def sides_of(request: Request) -> tuple[Side, Side] | None:
    """How both nodes measure; a node that does not is given a side that says nothing."""
    if not isinstance(request, ReqMeasureDirectly | ReqRemoteStatePrep):
        return None
    local = Side(
        SETS[request.random_basis_local.value],
        (request.x_rotation_angle_local_1, request.y_rotation_angle_local, request.x_rotation_angle_local_2),
        probabilities_of(
            request.probability_distribution_parameter_local_1,
            request.probability_distribution_parameter_local_2,
        ),
    )
    return local, remote_side_of(request) if isinstance(request, ReqMeasureDirectly) else Side()


def remote_side_of(request: ReqMeasureDirectly) -> Side:
    """How the other node measures."""
    return Side(
        SETS[request.random_basis_remote.value],
        (
            request.x_rotation_angle_remote_1,
            request.y_rotation_angle_remote,
            request.x_rotation_angle_remote_2,
        ),
        probabilities_of(
            request.probability_distribution_parameter_remote_1,
            request.probability_distribution_parameter_remote_2,
        ),
    )


def probabilities_of(first: float, second: float) -> tuple[float, float] | None:
    """Those of a side, None if they were left at the default."""
    return (first, second) if first or second else None


def receive_of(request: ReqReceive | ReqStopReceive, names: Mapping[int, str]) -> Receive | StopReceive:
    """RECEIVE or STOP_RECEIVE. Raises RequestError."""
    kind = Receive if isinstance(request, ReqReceive) else StopReceive
    return kind(name_of(request.remote_node_id, names), request.purpose_id)


def name_of(number: int, names: Mapping[int, str]) -> str:
    """Name of a node. Raises RequestError."""
    if number not in names:
        raise RequestError(f"there is no node with the number {number}; known are {dict(names)}")
    return names[number]


def response_of(create: Create, pair: HeraldedPair, numbers: Mapping[str, int]) -> Response:
    """OK of one pair, at the node that asked; ``numbers`` are the nodes' by name."""
    found = answer_of(create, pair)
    found.create_id = create.create_id
    found.directionality_flag = False
    found.sequence_number = pair.sequence_number & SEQUENCE_BITS
    found.purpose_id = create.purpose_id
    found.remote_node_id = numbers[create.remote]
    found.goodness = pair.goodness
    found.bell_state = BELL[pair.bell_state]
    return found


def answer_of(create: Create, pair: HeraldedPair) -> Response:
    """The part of an OK that depends on the type. Raises RequestError if a kept pair has no qubit."""
    if create.type == "K":
        if pair.kept is None:
            raise RequestError("a pair of a request of type K came without its qubit")
        time_us = round(pair.kept.since_ps / 1e6)
        return ResCreateAndKeep(logical_qubit_id=pair.kept.qubit, time_of_goodness=time_us)
    outcome, basis = pair.outcomes[0] == -1, BASES[pair.measured[0]]
    if create.type == "M":
        return ResMeasureDirectly(measurement_outcome=outcome, measurement_basis=basis)
    return ResRemoteStatePrep(measurement_outcome=outcome, measurement_basis=basis)


def error_of(error: Err, create_id: int, numbers: Mapping[str, int]) -> ResError:
    """ERR; a code that the package does not have is OTHER."""
    known = error.code in ErrorCode.__members__
    return ResError(
        create_id=create_id,
        error_code=ErrorCode[error.code] if known else ErrorCode.OTHER,
        use_sequence_number_range=error.high > 0,
        sequence_number_low=error.low & SEQUENCE_BITS,
        sequence_number_high=error.high & SEQUENCE_BITS,
        origin_node_id=numbers.get(error.node, 0),
    )
