# SPDX-License-Identifier: Apache-2.0
"""``heraldlink status``: what every node of a network is doing, and who commands it."""

import json as json_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from heraldlink.client import Node


def status(
    network: Annotated[str, typer.Option("--network", help="Network file or ports file.")] = (
        "networks/two_nodes.yaml"
    ),
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> int:
    """Show each node's state, its lease, open requests and instruments.

    Ends with 1 if a node does not answer or is in FAULT. Example: heraldlink status --json
    """
    from heraldlink.client import connect

    with connect(network) as net:
        found = [described(node) for node in net]
    if json:
        typer.echo(json_module.dumps(found))
    else:
        show(found)
    return int(any("error" in node or str(node["state"]).startswith("FAULT") for node in found))


def described(node: "Node") -> dict[str, object]:
    """One node, or the error in its place."""
    from heraldlink.errors import HeraldlinkError

    try:
        status, lease, snapshot = node.status(), node.lease_status(), node.snapshot()
    except HeraldlinkError as error:
        return {"node": node.name, "address": node.address, "error": str(error)}
    return {
        "node": node.name,
        "address": node.address,
        "role": status.role,
        "state": status.state,
        "prepared": status.prepared,
        "hears": dict(status.present),
        "lease": {"held": lease.held, "holder": lease.holder, "note": lease.note, "left_s": lease.left_s},
        "requests": [facts for name, facts in snapshot.state.items() if name.startswith("request/")],
        "instruments": dict(status.instruments),
    }


def show(nodes: list[dict[str, object]]) -> None:
    """As a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table("node", "state", "hears", "lease", "requests", "instruments", box=None)
    for node in nodes:
        if "error" in node:
            table.add_row(str(node["node"]), "[red]gone")
            continue
        hears, lease, requests = node["hears"], node["lease"], node["requests"]
        assert isinstance(hears, dict) and isinstance(lease, dict) and isinstance(requests, list)  # noqa: S101, PT018
        assert isinstance(node["instruments"], dict)  # noqa: S101
        heard = ", ".join(name if there else f"[red]not {name}[/]" for name, there in hears.items())
        owner = f"{lease['holder']}: {lease['note']} ({lease['left_s']:.0f} s)" if lease["held"] else "free"
        numbers = f"{len(requests)} open" if requests else "none"
        count = f"{len(node['instruments'])} open"
        table.add_row(str(node["node"]), str(node["state"]), heard, owner, numbers, count)
    Console().print(table)
    for node in nodes:
        if "error" in node:
            typer.echo(f"{node['node']}: {node['error']}")
