# SPDX-License-Identifier: Apache-2.0
"""``heraldlink doctor``: what is wrong with a node, or will be, and what to do about it."""

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heraldlink.cli.addresses import read_addresses

if TYPE_CHECKING:
    from heraldlink.diagnosis.findings import Finding


def doctor(
    files: Annotated[list[str], typer.Argument(help="Node files, or names of shipped ones.")],
    addresses: Annotated[
        Path | None, typer.Option(help="JSON file of instrument addresses that replace the Station's.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder in place of the file's data_directory.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> int:
    """Check configuration, machine, keys, disk, journal, ports and instruments of the nodes of FILES.

    Nothing is set and nothing is switched. Ends with 2 if something is wrong. Example: heraldlink doctor
    nodes/alice.yaml
    """
    replaced = {} if addresses is None else read_addresses(addresses)
    found = [finding for file in files for finding in examined(file, replaced, data)]
    if json:
        typer.echo(json_module.dumps([asdict(finding) for finding in found]))
    else:
        show(found)
    return 2 if any(finding.level == "error" for finding in found) else 0


def examined(file: str, addresses: dict[str, str], data: Path | None) -> "list[Finding]":
    """All findings about one node."""
    from heraldlink.config import load_node
    from heraldlink.diagnosis import files, instruments, machine, ports
    from heraldlink.diagnosis.findings import fault, good
    from heraldlink.errors import ConfigurationError

    try:
        node = load_node(file)
    except ConfigurationError as error:
        return [fault(file, sentence, "mend the file there") for sentence in error.sentences]
    if data is not None:
        node = node.model_copy(update={"data_directory": data})
    checks = (
        machine.packages, machine.encryption, machine.clock, machine.disk, files.journal, files.keys,
        ports.listening, ports.midpoint, instruments.answering(addresses),
    )  # fmt: skip
    return [good(file, f"node {node.node}"), *(finding for check in checks for finding in check(node))]


def show(findings: "list[Finding]") -> None:
    """A line each; a second one with the remedy."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    marks = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "error": "[red]error  [/]"}
    for finding in findings:
        console.print(f"{marks[finding.level]} {finding.place}: ", end="")
        console.print(finding.what, markup=False)
        if finding.remedy:
            console.print(f"        -> {finding.remedy}", markup=False)
