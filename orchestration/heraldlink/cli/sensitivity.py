# SPDX-License-Identifier: Apache-2.0
"""``heraldlink sensitivity``: what calibration can tell about every parameter of a device file."""

from pathlib import Path
from typing import Annotated

import typer

PAGE = "identifiability.md"


def sensitivity(
    devices: Annotated[Path, typer.Option(help="Device file of a transducer link.")] = Path(
        "devices/reference.yaml"
    ),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON, write nothing.")
    ] = False,
    output: Annotated[Path, typer.Option(help="Folder for the page identifiability.md.")] = Path(
        "docs/published"
    ),
) -> None:
    """Work out which parameters a tune-up can tell, how well, and which it cannot, with the reason."""
    from heraldlink.errors import ConfigurationError
    from heraldlink.sensitivity import page
    from heraldlink.sensitivity.catalogue import observations
    from heraldlink.sensitivity.load import load_link, load_sequences
    from heraldlink.sensitivity.report import report

    link = load_link(devices)
    found = report(link, observations(link, load_sequences()))
    if as_json:
        typer.echo(page.as_json(found))
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / PAGE).write_text(page.page(found), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--output: {output} cannot be written ({error.strerror})") from error
    typer.echo(output / PAGE)
