# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags convert``, ``cut`` and ``repair``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from heraldlink.cli.exits import ExitCode
from heraldlink.cli.show import print_json, table
from heraldlink.cli.tags_input import (
    ChannelList,
    Delays,
    FileChannels,
    Files,
    Format,
    Json,
    Options,
    Salvage,
    new_channels,
    numbers,
    progress,
    reading,
    window,
)
from heraldlink.errors import RequestError


def convert(
    files: Files,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="One file for all FILEs, merged by time; its end says the format."),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="End of the names without --output: parquet, ptu, h5, hdf5 or csv.")
    ] = "parquet",
    channels: Annotated[
        str | None,
        typer.Option("--channels", help="New numbers or names.", metavar="CHANNEL=NEW,..."),
    ] = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    delays: Delays = None,
    file_channels: FileChannels = None,
    json: Json = False,
) -> None:
    """Write each FILE in another format beside it, or all into --output; delays are stored beside them."""
    from heraldlink.recordings import convert as write

    how = reading(salvage, format, option, delays, file_channels)
    if file_channels is not None and output is None:
        raise RequestError("--file-channels makes one recording of all FILEs: give --output too")
    renames = None if channels is None else new_channels(channels)
    pairs = (
        [(files, output)] if output else [([file], file.with_suffix(f".{to.lstrip('.')}")) for file in files]
    )
    written: list[dict[str, object]] = []
    for sources, target in pairs:
        opened = how.open(sources, raw=True)
        with progress(opened.header.tags, target.name) as told:
            written.append(write(opened, target, told, renames).summary())
    _show(written, json)


def cut(
    file: Annotated[Path, typer.Argument(help="Recording.")],
    output: Annotated[Path, typer.Option("--output", help="File to write; its end says the format.")],
    window_ps: Annotated[
        str,
        typer.Option(
            "--window",
            help="Times kept, begin included, end not (T3: reference indices).",
            metavar="BEGIN:END",
        ),
    ],
    channels: ChannelList = None,
    salvage: Salvage = False,
    format: Format = None,
    option: Options = None,
    delays: Delays = None,
    json: Json = False,
) -> None:
    """Write a part of FILE: times stay as they are."""
    from heraldlink.recordings import cut as write

    opened = reading(salvage, format, option, delays).open([file], raw=True)
    kept = numbers(channels, "--channels")
    with progress(opened.header.tags, output.name) as told:
        found = write(opened, output, window(window_ps, "--window"), kept, told)
    _show([found.summary()], json)


def repair(
    files: Annotated[
        list[Path],
        typer.Argument(help="Segments (.arrows), raw recordings (.bin) or folders.", metavar="FILE..."),
    ],
    json: Json = False,
) -> None:
    """Make readable what a killed writer left, and say what was lost.

    In a folder, files that are not ours are left as they are and told; then the exit code is 2.
    """
    from heraldlink.record.repair import Skipped
    from heraldlink.recordings import repair as mend

    found = [each for file in files for each in mend(file)]
    skipped = [each for each in found if isinstance(each, Skipped)]
    done = [each for each in found if not isinstance(each, Skipped)]
    for sentence in (sentence for each in skipped for sentence in each.sentences):
        typer.echo(f"heraldlink: {sentence}", err=True)
    if json:
        repaired, left = [[each.summary() for each in group] for group in (done, skipped)]
        print_json({"repaired": repaired, "skipped": left})
    else:
        for sentence in (sentence for each in done for sentence in each.sentences):
            sys.stdout.write(f"{sentence}\n")
        if not found:
            sys.stdout.write(f"{', '.join(map(str, files))}: nothing to repair\n")
    if skipped:
        raise typer.Exit(ExitCode.BAD_INPUT)


def _show(written: list[dict[str, object]], json: bool) -> None:
    if not written:
        raise RequestError("give at least one recording")
    if json:
        print_json(written[0] if len(written) == 1 else {"files": written})
        return
    for each in written:
        table(str(each["written"]), {name: value for name, value in each.items() if name != "written"})
