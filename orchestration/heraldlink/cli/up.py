# SPDX-License-Identifier: Apache-2.0
"""``heraldlink up``: run one node under a supervisor, which keeps it alive and its rack safe."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heraldlink.cli.addresses import read_addresses
from heraldlink.cli.parent import exit_with_parent

if TYPE_CHECKING:
    from heraldlink.supervisor.raw_list import Item


def up(
    file: Annotated[str, typer.Argument(help="Node file, or the name of a shipped one.")],
    addresses: Annotated[
        Path | None, typer.Option(help="JSON file of instrument addresses that replace the Station's.")
    ] = None,
    ports_file: Annotated[Path | None, typer.Option(help="Write the node's own addresses here.")] = None,
    midpoint: Annotated[str | None, typer.Option(help="Link address of the midpoint.")] = None,
    free_ports: Annotated[bool, typer.Option("--free-ports", help="Listen on free ports.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder in place of the file's data_directory.")] = None,
    devices: Annotated[str | None, typer.Option(help="Device file in place of the file's own.")] = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when stdin closes.")] = False,
) -> int:
    """Run the node that FILE describes, start it again when it dies, and make its instruments safe then."""
    from heraldlink.cli.node import placed
    from heraldlink.config import find_config, load_node
    from heraldlink.supervisor.node import safe_list, supervise
    from heraldlink.supervisor.safe_list import SafeList

    config = placed(load_node(file), midpoint, free_ports, data)
    say = say_of(config.node)

    def read() -> "tuple[Sequence[Path], Sequence[Item]]":
        node = load_node(file)
        files = [find_config(file), node.station, *([] if addresses is None else [addresses])]
        return files, safe_list(node, {} if addresses is None else read_addresses(addresses))

    safe = SafeList(read, say)
    if with_parent:
        exit_with_parent()
    with tempfile.TemporaryDirectory(prefix="heraldlink-up-") as folder:
        mine = Path(folder) / "ports.json"
        told: Sequence[tuple[str, str | Path | None]] = (
            ("--addresses", addresses),
            ("--midpoint", midpoint),
            ("--data", data),
            ("--devices", devices),
        )
        options = [text for name, value in told if value is not None for text in (name, str(value))]
        options += ["--free-ports"] if free_ports else []
        command = [sys.executable, "-m", "heraldlink.cli", "node", file, *options]
        command += ["--ports-file", str(mine), "--same-ports", str(mine)]
        return supervise(config, safe, command, mine, ports_file, say)


def say_of(node: str) -> Callable[[str], None]:
    """Lines on standard error that name the node."""

    def say(text: str) -> None:
        sys.stderr.write(f"heraldlink: node {node}: {text}\n")
        sys.stderr.flush()

    return say
