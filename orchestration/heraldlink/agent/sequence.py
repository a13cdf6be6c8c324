# SPDX-License-Identifier: Apache-2.0
"""The sequence of a request as each node's worker plays it, and how long it is recorded."""

import hashlib

import msgspec

from heraldlink.config import SequenceConfig
from heraldlink.messages.values import Parameters
from heraldlink.sequences import PairSourceSequence


def sequence_of(config: SequenceConfig) -> PairSourceSequence:
    """The declared sequence."""
    return config.declared


def program_id(sequence: PairSourceSequence, parameters: Parameters) -> str:
    """Equal on all nodes only if they play the same sequence with the same parameters."""
    chosen = msgspec.json.encode(parameters, order="sorted")
    return hashlib.sha256(sequence.digest().encode() + chosen).hexdigest()[:16]


def midpoint_record_ps(
    sequence: PairSourceSequence, parameters: Parameters, estimate: bool, start_ps: int
) -> int:
    """How long the midpoint records: an estimating slot ends with the calibration."""
    if estimate:
        return start_ps + sequence.preamble_ps + sequence.attempt_period_ps
    return parameters.record_ps


def end_record_ps(sequence: PairSourceSequence, parameters: Parameters, estimate: bool, start_ps: int) -> int:
    """How long an end node records: until the readout after the midpoint's last herald is over."""
    margin_ps = 3 * sequence.attempt_period_ps
    return midpoint_record_ps(sequence, parameters, estimate, start_ps) + margin_ps
