# SPDX-License-Identifier: Apache-2.0
"""A rack on a bench's real sockets: slots, deviations, interruption, and nodes that are in the way."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast import CHANNELS
from two_node_lab import Laboratory

from heraldlink.calibration import counting
from heraldlink.calibration.plans import light_plan, qubit_plan
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.rack import Rack
from heraldlink.config import EndNodeConfig, MidpointConfig, load_node
from heraldlink.errors import ConfigurationError, InstrumentLost, RequestError, RunFailed
from heraldlink.sequences import QubitDrive
from heraldlink_drivers.station import load_station


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("rack")
    with Laboratory(folder, "--seed", "11", "--pace", "fast", nodes=False) as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def point() -> RackPoint:
    """The shipped node files, listening nowhere that others could use."""
    configs = {name: load_node(f"nodes/{name}.yaml") for name in ("midpoint", "alice", "bob")}
    for name, config in configs.items():
        listen = config.listen.model_copy(update={"command": "tcp://127.0.0.1:0"})
        configs[name] = config.model_copy(update={"listen": listen})
    assert isinstance(configs["midpoint"], MidpointConfig)
    ends = {name: configs[name] for name in ("alice", "bob")}
    return RackPoint(configs["midpoint"], ends)  # type: ignore[arg-type]


def test_slots_follow_each_other_and_the_blocked_arm_is_dark(lab: Laboratory, point: RackPoint) -> None:
    """Both arms make twice the clicks of one; a blocked rack makes none to speak of."""
    plan = light_plan(point, [0.0, 0.25], shares=(0.5, 0.5))
    clicks: list[int] = []
    with Rack(point, lab.addresses) as rack:
        first = rack.slot()
        for number, blocked in enumerate(((), ("bob",), ("alice", "bob"))):
            slot = rack.play(plan, point.block(*blocked))
            assert rack.slot() == first + number + 1
            dark, lit = counting.clicked(slot.hub, plan).tolist()
            assert dark <= 5
            clicks.append(lit)
        assert rack.origin == "simulated"
    both, one, none = clicks
    assert none <= 5
    assert abs(both - 2 * one) < 6 * np.sqrt(both + 4 * one)


def test_one_end_can_play_alone(lab: Laboratory, point: RackPoint) -> None:
    drives = [(), (QubitDrive(0, 10_000, np.pi),)]
    plan = qubit_plan(point, "bob", "readout", drives, 300)
    with Rack(point, lab.addresses) as rack:
        slot = rack.play(plan, point)
    ground, excited = counting.photons(slot.ends["bob"], plan, point.midpoint.sequence.readout_width_ps)
    assert set(slot.ends) == {"bob"}
    assert (ground.size, excited.size) == (300, 300)
    assert excited.mean() > 2 > 0.3 > ground.mean()


def test_ctrl_c_parks_everything_pump_first(lab: Laboratory, point: RackPoint) -> None:
    def interrupted() -> None:
        with Rack(point, lab.addresses) as rack:
            rack.play(light_plan(point, [0.25]), point)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with load_roles(lab) as roles:
        assert not any(roles["hub_voa"].is_open(channel) for pair in CHANNELS.values() for channel in pair)
        assert not roles["hub_pump"].shutter_open()
        assert not roles["hub_readout_pump"].emission()
        assert not roles["alice_mw"].output()
        assert not roles["alice_dg"].armed()
        assert roles["hub_eos"].enabled()


@pytest.mark.parametrize(("kind", "interrupt"), [("refuse", False), ("hang", True)])
def test_an_instrument_lost_on_the_way_is_told_and_the_others_are_parked(
    lab: Laboratory, point: RackPoint, kind: str, interrupt: bool
) -> None:
    """The attenuator, first in the order; the second time Ctrl-C comes while its parking waits."""

    def played() -> None:
        with Rack(point, lab.addresses) as rack:
            rack.play(light_plan(point, [0.25], 1_000), point)
            bench_command(lab, "fault", "hub_voa", kind)
            if interrupt:
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                raise KeyboardInterrupt
            rack.play(light_plan(point, [0.25], 1_000), point)

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(RunFailed if interrupt else InstrumentLost, match=r"NOT parked: hub_voa \("):
            played()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        bench_command(lab, "heal")
    with load_roles(lab) as roles:
        assert not roles["hub_pump"].shutter_open()
        assert not roles["hub_readout_pump"].emission()
        assert not roles["alice_mw"].output()


def test_what_was_changed_behind_its_back_ends_the_slot(lab: Laboratory, point: RackPoint) -> None:
    plan = light_plan(point, [0.25], 1_000)
    with Rack(point, lab.addresses) as rack:
        rack.play(plan, point)
        lab.send("alice_dg", "DLAY 2,0,3E-6")
        with pytest.raises(RunFailed, match="alice_dg: delay_s is 3e-06, declared 1e-06"):
            rack.play(plan, point)


def test_what_a_generator_cannot_play_is_refused_before_anything_is_armed(
    lab: Laboratory, point: RackPoint
) -> None:
    with Rack(point, lab.addresses) as rack:
        before = rack.slot()
        with pytest.raises(ConfigurationError, match="V, but"):
            rack.play(light_plan(point, [0.6]), point)
        assert rack.slot() == before


def test_a_running_node_is_in_the_way(lab: Laboratory, point: RackPoint) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        busy = point.ends["bob"]
        assert isinstance(busy, EndNodeConfig)
        listen = busy.listen.model_copy(update={"command": endpoint})
        ends = dict(point.ends) | {"bob": busy.model_copy(update={"listen": listen})}
        with pytest.raises(
            RequestError, match=f"node bob is running at {endpoint} and holds its instruments"
        ):
            Rack(replace(point, ends=ends), lab.addresses).__enter__()


def test_an_instrument_that_does_not_answer_is_named(
    point: RackPoint, lab: Laboratory, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    gone = dict(lab.addresses) | {"hub_voa": f"TCPIP::127.0.0.1::{port}::SOCKET"}
    with pytest.raises(InstrumentLost, match="hub_voa"):
        Rack(point, gone).__enter__()


def bench_command(lab: Laboratory, *arguments: str) -> None:
    """``heraldlink sim ...`` to the running bench."""
    command = ["-m", "heraldlink.cli", "sim", *arguments, "--ports-file", str(lab.sim.ports_file)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True, timeout=30)


@contextmanager
def load_roles(lab: Laboratory) -> Iterator[dict[str, Any]]:
    """Roles over connections of their own."""
    stations = Path(__file__).resolve().parents[2] / "configs/stations"
    loaded = [load_station(stations / f"{name}.station.yaml", lab.addresses) for name in ("hub", "alice")]
    try:
        yield {name: role for station in loaded for name, role in station.roles.items()}
    finally:
        for station in loaded:
            station.close()
