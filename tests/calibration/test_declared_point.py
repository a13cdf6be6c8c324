# SPDX-License-Identifier: Apache-2.0
"""A stored value refers to what the files declared: an edit makes it due, is named, and keeps it from use."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.agent.estimator import read_devices
from heraldlink.calibration.apply import Files, stored
from heraldlink.calibration.declared import changed_since, parts_of
from heraldlink.calibration.graph import Graph, Now
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.result import Result
from heraldlink.calibration.specification import link_graph
from heraldlink.calibration.store import add_result, calibration_file
from heraldlink.cli.calibrate import rack_point
from heraldlink.config import find_config
from heraldlink_physics.device import Devices

NOW = Now(10, 10.0)
VALUES = {
    "alice.rabi": {"rabi": Measured(1.1e9, 1e6), "scale": Measured(1.1, 0.01)},
    "bob.rabi": {"rabi": Measured(0.9e9, 1e6), "scale": Measured(0.9, 0.01)},
    "bob.slot_delay": {"delay": Measured(1.2e-6, 1e-12), "arrival": Measured(200_000.0, 10.0)},
    "midpoint.dark_counts": {"dark_c": Measured(6.5, 0.5), "dark_d": Measured(6.5, 0.5)},
}


@pytest.fixture
def point(tmp_path: Path) -> RackPoint:
    return rack_point("networks/two_nodes.yaml", tmp_path)


@pytest.fixture
def devices(point: RackPoint) -> Devices:
    return read_devices(point.midpoint.devices, point.names)


def graph(point: RackPoint, devices: Devices) -> Graph:
    """With all files known, as calibrate has it."""
    parts = parts_of((point.midpoint, *point.ends.values()), devices)
    return link_graph(point.midpoint.node, point.names, parts)


def results(point: RackPoint, devices: Devices) -> dict[str, Result]:
    """As they are measured with these files."""
    calibrations = graph(point, devices)
    return {
        name: Result(
            name, calibrations[name].node, "measured", 5, 5, "", "simulated", "ab", values,
            declared=calibrations[name].declared or {},
        )
        for name, values in VALUES.items()
    }  # fmt: skip


def due(point: RackPoint, devices: Devices, found: dict[str, Result]) -> dict[str, str]:
    """What of the results is due, and why."""
    reasons = {item.name: item.reason for item in graph(point, devices).due(found, NOW)}
    return {name: reason for name, reason in reasons.items() if name in found}


def test_nothing_is_due_while_the_files_stay(point: RackPoint, devices: Devices) -> None:
    assert due(point, devices, results(point, devices)) == {}


def test_an_edit_makes_due_what_refers_to_it_and_names_it(point: RackPoint, devices: Devices) -> None:
    found = results(point, devices)
    qubit = point.end("alice", qubit__rabi_rad_per_Vs=1.2e9)
    assert due(qubit, devices, found) == {
        "alice.rabi": "the node file of alice changed: operating_point.qubit"
    }
    late = point.end("alice", slot_trigger__delay_s=2e-6)
    named = "the node file of alice changed: operating_point.slot_trigger"
    assert due(late, devices, found) == dict.fromkeys(
        ("alice.rabi", "bob.slot_delay", "midpoint.dark_counts"), named
    )
    alice, bob = devices.arms
    coupled = replace(alice, transducer=replace(alice.transducer, coupling_Hz=2e6))
    edited = due(point, replace(devices, arms=(coupled, bob)), found)
    assert edited.pop("alice.rabi") == "the device file changed: arms.alice.transducer"
    assert set(edited) == {"bob.slot_delay", "midpoint.dark_counts"}


@given(st.data())
def test_every_section_of_the_devices_is_watched(data: st.DataObject) -> None:
    """Whichever field of an arm is edited, and however little, it is named, and it alone."""
    devices = read_devices(find_config("devices/improved.yaml"), ("alice", "bob"))
    alice, bob = devices.arms
    scalars = [item.name for item in fields(alice) if type(getattr(alice, item.name)) is float]
    name = data.draw(st.sampled_from([n for n in scalars if 0 < getattr(alice, n) < 1]))
    edited = replace(alice, **{name: getattr(alice, name) * (1 - 1e-9)})
    before, after = parts_of((), devices), parts_of((), replace(devices, arms=(edited, bob)))
    assert changed_since(before, after) == f"the device file changed: arms.alice.{name}"
    assert changed_since(before, before) == ""


def test_a_result_without_a_note_of_what_was_declared_is_due(point: RackPoint, devices: Devices) -> None:
    found = {name: replace(item, declared={}) for name, item in results(point, devices).items()}
    assert set(due(point, devices, found).values()) == {"what the files declared was not noted with it"}


def test_a_sequence_file_concerns_everything(point: RackPoint, devices: Devices) -> None:
    sequence = point.midpoint.sequence.model_copy(update={"pulse_sigma_ps": 40_000})
    ends = {name: end.model_copy(update={"sequence": sequence}) for name, end in point.ends.items()}
    edited = RackPoint(point.midpoint.model_copy(update={"sequence": sequence}), ends)
    reasons = due(edited, devices, results(point, devices))
    assert set(reasons) == set(VALUES)
    assert set(reasons.values()) == {"the sequence changed: pulse_sigma_ps"}


def test_a_node_does_not_take_what_was_measured_before_its_file_was_edited(
    point: RackPoint, devices: Devices
) -> None:
    """From the node's own calibration file, with only its own files known to it."""
    for name, result in results(point, devices).items():
        node = name.partition(".")[0]
        add_result(calibration_file(point.midpoint.data_directory, node), result)
    for config in (point.midpoint, *point.ends.values()):
        assert set(stored(Files(config, devices), NOW.slot, "simulated").values) == {
            name for name in VALUES if name.startswith(config.node)
        }
    alice = point.end("alice", qubit__rabi_rad_per_Vs=1.2e9).ends["alice"]
    found = stored(Files(alice, devices), NOW.slot, "simulated")
    assert found.values == {}
    reason = "the node file of alice changed: operating_point.qubit"
    assert found.told == {"alice.rabi": f"declared values stand: {reason}"}
