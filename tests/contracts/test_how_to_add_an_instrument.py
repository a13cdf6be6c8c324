# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/add-an-instrument.md as it stands: installed, served, opened, and held to its contract."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "how-to" / "add-an-instrument.md"
BLOCK = re.compile(r"^```\w+\n# file: (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BENCH = re.compile(r"^```yaml\n# bench: under instruments\n(.*?)^```", re.DOTALL | re.MULTILINE)


SCRIPT = """
import json, subprocess, sys, time
from pathlib import Path
from heraldlink_drivers.station import load_station, read_addresses
bench_file, ports, package = map(Path, sys.argv[1:])
command = [sys.executable, "-m", "heraldlink_sim", str(bench_file), "--ports-file", str(ports)]
with subprocess.Popen(command) as bench:
    try:
        deadline = time.monotonic() + 60
        while not ports.exists():
            assert bench.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        station = load_station(package / "acme.station.yaml", read_addresses(ports))
        voa = station.roles["lab_voa"]
        voa.set_attenuation_dB(1, 13.5)
        voa.set_open(1, True)
        print(json.dumps([voa.identity(), voa.attenuation_dB(1), voa.is_open(1), voa.monitor_W(1)]))
        station.close()
    finally:
        bench.terminate()
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, with the metadata that installing them writes."""
    folder = tmp_path_factory.mktemp("acme")
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    metadata = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups))
    return folder


@pytest.fixture(scope="module")
def environment(package: Path) -> dict[str, str]:
    before = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(package), before]))}


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True, text=True, timeout=200, env=environment, cwd=REPOSITORY, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_driver_and_simulator_take_fewer_than_150_lines():
    code = [text for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if name.endswith(".py")]
    assert len(code) == 2
    assert sum(text.count("\n") for text in code) < 150


def test_it_is_listed_with_its_role(environment):
    found = json.loads(run(environment, "heraldlink.cli", "drivers", "--json"))
    assert found["AcmeVOA1"]["roles"] == ["Attenuator"]
    assert found["AcmeVOA1"]["package"] == "acme-heraldlink"


def test_a_bench_serves_it_and_a_station_opens_it(package, environment, tmp_path):
    bench = YAML(typ="safe").load(REPOSITORY / "configs/benches/two_nodes.yaml")
    (section,) = BENCH.findall(PAGE.read_text(encoding="utf-8"))
    bench["instruments"] |= YAML(typ="safe").load(section)
    bench["devices"] = str(REPOSITORY / "configs/devices/improved.yaml")
    YAML().dump(bench, tmp_path / "bench.yaml")
    ports = tmp_path / "ports.json"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "bench.yaml"), str(ports), str(package)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["ACME,VOA-1,SIM-lab_voa,1.0", 13.5, True, 0.0]


def test_it_keeps_the_contract_of_its_role(environment):
    said = run(
        environment, "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "tests/contracts/test_contracts.py",
        "--simulator", "AcmeVOA1=ACME VOA-1", "-k", "AcmeVOA1",
    )  # fmt: skip
    assert re.search(r"\d+ passed", said)
    assert "failed" not in said
