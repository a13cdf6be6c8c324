# SPDX-License-Identifier: Apache-2.0
"""``heraldlink lease``: who commands a node, and commanding it."""

import json as json_module
import os
import shutil
import subprocess
import threading
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from heraldlink.client import Network
    from heraldlink.messages.lease import LeaseStatus

TOKENS = "HERALDLINK_LEASE"
"""Environment variable: tokens of leases that another process of the same owner holds, with commas."""

NetworkFile = Annotated[str, typer.Option("--network", help="Network file or ports file.")]
Nodes = Annotated[list[str] | None, typer.Argument(help="Nodes; all of the network if none is named.")]
Note = Annotated[str, typer.Option(help="What for; others are told.")]
Ttl = Annotated[float, typer.Option(help="Seconds without a sign of life until the node goes safe.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NETWORK = "networks/two_nodes.yaml"


def lease() -> typer.Typer:
    """The commands below ``heraldlink lease``."""
    app = typer.Typer(no_args_is_help=True, help="Who commands a node; reading needs no lease.")
    app.command()(show)
    app.command()(take)
    app.command()(release)
    app.command()(steal)
    return app


def show(nodes: Nodes = None, network: NetworkFile = NETWORK, json: Json = False) -> None:
    """Who holds the leases, what for and how long still."""
    with connected(network) as net:
        found = [net[name].lease_status() for name in named(net, nodes)]
    if json:
        typer.echo(json_module.dumps({status.node: described(status) for status in found}))
        return
    for status in found:
        typer.echo(sentence(status))


def take(
    node: Annotated[str, typer.Argument(help="Node, or several with commas, or 'all'.")],
    command: Annotated[
        list[str] | None, typer.Argument(help="What to run under the lease, behind --.")
    ] = None,
    note: Note = "heraldlink lease take",
    ttl: Ttl = 5.0,
    wait: Annotated[float, typer.Option(help="Seconds to wait for it to be free.")] = 0.0,
    network: NetworkFile = NETWORK,
) -> int:
    """Hold leases while COMMAND runs (its requests act under them), or until Ctrl-C."""
    return hold(network, node, command, note, ttl, wait, "")


def steal(
    node: Annotated[str, typer.Argument(help="Node, or several with commas, or 'all'.")],
    reason: Annotated[str, typer.Option(help="Why; it is journalled and its owner is told.")],
    command: Annotated[
        list[str] | None, typer.Argument(help="What to run under the lease, behind --.")
    ] = None,
    note: Note = "heraldlink lease steal",
    ttl: Ttl = 5.0,
    network: NetworkFile = NETWORK,
) -> int:
    """Take leases over from whoever holds them, after 3 s of notice (engineers only)."""
    return hold(network, node, command, note, ttl, 0.0, reason)


def release(
    nodes: Nodes = None,
    reason: Annotated[str, typer.Option(help="Why; it is journalled.")] = "",
    network: NetworkFile = NETWORK,
) -> None:
    """Emergency: end whoever's lease and bring the nodes to their safe state (engineers only)."""
    from heraldlink.errors import RequestError

    if not reason.strip():
        raise RequestError("say why with --reason: somebody else may hold this lease")
    with connected(network) as net:
        for name in named(net, nodes):
            typer.echo(sentence(net[name].free(reason)))


def hold(
    network: str, node: str, command: list[str] | None, note: str, ttl: float, wait: float, reason: str
) -> int:
    """Hold leases as long as a command runs, or until interrupted; the command's exit code."""
    from heraldlink.cli.signals import terminated_as_interrupted

    with ExitStack() as stack:
        stack.enter_context(terminated_as_interrupted())
        net = stack.enter_context(connected(network))
        names = named(net, None if node == "all" else node.split(","))
        for name in sorted(names):
            stack.enter_context(net[name].lease(note=note, ttl=ttl, wait=wait, steal=reason))
        tokens = ",".join(net[name].token for name in names)
        if command:
            return run(command, tokens)
        typer.echo(f"export {TOKENS}={tokens}")
        typer.echo("held until Ctrl-C", err=True)
        with suppress(KeyboardInterrupt):  # the ordinary end: the nodes stay as they are
            threading.Event().wait()
    return 0


def run(command: Sequence[str], tokens: str) -> int:
    """Run a command that finds the tokens in its environment; its exit code."""
    from heraldlink.errors import RequestError

    program = shutil.which(command[0])
    if program is None:
        raise RequestError(f"there is no command {command[0]!r}")
    return subprocess.run(  # noqa: S603 - the user's own command
        [program, *command[1:]], env=os.environ | {TOKENS: tokens}, check=False
    ).returncode


@contextmanager
def connected(network: str) -> "Generator[Network]":
    """A network, under the leases that the environment names."""
    from heraldlink.client import connect

    with connect(network) as net:
        borrow(net)
        yield net


def borrow(net: "Network") -> None:
    """Act under the leases whose tokens the environment holds."""
    for token in filter(None, os.environ.get(TOKENS, "").split(",")):
        net[token.partition(":")[0]].borrow(token)


def named(net: "Network", nodes: Sequence[str] | None) -> list[str]:
    """The nodes meant. Raises RequestError for one that is not in the network."""
    return [net[name].name for name in nodes] if nodes else [node.name for node in net]


def described(status: "LeaseStatus") -> dict[str, object]:
    """A lease for programs."""
    return {
        "held": status.held,
        "epoch": status.epoch,
        "holder": status.holder,
        "note": status.note,
        "ttl_s": status.ttl_s,
        "left_s": round(status.left_s, 3),
        "taken_over_by": status.taken_over_by,
    }


def sentence(status: "LeaseStatus") -> str:
    """A lease for people."""
    if not status.held:
        return f"{status.node}: free (the last lease was {status.epoch})"
    if not status.holder:
        return f"{status.node}: requests without a lease ({status.epoch})"
    left = f"{status.left_s:.1f} s left unless renewed"
    over = f"; {status.taken_over_by} takes it over" if status.taken_over_by else ""
    return f"{status.node}: {status.holder}, {status.note} (lease {status.epoch}, {left}){over}"
