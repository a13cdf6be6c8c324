# SPDX-License-Identifier: Apache-2.0
"""``heraldlink demo``: a laboratory and three nodes as processes, one request, and its results."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from heraldlink.cli.exits import told_at_once

if TYPE_CHECKING:
    from heraldlink.cli.measurement import Wish
    from heraldlink.journal.reconcile import Difference
    from heraldlink.pairs import Result
    from heraldlink.record.run import Run


def demo(
    number: Annotated[int, typer.Option(help="Pairs to ask for.")] = 200,
    fidelity: Annotated[float, typer.Option(help="Lowest fidelity that will do, 0 to 1.")] = 0.6,
    max_time: Annotated[float, typer.Option(help="Longest bench time, seconds.")] = 60.0,
    seed: Annotated[int | None, typer.Option(help="Seed of the world and of the bases.")] = None,
    bench: Annotated[str, typer.Option(help="Bench file.")] = "benches/two_nodes.yaml",
    runs: Annotated[Path, typer.Option(help="Folder that gets the run folder.")] = Path("runs"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Save what is shown as SVG.")] = None,
) -> None:
    """Make entangled pairs in a simulated laboratory, and compare them with the prediction."""
    from heraldlink.cli.laboratory import ENDS
    from heraldlink.cli.measurement import Wish
    from heraldlink.cli.report import check_writable, show
    from heraldlink.cli.signals import terminated_as_interrupted

    wish = Wish(*ENDS, number, fidelity, max_time, seed)
    check_writable(runs)
    console = Console(stderr=json) if picture is None else Console(stderr=json, record=True, width=82)
    with terminated_as_interrupted():
        run, result, found = play(wish, bench, runs, console)
    show(run, result, found, json, console)
    if picture is not None:
        console.save_svg(str(picture), title="heraldlink demo")


def play(
    wish: "Wish", bench: str, runs: Path, console: Console
) -> "tuple[Run, Result, list[Difference] | None]":
    """Start everything, measure, keep the run, and end everything."""
    from heraldlink.cli.children import Children
    from heraldlink.cli.laboratory import start_laboratory
    from heraldlink.cli.measurement import judge, measure
    from heraldlink.cli.report import compared, demand_agreement, keep
    from heraldlink.client import connect

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heraldlink-demo-")))
        children = stack.enter_context(Children(folder))
        stack.enter_context(told_at_once())
        stack.enter_context(children.watching())
        with console.status("starting") as status:
            nodes = start_laboratory(children, bench, wish.seed, folder, status.update)
            network = stack.enter_context(connect(nodes))
            status.update("preparing the nodes: lasers, attenuators, references, biases")
            network.prepare()
        console.print(introduction(wish, bench), highlight=False)
        asked, result = measure(network, wish, console)
        judge(network, result)
        with console.status("keeping the run and parking the nodes"):
            found = compared(network, asked)
            run = keep(asked, result, wish, runs, found)
            network.park()
        demand_agreement(found)
        return run, result, found


def introduction(wish: "Wish", bench: str) -> str:
    """What is about to be measured, and on what."""
    from heraldlink.cli.laboratory import devices_of
    from heraldlink.config.document import read_document

    devices = read_document(devices_of(bench)).content["name"]
    return (
        f"{wish.number} pairs between {wish.local} and {wish.remote}"
        f" at fidelity {wish.minimum_fidelity:g} or better\n"
        f"instruments: all simulated; devices: {devices}"
    )
