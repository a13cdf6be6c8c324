# SPDX-License-Identifier: Apache-2.0
"""``heraldlink sim record|replay|conform``: transcripts of instruments, simulated or real."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from heraldlink.errors import RequestError

Order = Literal["state", "any", "strict"]
Timing = Literal["none", "recorded"]
PortsFile = Annotated[Path | None, typer.Option(help="Write the addresses here once all listen.")]


def record(
    target: Annotated[
        list[str], typer.Option(help="Address to record, or suffix=address: .counts=tcp://...")
    ],
    out: Annotated[Path, typer.Option(help="Transcript to write.")],
    listen: Annotated[int, typer.Option(help="Port to listen on; 0: a free one.")] = 0,
    model: Annotated[str, typer.Option(help="Model, which tells protocol and terminator.")] = "",
    protocol: Annotated[str, typer.Option(help="Protocol, where address and model do not tell it.")] = "",
    name: Annotated[str, typer.Option(help="Name of the instrument.")] = "instrument",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    scrub: Annotated[bool, typer.Option("--scrub", help="Leave out serial numbers, IP addresses.")] = False,
    ports_file: PortsFile = None,
) -> None:
    """Stand between clients and an instrument, and write down what passes, until interrupted."""
    from heraldlink_sim.recording import serve_recording
    from heraldlink_sim.recording.serve_alone import serve_until_interrupted

    addresses = dict(_named(name, item) for item in target)
    if name not in addresses:
        raise RequestError("--target: the instrument's main address is missing")
    serve_until_interrupted(
        lambda: serve_recording(
            addresses, out, model=model, protocol=protocol, host=host, ports={name: listen}, scrub=scrub
        ),
        ports_file,
        _tell,
    )


def replay(
    transcript: Annotated[Path, typer.Argument(help="Transcript to serve.")],
    listen: Annotated[int, typer.Option(help="Port to listen on; 0: a free one.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name of the instrument; else as recorded.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    order: Annotated[Order, typer.Option(help="What an answer depends on.")] = "state",
    timing: Annotated[Timing, typer.Option(help="Answer at once, or as late as recorded.")] = "none",
    ports_file: PortsFile = None,
) -> None:
    """Serve TRANSCRIPT in place of the instrument, until interrupted."""
    from heraldlink_sim.recording import load_transcript, serve_replay
    from heraldlink_sim.recording.serve_alone import serve_until_interrupted

    named = name or load_transcript(transcript).name
    serve_until_interrupted(
        lambda: serve_replay(
            transcript, name=named, host=host, order=order, timing=timing, ports={named: listen}
        ),
        ports_file,
        _tell,
    )


def conform(
    transcript: Annotated[Path, typer.Argument(help="Transcript with the answers to expect.")],
    against: Annotated[str, typer.Option(help="Model, address, or another transcript.")],
    tolerance: Annotated[float, typer.Option(help="Relative, of numbers.")] = 1e-6,
    settings: Annotated[
        bool, typer.Option("--settings", help="Put settings to an address too, not only queries.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="List what is equal too.")] = False,
) -> int:
    """Put TRANSCRIPT's requests to a model or an instrument again, and list what is answered differently."""
    import asyncio

    from heraldlink_sim.recording import compare, coverage
    from heraldlink_sim.recording import conform as put

    if Path(against).is_file():
        findings = compare(transcript, Path(against), tolerance)
    else:
        asked = settings or not ("::" in against or "//" in against)
        findings = asyncio.run(put(transcript, against, tolerance=tolerance, settings=asked))
    for item in findings:
        if everything or item.verdict != "equal":
            answers = f"{item.left!r}" if item.verdict == "equal" else f"{item.left!r}, {item.right!r} there"
            typer.echo(f"{item.verdict:9} {item.request}: {answers}" + (f" ({item.why})" if item.why else ""))
    typer.echo(coverage(findings))
    return int(any(item.verdict in ("different", "unknown") for item in findings))


def _named(name: str, item: str) -> tuple[str, str]:
    """Suffix and address of one ``--target``."""
    suffix, equals, address = item.partition("=")
    return (name + suffix, address) if equals and suffix[:1] in ".@" else (name, item)


def _tell(name: str, address: str) -> None:
    typer.echo(f"{name} {address}")


COMMANDS = (record, replay, conform)
