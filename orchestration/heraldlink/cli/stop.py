# SPDX-License-Identifier: Apache-2.0
"""``heraldlink stop``, ``clear`` and ``safe``: into the safe state, out of FAULT, and raw without nodes."""

import json as json_module
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heraldlink.cli.exits import ExitCode

if TYPE_CHECKING:
    from heraldlink.messages.safety import Secured

NetworkFile = Annotated[str, typer.Option("--network", help="Network file or ports file.")]
Nodes = Annotated[list[str] | None, typer.Argument(help="Nodes; all of the network if none is named.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NETWORK = "networks/two_nodes.yaml"


def stop(
    nodes: Nodes = None,
    reason: Annotated[str, typer.Option(help="Why; it is journalled.")] = "",
    abort: Annotated[bool, typer.Option("--abort", help="Only end what runs: no FAULT.")] = False,
    network: NetworkFile = NETWORK,
    json: Json = False,
) -> int:
    """Emergency stop: instruments to their safe state at once, FAULT until cleared. Needs no lease."""
    from heraldlink import safety
    from heraldlink.client import connect

    do = safety.abort if abort else safety.stop
    with connect(network) as net:
        names = nodes or [node.name for node in net]
        return tell({name: do(net, name, reason) for name in names}, json)


def clear(
    nodes: Annotated[list[str], typer.Argument(help="Nodes in FAULT.")],
    reason: Annotated[str, typer.Option(help="What was found and done; it is journalled.")],
    network: NetworkFile = NETWORK,
    json: Json = False,
) -> int:
    """End FAULT, because its cause is gone: every instrument is made safe once more, and read back."""
    from heraldlink import safety
    from heraldlink.client import connect

    with connect(network) as net:
        return tell({name: safety.clear(net, name, reason) for name in nodes}, json)


def safe(
    file: Annotated[str, typer.Argument(help="Node file, or the name of a shipped one.")],
    addresses: Annotated[
        Path | None, typer.Option(help="JSON file of instrument addresses that replace the Station's.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder in place of the file's data_directory.")] = None,
) -> int:
    """Make the instruments of a node safe over raw connections: for when none of its processes is left."""
    from heraldlink.cli.addresses import read_addresses
    from heraldlink.cli.node import placed
    from heraldlink.config import load_node
    from heraldlink.supervisor.node import make_safe

    known = {} if addresses is None else read_addresses(addresses)
    config = placed(load_node(file), None, False, data)
    return ExitCode.DONE if make_safe(config, known, typer.echo) else ExitCode.RUN_FAILED


def tell(found: "dict[str, Secured]", json: bool) -> int:
    """Print what became of each instrument; the exit code says whether all are safe."""
    if json:
        typer.echo(json_module.dumps({name: described(one) for name, one in found.items()}))
    else:
        for name, one in found.items():
            typer.echo(f"{name}: {one.state}" + ("" if one.ok else ", NOT ALL SAFE"))
            for line in lines(one):
                typer.echo(f"  {line}")
    return ExitCode.DONE if all(one.ok for one in found.values()) else ExitCode.RUN_FAILED


def described(one: "Secured") -> dict[str, object]:
    """For scripts."""
    return {"ok": one.ok, "how": one.how, "state": one.state, "instruments": one.outcomes}


def lines(one: "Secured") -> Sequence[str]:
    """For people."""
    return [f"{device}: {note}" for device, note in one.outcomes.items()]
