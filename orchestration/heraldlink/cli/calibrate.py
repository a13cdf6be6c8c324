# SPDX-License-Identifier: Apache-2.0
"""``heraldlink calibrate``: the tune-up of a node: measure what is due, keep it with its uncertainty."""

import os
import sys
from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from heraldlink.cli.addresses import read_addresses
from heraldlink.cli.exits import ExitCode
from heraldlink.cli.show import print_json
from heraldlink.config import EndNodeConfig, MidpointConfig, find_config, load_network, load_node
from heraldlink.errors import ConfigurationError, JournalError, RequestError

if TYPE_CHECKING:
    from heraldlink.calibration.graph import Due, Graph
    from heraldlink.calibration.point import RackPoint
    from heraldlink.calibration.rack import Rack
    from heraldlink.calibration.result import Result
    from heraldlink.calibration.tuneup import TuneUp


WIDTH = 150
"""Of the table where there is no terminal to fit it to."""


def calibrate(
    node: Annotated[list[str], typer.Argument(help="Names of nodes whose calibrations are wanted.")],
    network: Annotated[
        str, typer.Option(help="Network file that names the node files.")
    ] = "networks/two_nodes.yaml",
    only: Annotated[str | None, typer.Option(help="Only this calibration and what it needs.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Measure also what is in specification.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what is due and why, no more.")] = False,
    addresses: Annotated[
        Path | None, typer.Option(help="JSON file of instrument addresses that replace the Stations'.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder in place of the files' data_directory.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Measure what is due at NODE, in order, on the instruments of a link whose nodes do not run.

    Values in specification take the place of declared ones the next time that a node prepares.
    """
    from heraldlink.cli.signals import terminated_as_interrupted

    point = rack_point(network, data)
    instruments = {} if addresses is None else read_addresses(addresses)
    console = Console(stderr=json, width=None if sys.stdout.isatty() else WIDTH)
    with terminated_as_interrupted():
        return _calibrate(point, instruments, Wanted(node, only, force, dry_run), console, json)


class Wanted:
    """What the command line asks for."""

    def __init__(self, nodes: list[str], only: str | None, force: bool, dry_run: bool) -> None:
        self.nodes, self.only, self.force, self.dry_run = nodes, only, force, dry_run

    def names(self, graph: "Graph", point: "RackPoint") -> tuple[str, ...]:
        """Calibrations, with what they need. Raises RequestError for nodes that do not exist."""
        known = (point.midpoint.node, *point.names)
        for name in self.nodes:
            if name not in known:
                raise RequestError(f"there is no node {name!r} in this network (it has {', '.join(known)})")
        return graph.closure(self.forced(graph, always=True))

    def forced(self, graph: "Graph", always: bool = False) -> tuple[str, ...]:
        """Those asked for by name or node, without what they need; none unless forced."""
        if not (self.force or always):
            return ()
        mine = [name for name in graph.order if graph[name].node in self.nodes]
        if self.only is None:
            return tuple(mine)
        found = [name for name in mine if self.only in (name, name.partition(".")[2])]
        if not found:
            raise RequestError(
                f"--only {self.only}: there is no such calibration (there are {', '.join(mine)})"
            )
        return tuple(found)


def rack_point(network: str, data: Path | None) -> "RackPoint":
    """The node files of a link. Raises ConfigurationError if the network file does not lead to them."""
    from heraldlink.calibration.point import RackPoint

    path = find_config(network)
    nodes: dict[str, EndNodeConfig | MidpointConfig] = {}
    for name, entry in load_network(network).nodes.items():
        if entry.file is None:
            raise ConfigurationError(
                f"{path}: nodes.{name}: calibrate needs its node file: add the key 'file'"
            )
        config = load_node(find_config(entry.file, beside=path.parent))
        nodes[config.node] = config if data is None else config.model_copy(update={"data_directory": data})
    midpoints = [config for config in nodes.values() if isinstance(config, MidpointConfig)]
    ends = {name: config for name, config in nodes.items() if isinstance(config, EndNodeConfig)}
    if len(midpoints) != 1 or set(ends) != set(midpoints[0].ends):
        raise ConfigurationError(f"{path}: a link has one midpoint and the two ends that its file names")
    for name, end in ends.items():
        counted, allowed = midpoints[0].limits.transducer[name].open_share, end.limits.open_share
        if allowed > counted:
            raise ConfigurationError(
                f"{path}: node {name} lets its carver open for {allowed:g} of the time (limits.open_share),"
                f" {midpoints[0].node} counts on {counted:g} (limits.transducer.{name}.open_share)"
            )
    return RackPoint(midpoints[0], {name: ends[name] for name in midpoints[0].ends})


def _calibrate(
    point: "RackPoint", instruments: Mapping[str, str], wanted: Wanted, console: Console, json: bool
) -> int:
    from heraldlink.agent.estimator import read_devices
    from heraldlink.calibration.rack import Rack
    from heraldlink.calibration.specification import link_graph
    from heraldlink.calibration.tuneup import TuneUp

    midpoint = point.midpoint
    devices, results = read_devices(midpoint.devices, midpoint.ends), stored(point)
    graph = link_graph(midpoint.node, point.names)
    names, forced = wanted.names(graph, point), dict.fromkeys(wanted.forced(graph), "asked for")
    with alone(point), Rack(point, instruments) as rack:
        tune = TuneUp(point, devices, results, time_of_day, rack.origin)
        due = tune.due(rack.slot(), names, forced)
        tell_due(due, console)
        if not wanted.dry_run:
            tell_steps(tune, rack, names, forced, console)
        slot = rack.slot()
    left = tune.graph.due(tune.results, tune.now(slot), names)
    if json:
        print_json(report(tune, names, slot, due, left))
    else:
        show(tune, names, slot, console)
    return ExitCode.RUN_FAILED if left and not wanted.dry_run else ExitCode.DONE


@contextmanager
def alone(point: "RackPoint") -> Generator[None]:
    """Hold the journals of all nodes: RequestError if one of them runs or is calibrated; none can start."""
    from heraldlink.journal import journal_file
    from heraldlink.journal.mark import open_mark

    with ExitStack() as stack:
        for config in (point.midpoint, *point.ends.values()):
            try:
                mark = open_mark(journal_file(config.data_directory, config.node))
            except JournalError as error:
                raise RequestError(f"node {config.node} cannot be calibrated now: {error}") from error
            stack.callback(os.close, mark)
        yield


def stored(point: "RackPoint") -> "dict[str, Result]":
    """The last result of every calibration, from all nodes' files."""
    from heraldlink.calibration.store import calibration_file, latest, read_results

    found: dict[str, Result] = {}
    for config in (point.midpoint, *point.ends.values()):
        results = latest(read_results(calibration_file(config.data_directory, config.node)))
        found |= {name: result for name, result in results.items() if result.node == config.node}
    return found


def keep(result: "Result", tune: "TuneUp") -> None:
    """Write a result into the files of the nodes that use it."""
    from heraldlink.calibration.store import add_result, calibration_file
    from heraldlink.calibration.tuneup import kept_at

    nodes = {tune.declared.midpoint.node: tune.declared.midpoint, **tune.declared.ends}
    for name in kept_at(result.calibration, tune.graph, tune.declared):
        add_result(calibration_file(nodes[name].data_directory, name), result)


def time_of_day() -> str:
    """Now, in UTC, for people."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def tell_due(due: "list[Due]", console: Console) -> None:
    """What is due, and why."""
    console.print("due:" if due else "nothing is due: all are in specification")
    for item in due:
        console.print(f"  {item.name}: {item.reason}", highlight=False)


def tell_steps(
    tune: "TuneUp", rack: "Rack", names: Collection[str], forced: Mapping[str, str], console: Console
) -> None:
    """Run and keep each calibration, a line each."""
    for step in tune.run(rack, names, forced):
        if step.result is None:
            console.print(f"[red]blocked[/] {step.due.name}: {step.due.reason}", highlight=False)
            continue
        keep(step.result, tune)
        if step.result.outcome == "failed":
            console.print(f"[red]failed[/] {step.due.name}: {step.result.reason}", highlight=False)
        else:
            console.print(f"measured {step.due.name}", highlight=False)


def show(tune: "TuneUp", names: Collection[str], slot: int, console: Console) -> None:
    """A table of all values."""
    grid = Table(box=None, pad_edge=False)
    for heading in ("calibration", "value", "", "limits", "age", "state"):
        grid.add_column(heading, no_wrap=heading != "state")
    for name in names:
        result = tune.results.get(name)
        state = tune.graph.specification(name, tune.results, tune.now(slot)) or "in specification"
        age = "" if result is None else f"{tune.now(slot).age_s(result.slot):.1f} s"
        rows = [
            (key, str(value), str(tune.graph[name].limits.get(key, "")))
            for key, value in (result.values.items() if result else ())
        ]
        for row, cells in enumerate(rows or [("", "", "")]):
            grid.add_row(*((name, *cells, age, state) if row == 0 else ("", *cells, "", "")))
    console.print(grid)


def report(
    tune: "TuneUp", names: Collection[str], slot: int, due: "list[Due]", left: "list[Due]"
) -> dict[str, object]:
    """The same as one JSON object."""
    return {
        "slot": slot,
        "due": {item.name: item.reason for item in due},
        "left": {item.name: item.reason for item in left},
        "calibrations": {name: _entry(tune, name, slot) for name in names if name in tune.results},
    }


def _entry(tune: "TuneUp", name: str, slot: int) -> dict[str, object]:
    result = tune.results[name]
    values = {
        key: {"value": item.value, "sigma": item.sigma, "unit": item.unit}
        for key, item in result.values.items()
    }
    return {
        "node": result.node,
        "outcome": result.outcome,
        "reason": result.reason,
        "values": values,
        "limits": {key: str(limits) for key, limits in tune.graph[name].limits.items()},
        "age_s": tune.now(slot).age_s(result.slot),
        "at": result.at,
        "origin": result.origin,
        "digest": result.digest,
        "in_specification": not tune.graph.specification(name, tune.results, tune.now(slot)),
    }
