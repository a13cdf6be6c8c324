# SPDX-License-Identifier: Apache-2.0
"""A stored value that a node took and that expires since is not used in silence: the next request says so."""

from pathlib import Path

from agent_lab import Lab

import heraldlink
from heraldlink.agent.estimator import read_devices
from heraldlink.calibration.declared import parts_of
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.result import Result
from heraldlink.calibration.specification import link_graph
from heraldlink.calibration.store import add_result, calibration_file
from heraldlink.cli.calibrate import rack_point
from heraldlink.client import Network
from heraldlink.errors import RequestError, RunFailed

LEFT_SLOTS = 8
"""Until the value expires, counted from the bench's first tick: enough to prepare and for one request."""

VALUES = {
    "alice.rabi": {"rabi": Measured(1e9, 1e6, "rad/Vs"), "scale": Measured(1.0, 1e-3)},
    "midpoint.dark_counts": {"dark_c": Measured(6.5, 0.5, "Hz"), "dark_d": Measured(6.5, 0.5, "Hz")},
}


def keep(folder: Path, name: str) -> None:
    """Store a value that was measured so long ago that it has `LEFT_SLOTS` left."""
    node, point = name.partition(".")[0], rack_point("networks/two_nodes.yaml", folder)
    devices = read_devices(point.midpoint.devices, point.names)
    parts = parts_of((point.midpoint, *point.ends.values()), devices)
    calibration = link_graph(point.midpoint.node, point.names, parts)[name]
    slot = LEFT_SLOTS - round(calibration.expires_s * point.tick_rate_Hz)
    result = Result(
        name, node, "measured", slot, slot, "2025-06-01T08:00:00+00:00", "simulated", "ab", VALUES[name],
        declared=calibration.declared or {},
    )  # fmt: skip
    add_result(calibration_file(folder, node), result)


def ask(net: Network) -> None:
    """A small request, of a slot in each basis."""
    net["alice"].create(remote="bob", number=30, max_time=1e5, seed=1).check()


def refusal(net: Network) -> str:
    """What the first request is refused with."""
    for _ in range(LEFT_SLOTS):
        try:
            ask(net)
        except (RequestError, RunFailed) as error:
            return str(error)
    return "none was refused"


def test_an_expired_value_ends_the_next_request_and_is_named(tmp_path: Path) -> None:
    """While in date they are taken; expired they are refused; prepared again, declared values stand.

    The midpoint says so when it is to choose the parameters, an end when it loads its program.
    """
    for name in VALUES:
        keep(tmp_path, name)
    lab = Lab(tmp_path)
    try:
        lab.start_sim("two_nodes.yaml", "--seed", "11")
        lab.start_nodes()
        with heraldlink.connect(lab.nodes) as net:
            net["bob"].prepare()
            for name in VALUES:
                assert "2025-06-01T08:00:00" in net[name.partition(".")[0]].prepare()[name]
            ask(net)
            for name in ("midpoint.dark_counts", "alice.rabi"):
                node = name.partition(".")[0]
                told = refusal(net)
                assert f"node {node}: {name} expired: " in told
                assert "(measured 2025-06-01T08:00:00+00:00): prepare it again" in told
                net["bob"].prepare()
                assert net[node].prepare()[name].startswith("declared values stand: expired: ")
            net.prepare()
            ask(net)
    finally:
        lab.stop()
