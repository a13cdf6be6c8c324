# SPDX-License-Identifier: Apache-2.0
"""The midpoint hears with every beat what the ends declare: an edited end file ends the use of old values."""

from pathlib import Path

from two_node_lab import Laboratory

from heraldlink.agent.crew import Crew
from heraldlink.agent.estimator import read_devices
from heraldlink.agent.run import drive_of
from heraldlink.calibration.declared import parts_of
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.result import Result
from heraldlink.calibration.specification import link_graph
from heraldlink.calibration.store import add_result, calibration_file
from heraldlink.cli.calibrate import rack_point
from heraldlink.messages.header import Body
from heraldlink.messages.values import Demand
from heraldlink.messages.worker import Choose, Chosen, NotChosen, Notes, ParkAll, PrepareAll

NAME = "midpoint.dark_counts"
DEMAND = Demand(30, 0.0, 1e6, 1, ("XX", "YY", "ZZ"), 3)


def keep(point: RackPoint) -> None:
    """Dark counts as calibrate stores them: it knows the files of all nodes."""
    devices = read_devices(point.midpoint.devices, point.names)
    parts = parts_of((point.midpoint, *point.ends.values()), devices)
    values = {f"dark_{port}": Measured(6.5, 0.5, "Hz") for port in "cd"}
    declared = link_graph(point.midpoint.node, point.names, parts)[NAME].declared or {}
    result = Result(NAME, "midpoint", "measured", 0, 0, "", "simulated", "ab", values, declared=declared)
    add_result(calibration_file(point.midpoint.data_directory, "midpoint"), result)


def choose(point: RackPoint) -> Choose:
    """What the link layer asks once both ends have introduced themselves."""
    return Choose(1, DEMAND, {name: drive_of(config) for name, config in point.ends.items()})


def told(answer: Body) -> str:
    """What a prepared crew says of the dark counts."""
    assert isinstance(answer, Notes)
    return answer.notes[NAME]


def test_an_edited_end_file_ends_the_use_of_what_the_midpoint_keeps(tmp_path: Path) -> None:
    point = rack_point("networks/two_nodes.yaml", tmp_path)
    keep(point)
    edited = point.end("bob", slot_trigger__delay_s=1.2e-6)
    with Laboratory(tmp_path, "--seed", "11", "--pace", "fast", nodes=False) as lab:
        crew = Crew(point.midpoint.model_dump_json(), lab.addresses)
        try:
            assert told(crew.answer(PrepareAll())[0]).startswith("dark_c 6.5")
            assert isinstance(crew.answer(choose(point))[0], Chosen)
            refused = crew.answer(choose(edited))[0]
            assert isinstance(refused, NotChosen)
            reason = "the node file of bob changed: operating_point.slot_trigger"
            assert f"node midpoint: {NAME} {reason} (measured at slot 0): prepare it again" in refused.reason
            assert told(crew.answer(PrepareAll())[0]) == f"declared values stand: {reason}"
            assert isinstance(crew.answer(choose(edited))[0], Chosen)
        finally:
            crew.answer(ParkAll())
            crew.close()
