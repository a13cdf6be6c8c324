# SPDX-License-Identifier: Apache-2.0
"""``heraldlink logs``: lines of the nodes' logs, oldest first, of all nodes that log into a folder."""

import json as json_module
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

LEVELS = ("debug", "info", "warning", "error", "critical")
LOOK_S = 0.2
Line = dict[str, object]


def logs(
    folder: Annotated[Path, typer.Argument(help="The nodes' data_directory.")] = Path("runs"),
    node: Annotated[str | None, typer.Option(help="Only of this node.")] = None,
    request: Annotated[int | None, typer.Option(help="Only of this request.")] = None,
    level: Annotated[str, typer.Option(help="At least: debug, info, warning, error, critical.")] = "info",
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The lines as they are stored.")] = False,
) -> None:
    """Show what nodes have logged. Example: heraldlink logs runs --node alice --level warning --follow"""
    from heraldlink.errors import RequestError

    if level not in LEVELS:
        raise RequestError(f"there is no level {level!r}; there are {', '.join(LEVELS)}")
    if not folder.is_dir():
        raise RequestError(f"{folder} is no folder: give the data_directory of the nodes' files")
    places: dict[Path, int] = {}
    while True:
        fresh = [line for path in files(folder, node) for line in new_lines(path, places)]
        for line in sorted(fresh, key=lambda line: str(line.get("utc"))):
            rank = str(line.get("level", "")).lower()
            wanted = rank in LEVELS and LEVELS.index(rank) >= LEVELS.index(level)
            if wanted and (request is None or line.get("request") == request):
                typer.echo(json_module.dumps(line) if json else sentence(line))
        if not follow:
            return
        time.sleep(LOOK_S)


def files(folder: Path, node: str | None) -> list[Path]:
    """Log files, rolled ones first."""
    found = folder.glob(f"log-{node or '*'}.jsonl*")
    return sorted(found, key=lambda path: (path.name.partition(".jsonl")[0], -_age(path)))


def _age(path: Path) -> int:
    number = path.name.rpartition(".")[2]
    return int(number) if number.isdecimal() else 0


def new_lines(path: Path, places: dict[Path, int]) -> Iterator[Line]:
    """Whole lines that were written since the last look; a file that was rolled begins anew."""
    begin = places.get(path, 0)
    if path.stat().st_size < begin:
        begin = 0
    with path.open("rb") as file:
        file.seek(begin)
        for line in file:
            if not line.endswith(b"\n"):
                break
            begin += len(line)
            try:
                found = json_module.loads(line)
            except ValueError:
                continue  # a line torn by a crash
            if isinstance(found, dict):
                yield found
    places[path] = begin


def sentence(line: Line) -> str:
    """A line for people."""
    known = ("utc", "level", "logger", "node", "message", "exception")
    facts = " ".join(f"{name}={value}" for name, value in line.items() if name not in known and value != "")
    head = f"{line.get('utc')} {line.get('level')!s:8s} {line.get('node')}: {line.get('message')}"
    tail = f"\n{line['exception']}" if "exception" in line else ""
    return f"{head} {facts}".rstrip() + tail
