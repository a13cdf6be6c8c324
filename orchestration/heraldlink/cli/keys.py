# SPDX-License-Identifier: Apache-2.0
"""``heraldlink keys``: make keys, say who may connect and to whom one connects, and take it back."""

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Option(help="Folder of keys.")]
File = Annotated[Path, typer.Argument(help="Public key file (NAME.key).")]


def keys() -> typer.Typer:
    """The commands below ``heraldlink keys``."""
    app = typer.Typer(no_args_is_help=True, help="Make keys, and say whose are let in.")
    app.command()(new)
    app.command()(authorize)
    app.command()(trust)
    app.command("list")(listed)
    app.command()(revoke)
    return app


def new(
    name: Annotated[str, typer.Argument(help="Name of a user or of a node.")], folder: Folder = Path("keys")
) -> None:
    """Make a pair of keys: NAME.secret stays here, NAME.key is given to those who shall let NAME in."""
    from heraldlink.security.keys import new_pair

    new_pair(folder, name)
    typer.echo(f"{folder / name}.secret stays here; give away {folder / name}.key")


def authorize(
    file: File,
    role: Annotated[str, typer.Option("--as", help="observer, operator, engineer or agent (a node).")],
    folder: Folder = Path("keys"),
) -> None:
    """Let the owner of a key connect to the node that uses this folder, from its next start or SIGHUP on."""
    from heraldlink.security.keys import role_of
    from heraldlink.security.roster import authorize as let_in

    key = let_in(folder, file, role_of(role, "--as"))
    typer.echo(f"{key.name} may connect as {key.role}: send the node SIGHUP")


def trust(file: File, folder: Folder = Path("keys")) -> None:
    """Keep the public key of a node that is to be connected to with this folder."""
    from heraldlink.security.roster import trust as keep

    typer.echo(f"node {keep(folder, file).name} is known by its key")


def listed(
    folder: Folder = Path("keys"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Whose keys are here: own ones, those let in with their roles, and nodes that are known."""
    from heraldlink.security.keys import key_files, read_pair, read_public
    from heraldlink.security.roster import read_roster

    own = {path.stem: read_pair(path).public for path in sorted(folder.glob("*.secret"))}
    known = {path.stem: read_public(path).public for path in key_files(folder / "known")}
    roster = read_roster(folder)
    if json:
        senders = {sender.name: {"role": sender.role, "public": public} for public, sender in roster.items()}
        typer.echo(jsons.dumps({"own": own, "authorized": senders, "known": known}))
        return
    for name, public in own.items():
        typer.echo(f"own         {name:20} {public}")
    for public, sender in roster.items():
        typer.echo(f"{sender.role:11} {sender.name:20} {public}")
    for name, public in known.items():
        typer.echo(f"known node  {name:20} {public}")


def revoke(
    name: Annotated[str, typer.Argument(help="Who is let in no longer.")], folder: Folder = Path("keys")
) -> None:
    """Let somebody in no longer: from the node's SIGHUP on, open connections are refused too."""
    from heraldlink.security.roster import revoke as shut_out

    shut_out(folder, name)
    typer.echo(f"{name} is not authorized any more: send the node SIGHUP")
