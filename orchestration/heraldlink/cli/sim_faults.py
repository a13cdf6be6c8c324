# SPDX-License-Identifier: Apache-2.0
"""``heraldlink sim fault|faults|heal``: what goes wrong on a running bench."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

import typer

from heraldlink.cli.addresses import read_addresses
from heraldlink.cli.show import print_json
from heraldlink.errors import ConfigurationError, InstrumentLost, RequestError

PORTS_VARIABLE = "HERALDLINK_PORTS_FILE"
"""Environment variable that names the ports file of the bench."""

PortsFile = Annotated[
    Path | None, typer.Option(help="Ports file that the bench wrote.", envvar=PORTS_VARIABLE)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def fault(
    instrument: Annotated[str, typer.Argument(help="Name on the bench.")],
    kind: Annotated[str, typer.Argument(help="What goes wrong: see docs/reference/faults.md.")],
    ports_file: PortsFile = None,
    match: Annotated[str | None, typer.Option(help="Messages that it strikes: a pattern, *POW*.")] = None,
    count: Annotated[int | None, typer.Option(help="How often it strikes; else until healed.")] = None,
    probability: Annotated[float | None, typer.Option(help="Of striking at a message that fits.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of probability, garbage and jitter.")] = None,
    from_s: Annotated[float | None, typer.Option("--from", help="Begin at this bench time, s.")] = None,
    until_s: Annotated[float | None, typer.Option("--until", help="End at this bench time, s.")] = None,
    delay_s: Annotated[float | None, typer.Option("--delay", help="How late answers come, s.")] = None,
    jitter_s: Annotated[float | None, typer.Option("--jitter", help="Plus or minus as much, s.")] = None,
    after_bytes: Annotated[int | None, typer.Option(help="Bytes of an answer that are sent.")] = None,
    then: Annotated[str | None, typer.Option(help="Behind a truncated answer: silent or closed.")] = None,
    text: Annotated[str | None, typer.Option(help="The answer in place of the right one.")] = None,
) -> None:
    """Let INSTRUMENT of a running bench fail."""
    given: dict[str, object] = {
        "match": match,
        "count": count,
        "probability": probability,
        "seed": seed,
        "from_s": from_s,
        "until_s": until_s,
        "delay_s": delay_s,
        "jitter_s": jitter_s,
        "after_bytes": after_bytes,
        "then": then,
        "text": text,
    }
    options = {name: value for name, value in given.items() if value is not None}
    request = {"do": "fault", "instrument": instrument, "fault": {"kind": kind, **options}}
    typer.echo(f"fault {_ask(ports_file, request)['number']}: {instrument} {kind}")


def faults(ports_file: PortsFile = None, json: Json = False) -> None:
    """List the faults of a running bench, and what they struck."""
    found = _ask(ports_file, {"do": "faults"})
    if json:
        print_json(found)
        return
    for item in _rows(found, "faults"):
        options = " ".join(f"{name}={value}" for name, value in _row(item["options"]).items())
        strikes = f"struck {item['strikes']} times"
        typer.echo(f"{item['number']:>3} {item['instrument']} {item['kind']} {options} {strikes}")
    for strike in _rows(found, "strikes"):
        typer.echo(f"{strike['time_s']:.6f} s {strike['instrument']} {strike['kind']} {strike['message']}")


def heal(
    instrument: Annotated[str | None, typer.Argument(help="Name on the bench; all without it.")] = None,
    ports_file: PortsFile = None,
) -> None:
    """End the faults of INSTRUMENT, or of all instruments."""
    healed = cast("list[int]", _ask(ports_file, {"do": "heal", "instrument": instrument})["healed"])
    typer.echo(f"healed: {', '.join(map(str, healed)) or 'none'}")


def _ask(ports_file: Path | None, request: Mapping[str, object]) -> Mapping[str, object]:
    """Ask the bench whose ports file this is. Raises an error that names the file or the instrument."""
    from heraldlink_sim.control import CONTROL, ask
    from heraldlink_sim.errors import ConnectionFailed, FaultError

    if ports_file is None:
        raise RequestError(f"which bench? Name its ports file with --ports-file or {PORTS_VARIABLE}")
    addresses = read_addresses(ports_file)
    if CONTROL not in addresses:
        raise ConfigurationError(f"{ports_file}: {CONTROL}: missing; no bench wrote this file")
    try:
        return ask(addresses[CONTROL], request)
    except FaultError as error:
        raise RequestError(str(error)) from None
    except ConnectionFailed as error:
        raise InstrumentLost(str(error)) from None


def _rows(found: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    return cast("list[Mapping[str, object]]", found[key])


def _row(found: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", found)
