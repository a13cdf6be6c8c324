# SPDX-License-Identifier: Apache-2.0
"""A simulated laboratory and its three nodes as processes of their own, on free ports."""

from collections.abc import Callable
from pathlib import Path

from heraldlink.cli.children import Child, Children
from heraldlink.config import find_config
from heraldlink.config.document import read_document
from heraldlink.errors import ConfigurationError

ENDS = ("alice", "bob")
MIDPOINT = "midpoint"


def start_laboratory(
    children: Children, bench: str, seed: int | None, folder: Path, report: Callable[[str], None]
) -> dict[str, str]:
    """Start the bench, then the midpoint, then the ends; the nodes' command addresses by name.

    Nodes keep their journals in ``folder``. Raises NodeLost, naming the process, if one of them ends or does
    not start to listen.
    """
    report("starting the simulated laboratory")
    seeded = [] if seed is None else ["--seed", str(seed)]
    sim = children.start("the simulated laboratory", ["sim", bench, "--pace", "fast", *seeded])
    children.addresses(sim)

    where = ["--addresses", str(sim.ports_file), "--free-ports", "--data", str(folder)]
    where += ["--devices", str(devices_of(bench))]

    def start_node(name: str, *options: str) -> Child:
        report(f"starting node {name}")
        return children.start(f"node {name}", ["node", f"nodes/{name}.yaml", *where, *options])

    nodes = children.addresses(start_node(MIDPOINT))
    link = nodes.pop(f"{MIDPOINT}.link")
    for child in [start_node(name, "--midpoint", link) for name in ENDS]:
        nodes |= children.addresses(child)
    return nodes


def devices_of(bench: str) -> Path:
    """The device file of a bench, which its nodes' model is to use too."""
    path = find_config(bench)
    devices = read_document(path).content.get("devices")
    if not isinstance(devices, str):
        raise ConfigurationError(f"{path}: devices: must name a device file")
    return (path.parent / devices).resolve()
