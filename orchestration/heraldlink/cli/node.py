# SPDX-License-Identifier: Apache-2.0
"""``heraldlink node``: run one node until it is asked to end."""

from pathlib import Path
from typing import Annotated

import typer

from heraldlink.cli.addresses import read_addresses
from heraldlink.cli.parent import exit_with_parent
from heraldlink.config import EndNodeConfig, MidpointConfig, find_config, load_node
from heraldlink.errors import ConfigurationError
from heraldlink.startup import only_growing


def node(
    file: Annotated[str, typer.Argument(help="Node file, or the name of a shipped one.")],
    addresses: Annotated[
        Path | None, typer.Option(help="JSON file of instrument addresses that replace the Station's.")
    ] = None,
    ports_file: Annotated[Path | None, typer.Option(help="Write the node's own addresses here.")] = None,
    midpoint: Annotated[str | None, typer.Option(help="Link address of the midpoint.")] = None,
    free_ports: Annotated[bool, typer.Option("--free-ports", help="Listen on free ports.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder in place of the file's data_directory.")] = None,
    devices: Annotated[str | None, typer.Option(help="Device file in place of the file's own.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the file of addresses.")] = 0.0,
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when stdin closes.")] = False,
    supervised: Annotated[int | None, typer.Option(hidden=True, help="Pipe to heraldlink up.")] = None,
    same_ports: Annotated[
        Path | None, typer.Option(hidden=True, help="Listen as in an earlier life.")
    ] = None,
) -> int:
    """Run the node that FILE describes: alice, bob or the midpoint."""
    from heraldlink.agent.workers import SpawnedWorker, ahead

    spawn = ahead(SpawnedWorker)  # it imports its drivers while this process reads its files

    def read() -> EndNodeConfig | MidpointConfig:
        config = placed(load_node(file), midpoint, free_ports, data)
        if same_ports is not None and same_ports.exists():
            config = listening_again(config, read_addresses(same_ports))
        return config if devices is None else config.model_copy(update={"devices": find_config(devices)})

    config = read()
    instruments = {} if addresses is None else read_addresses(addresses, wait)
    if with_parent:
        exit_with_parent()
    with only_growing():
        from heraldlink.agent.run import run_node

    return run_node(
        config,
        addresses=instruments,
        ports_file=ports_file,
        spawn=spawn,
        supervised=supervised,
        reread=read,
    )


def listening_again(
    config: EndNodeConfig | MidpointConfig, ports: dict[str, str]
) -> EndNodeConfig | MidpointConfig:
    """The configuration with the addresses that an earlier life of the node found free."""
    prefix = f"{config.node}."
    again = {name.removeprefix(prefix): at for name, at in ports.items() if name.startswith(prefix)}
    again["command"] = ports[config.node]
    return config.model_copy(update={"listen": config.listen.model_copy(update=again)})


def placed(
    config: EndNodeConfig | MidpointConfig, midpoint: str | None, free_ports: bool, data: Path | None
) -> EndNodeConfig | MidpointConfig:
    """The configuration with what the command line says about addresses and folders."""
    update: dict[str, object] = {} if data is None else {"data_directory": data}
    if midpoint is not None:
        if not isinstance(config, EndNodeConfig):
            raise ConfigurationError(f"--midpoint is for end nodes; {config.node} is the midpoint")
        update["midpoint"] = config.midpoint.model_copy(update={"link": midpoint})
    if free_ports:
        channels = type(config.listen).model_fields
        update["listen"] = config.listen.model_copy(update=dict.fromkeys(channels, "tcp://127.0.0.1:0"))
    return config.model_copy(update=update)
