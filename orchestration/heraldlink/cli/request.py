# SPDX-License-Identifier: Apache-2.0
"""``heraldlink request``: ask running nodes for pairs, and keep the run."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def request(
    network: Annotated[str, typer.Option(help="Network file.")] = "networks/two_nodes.yaml",
    local: Annotated[str, typer.Option("--node", help="End node that is asked.")] = "alice",
    remote: Annotated[str, typer.Option(help="End node it shall share pairs with.")] = "bob",
    number: Annotated[int, typer.Option(help="Pairs to ask for.")] = 200,
    fidelity: Annotated[float, typer.Option(help="Lowest fidelity that will do, 0 to 1.")] = 0.6,
    max_time: Annotated[float, typer.Option(help="Longest bench time, seconds.")] = 60.0,
    seed: Annotated[int | None, typer.Option(help="Seed of the bases.")] = None,
    prepare: Annotated[bool, typer.Option(help="Apply the nodes' operating points first.")] = True,
    park: Annotated[bool, typer.Option(help="Bring the nodes to their safe state afterwards.")] = True,
    runs: Annotated[Path, typer.Option(help="Folder that gets the run folder.")] = Path("runs"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask a running network for entangled pairs; Ctrl-C ends the request and parks the nodes."""
    from heraldlink.cli.exits import told_at_once
    from heraldlink.cli.lease import borrow
    from heraldlink.cli.measurement import Wish, judge, measure, parked_on_failure
    from heraldlink.cli.report import check_writable, compared, demand_agreement, keep, show
    from heraldlink.cli.signals import terminated_as_interrupted
    from heraldlink.client import connect

    wish = Wish(local, remote, number, fidelity, max_time, seed)
    check_writable(runs)
    console = Console(stderr=json)
    with ExitStack() as stack:
        stack.enter_context(terminated_as_interrupted())
        nodes = stack.enter_context(connect(network))
        borrow(nodes)
        for node in nodes:
            node.status()
        stack.enter_context(parked_on_failure(nodes))
        stack.enter_context(told_at_once())
        if prepare:
            with console.status("preparing the nodes"):
                nodes.prepare()
        asked, result = measure(nodes, wish, console)
        found = compared(nodes, asked)
        run = keep(asked, result, wish, runs, found)
        if park:
            nodes.park()
        show(run, result, found, json, console)
        judge(nodes, result)
        demand_agreement(found)
