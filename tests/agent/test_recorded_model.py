# SPDX-License-Identifier: Apache-2.0
"""The model beside a run's tags predicts as it did, also one from before transducers had limits."""

import json

import pytest

from heraldlink.agent.estimator import Estimator, read_devices
from heraldlink.agent.midpoint_crew import sequence_of
from heraldlink.agent.recorded_model import describe_model, recorded_model
from heraldlink.config import MidpointConfig, load_node
from heraldlink.errors import DataError
from heraldlink.heralding.description import ENVELOPE, MODEL, describe_midpoint
from heraldlink.messages.values import Drive

DRIVES = dict.fromkeys(("alice", "bob"), Drive(0.25, 0.25, 1_000_000))
GATE_PS = (120_000, 260_000)


@pytest.fixture(scope="module")
def described() -> dict[str, str]:
    config = load_node("nodes/midpoint.yaml")
    assert isinstance(config, MidpointConfig)
    model = Estimator(config, sequence_of(config.sequence), read_devices(config.devices, config.ends))
    peaks = {name: drive.envelope_peak_V for name, drive in DRIVES.items()}
    hub = describe_midpoint(model.sequence, GATE_PS, {}) | {ENVELOPE: json.dumps(peaks)}
    return hub | describe_model(model, DRIVES)


def changed(described: dict[str, str], *place: str) -> dict[str, str]:
    """Without the entry at a place of the configuration."""
    held = json.loads(described[MODEL])
    entry = held["config"]
    for name in place[:-1]:
        entry = entry[name]
    del entry[place[-1]]
    return described | {MODEL: json.dumps(held)}


def test_a_run_from_before_the_limits_on_light_predicts_the_same(described: dict[str, str]) -> None:
    old = changed(described, "limits", "transducer")
    assert recorded_model(old).predict(GATE_PS) == recorded_model(described).predict(GATE_PS)


def test_what_else_is_missing_is_named_with_the_remedy(described: dict[str, str]) -> None:
    for place in (("limits", "bias_A"), ("uncertainties",), ("limits",), ("ends",)):
        with pytest.raises(DataError, match=rf"{place[-1]}.*without --gate") as told:
            recorded_model(changed(described, *place))
        assert "\n" not in str(told.value)
    for text in ('{"config": []}', '{"config": {"ends": 1, "limits": 2}}', "{", "[]", "3"):
        with pytest.raises(DataError, match="without --gate"):
            recorded_model({MODEL: text})
    with pytest.raises(DataError, match=r"without their model .* --option slot=N"):
        recorded_model({})
