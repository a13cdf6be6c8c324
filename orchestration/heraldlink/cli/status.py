# SPDX-License-Identifier: Apache-2.0
"""``heraldlink status``: what every node of a network is doing, and who commands it."""

import json as json_module
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from heraldlink.messages.event import Facts
    from heraldlink.remote import Node


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
        found = [looked_at(node) for node in net]
    if json:
        typer.echo(json_module.dumps([asdict(each) for each in found]))
    else:
        show(found)
    return int(any(each.error or each.state.startswith("FAULT") for each in found))


@dataclass(frozen=True)
class Shown:
    """One node, or the ``error`` in its place."""

    node: str
    address: str
    error: str = ""
    role: str = ""
    state: str = ""
    prepared: bool = False
    hears: dict[str, bool] = field(default_factory=dict[str, bool])
    lease: dict[str, bool | str | float] = field(default_factory=dict[str, bool | str | float])
    requests: "tuple[Facts, ...]" = ()
    instruments: dict[str, str] = field(default_factory=dict[str, str])


def looked_at(node: "Node") -> Shown:
    """What a node says of itself."""
    from heraldlink.errors import HeraldlinkError

    try:
        status, lease, snapshot = node.status(), node.lease_status(), node.snapshot()
    except HeraldlinkError as error:
        return Shown(node.name, node.address, str(error))
    return Shown(
        node.name,
        node.address,
        role=status.role,
        state=status.state,
        prepared=status.prepared,
        hears=dict(status.present),
        lease={"held": lease.held, "holder": lease.holder, "note": lease.note, "left_s": lease.left_s},
        requests=tuple(facts for name, facts in snapshot.state.items() if name.startswith("request/")),
        instruments=dict(status.instruments),
    )


def show(nodes: list[Shown]) -> None:
    """As a table, and a line for each node that is gone."""
    from rich.console import Console
    from rich.table import Table

    table = Table("node", "state", "hears", "lease", "requests", "instruments", box=None)
    for each in nodes:
        if each.error:
            table.add_row(each.node, "[red]gone")
            continue
        heard = ", ".join(name if there else f"[red]not {name}[/]" for name, there in each.hears.items())
        lease = each.lease
        owner = f"{lease['holder']}: {lease['note']} ({lease['left_s']:.0f} s)" if lease["held"] else "free"
        table.add_row(
            each.node, each.state, heard, owner, f"{len(each.requests)} open", f"{len(each.instruments)} open"
        )
    Console().print(table)
    for each in nodes:
        if each.error:
            typer.echo(f"{each.node}: {each.error}")
