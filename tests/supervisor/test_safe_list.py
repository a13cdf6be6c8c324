# SPDX-License-Identifier: Apache-2.0
"""The raw safe list follows the files: what they name now, and what they named before until that was safe."""

import os
from pathlib import Path

import pytest

from heraldlink.config import find_config, load_node
from heraldlink.errors import ConfigurationError
from heraldlink.supervisor.node import safe_list
from heraldlink.supervisor.safe_list import SafeList

PUMP = "heraldlink_drivers.SantecTSL570"
METER = "heraldlink_drivers.ThorlabsPM103E"


class Files:
    """A midpoint's Station file in a folder of its own, and the list that it makes."""

    def __init__(self, folder: Path) -> None:
        self.node = load_node("nodes/midpoint.yaml")
        self.station = folder / "hub.station.yaml"
        self.shipped = Path(find_config(self.node.station)).read_text()
        self.said: list[str] = []
        self.write(self.shipped)

    def write(self, text: str) -> None:
        part = self.station.with_suffix(".part")
        part.write_text(text)
        os.replace(part, self.station)

    def read(self):
        return [self.station], safe_list(self.node.model_copy(update={"station": self.station}), {})

    def open(self) -> SafeList:
        return SafeList(self.read, self.said.append)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def labels(found: SafeList) -> set[str]:
    return {item.label for item in found.items}


def test_an_instrument_that_moves_is_made_safe_at_both_places_once(files: Files) -> None:
    found = files.open()
    before = labels(found)
    address = next(item.where for item in found.items if item.device == "hub_pump").partition(" at ")[2]
    files.write(files.shipped.replace(address, "TCPIP0::198.51.100.9::5000::SOCKET"))
    assert labels(found) == before
    found.look()
    assert labels(found) - before == {f"hub_pump (named before: SantecTSL570 at {address})"}
    assert before <= labels(found)
    assert "hub_pump (named before" in files.said[-1]
    found.forget()
    assert labels(found) == before


def test_an_instrument_that_is_put_into_the_file_later_is_in_the_list(files: Files) -> None:
    found = files.open()
    files.write(files.shipped + f"  spare_pump:\n    type: {PUMP}\n    address: TCPIP0::h::5000::SOCKET\n")
    found.look()
    assert "spare_pump" in labels(found)


def test_wrong_files_keep_the_list_and_say_why_no_agent_is_started(files: Files) -> None:
    found = files.open()
    before = labels(found)
    files.write(files.shipped.replace("SantecTSL570", "UnknownLaser"))
    found.look()
    assert labels(found) == before
    assert "UnknownLaser" in str(found.mistake)
    files.write(files.shipped)
    found.look()
    assert found.mistake is None


def test_a_laser_under_the_name_of_a_meter_is_refused(files: Files) -> None:
    """It would be left as it is."""
    files.write(files.shipped.replace(PUMP, METER))
    with pytest.raises(ConfigurationError, match=r"roles.pump: hub_pump lets light out, but ThorlabsPM103E"):
        files.open()
