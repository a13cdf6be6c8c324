# SPDX-License-Identifier: Apache-2.0
"""What importing costs: the agent and the client load no QCoDeS; the package itself loads nothing at all."""

import subprocess
import sys

import pytest


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that a statement loads in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["heraldlink.agent.run", "heraldlink.client", "heraldlink.link.end"])
def test_no_qcodes_and_no_numpy(module: str) -> None:
    loaded = loaded_after(f"import {module}")
    assert not {"qcodes", "numpy", "pyvisa", "heraldlink_sim", "heraldlink_drivers"} & loaded


def test_the_package_is_light() -> None:
    assert not {"zmq", "msgspec", "pydantic", "numpy", "qcodes"} & loaded_after("import heraldlink")


def test_a_command_brings_only_its_own_branch_of_the_command_line() -> None:
    branch = "from heraldlink.cli.main import application; application({!r})"
    assert "rich" in loaded_after(branch.format(""))
    assert "rich" not in loaded_after(branch.format("node"))
    assert not {"pydantic", "ruamel", "zmq"} & loaded_after(branch.format("sim"))


def test_the_link_layer_does_no_input_or_output() -> None:
    assert not {"zmq", "sqlite3", "asyncio", "pydantic"} & loaded_after("import heraldlink.link.midpoint")
