# SPDX-License-Identifier: Apache-2.0
"""Serve a bench until it is interrupted: ``python -m heraldlink_sim BENCH``."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from heraldlink_physics.errors import PhysicsError
from heraldlink_sim.bench import Bench
from heraldlink_sim.control import CONTROL, open_control
from heraldlink_sim.errors import SimulationError
from heraldlink_sim.interrupts import on_interrupt

EXIT_BENCH_WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the bench of the command line; return 0 after SIGINT or SIGTERM, 2 if the bench is wrong."""
    options = _parser().parse_args(arguments)
    overrides = {key: getattr(options, key) for key in ("pace", "seed", "slots", "host")}
    given: dict[str, object] = {key: value for key, value in overrides.items() if value is not None}
    given["instruments"] = _sources(options.record, "recorded") | _sources(options.replay, "replayed")
    try:
        asyncio.run(_serve(options.bench, given, options.ports_file))
    except (SimulationError, PhysicsError) as error:
        print(f"heraldlink sim: {error}", file=sys.stderr)
        return EXIT_BENCH_WRONG
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="heraldlink_sim", description="Serve a simulated laboratory.")
    parser.add_argument("bench", type=Path, help="bench file (YAML)")
    parser.add_argument("--pace", type=_pace, help="realtime, fast, or a factor such as 50")
    parser.add_argument("--seed", type=int, help="seed of the world")
    parser.add_argument("--slots", type=_slots, help="slots to play in fast pace: 12,14,17")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--ports-file", type=Path, help="write the addresses here once all listen")
    parser.add_argument("--record", action="append", default=[], type=_named, help="NAME=FILE")
    parser.add_argument("--replay", action="append", default=[], type=_named, help="NAME=FILE")
    return parser


def _named(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, Path(file).resolve()


def _sources(files: Sequence[tuple[str, Path]], source: str) -> dict[str, object]:
    return {name: {"source": source, "transcript": str(path)} for name, path in files}


def _pace(text: str) -> str | float:
    if text in ("realtime", "fast"):
        return text
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither realtime, nor fast, nor a number") from None


def _slots(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(item) for item in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list such as 12,14,17") from None


async def _serve(path: Path, overrides: dict[str, object], ports_file: Path | None) -> None:
    interrupted = on_interrupt()
    async with Bench.from_file(path, overrides) as bench:
        control = await open_control(bench.faults)
        try:
            if ports_file is not None:
                write_ports(ports_file, bench.addresses | {CONTROL: control.address})
            await _until(interrupted, bench)
        finally:
            await control.close()


async def _until(interrupted: asyncio.Event, bench: Bench) -> None:
    """Let bench time pass until somebody interrupts; raises what stops the bench."""
    running = asyncio.create_task(bench.run())
    waiting = asyncio.create_task(interrupted.wait())
    done, _ = await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    running.cancel()
    if running in done:
        running.result()


def write_ports(path: Path, addresses: dict[str, str]) -> None:
    """Write addresses by instrument as JSON, whole or not at all. Raises SimulationError naming the file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(addresses, indent=2) + "\n", encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        raise SimulationError(f"{path}: cannot be written ({error.strerror}).") from error
