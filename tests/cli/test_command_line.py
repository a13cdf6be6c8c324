# SPDX-License-Identifier: Apache-2.0
"""The command line as a process: output, exit codes, and one sentence in place of a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import heraldlink


def heraldlink_command(*arguments: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "heraldlink.cli", *arguments],
        capture_output=True, text=True, timeout=30, cwd=folder, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def refused(*arguments: str, folder: Path | None = None) -> list[str]:
    """Sentences of a command that must end with bad input and print nothing on stdout."""
    done = heraldlink_command(*arguments, folder=folder)
    assert done.returncode == 2, done.stderr
    assert not done.stdout
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert all(line.startswith("heraldlink: ") for line in lines)
    return lines


def test_version_is_the_distributions() -> None:
    done = heraldlink_command("--version")
    assert (done.returncode, done.stdout) == (0, f"heraldlink {heraldlink.__version__}\n")


def test_predict_prints_one_json_object() -> None:
    done = heraldlink_command("predict", "single-click", "--alpha-a", ".1", "--eta-a", ".01", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["success_probability"] == pytest.approx(1.99900e-3, rel=5e-6)
    assert result["F"] == pytest.approx(0.900450, abs=1e-6)


def test_predict_as_a_table() -> None:
    done = heraldlink_command("predict", "pair-source", "--nbar-a", ".01", "--eta-a", ".1")
    assert done.returncode == 0
    assert "0.972532" in done.stdout


def test_predict_says_what_two_pairs_give_and_by_which_model() -> None:
    source = ("--nbar-a", ".01", "--eta-a", ".1", "--json")
    done = heraldlink_command("predict", "pair-source", "--two-pairs", "--general", *source)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["F"] == pytest.approx(0.972532, abs=1e-6)
    assert result["F_pair"] == pytest.approx(result["F_meas"], abs=1e-9)
    assert result["F_swapped"] < result["F_pair"] < result["F_dejmps"]


def test_devices_prints_what_a_file_does_by_itself() -> None:
    done = heraldlink_command("devices", "devices/kurpiers_2018.yaml", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["link"]["transfers_per_s"] == pytest.approx(50_000)
    done = heraldlink_command("devices", "devices/sahu_2023.yaml", "--pump-power", "10")
    assert done.returncode == 0, done.stderr
    assert "undefined" in done.stdout  # no steady squeezing where the pump oscillates


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("devices", "devices/humphreys_2018.yaml"), ("humphreys_2018.yaml", "alpha, is needed")),
        (("devices", "devices/humphreys_2018.yaml", "--alpha", "nan"), ("--alpha = nan", "0 to 1")),
        (("devices", "devices/storz_2023.yaml", "--wait", "1"), ("--wait has no meaning for", "Storz")),
        (("devices", "devices/reference.yaml", "--pump-power", "-1"), ("--pump-power = -1",)),
        (("devices", "devices/none.yaml"), ("devices/none.yaml",)),
        (("predict", "reflection", "--cooperativity-a", "-1"), ("--cooperativity-a", "-1")),
        (("predict", "delivery", "--link-efficiency", "0"), ("--link-efficiency", "0")),
        (("predict", "delivery", "--link-efficiency", "1", "--gate-error", "0"), ("--two-pairs",)),
        (("predict", "single-click", "--alpha-a", "1.5", "--eta-a", ".1"), ("--alpha-a", "1.5")),
        (("predict", "single-click", "--alpha-a", "much"), ("--alpha-a", "valid number")),
        (("predict", "triple-click"), ("triple-click",)),
        (("predict", "single-click", "--wavelength", "1"), ("--wavelength",)),
        (("measure",), ("measure",)),
        (("sim", "benches/three_nodes.yaml"), ("benches/three_nodes.yaml",)),
        (("node", "nodes/carol.yaml"), ("nodes/carol.yaml",)),
        (("tags", "info", "nothing.ptu"), ("nothing.ptu",)),
        (("replay", "runs/none"), ("runs/none",)),
        (("request", "--network", "networks/none.yaml"), ("networks/none.yaml",)),
        (("demo", "--fidelity", "1.5"), ("fidelity", "1.5")),
        (("demo", "--number", "0"), ("number",)),
    ],
)
def test_bad_input_ends_in_one_sentence(
    arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    (sentence,) = refused(*arguments, folder=tmp_path)
    assert all(word in sentence for word in words), sentence


def test_a_misspelt_node_file_names_file_line_and_key(tmp_path: Path) -> None:
    text = Path(heraldlink.__file__).parents[2].joinpath("configs/nodes/alice.yaml").read_text()
    (tmp_path / "alice.yaml").write_text(text.replace("events_per_s", "event_per_s"))
    sentences = refused("node", "alice.yaml", folder=tmp_path)
    assert any("alice.yaml:" in s and "limits.event_per_s: unknown key" in s for s in sentences)


def test_a_closed_pipe_is_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "heraldlink.cli", "predict", "pair-source", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait(20)


def test_the_command_line_loads_no_instrument_software() -> None:
    """Help must be quick: neither QCoDeS nor ZeroMQ, arrays or plots are loaded for it."""
    code = (
        "import sys; from heraldlink.cli.main import execute; execute(['--help']); "
        "sys.stderr.write(' '.join(m for m in ('qcodes', 'zmq', 'numpy', 'matplotlib', 'pyarrow', "
        "'heraldlink_sim', 'heraldlink_drivers', 'heraldlink_physics') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["demo", "request"])
def test_a_run_folder_that_cannot_be_written_is_refused_before_measuring(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "runs").write_text("a file in the way")
    (sentence,) = refused(command, folder=tmp_path)
    assert "no run can be kept in runs" in sentence


def test_an_interruption_while_modules_are_imported_leaves_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from heraldlink.cli.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "heraldlink: interrupted\n")
