# SPDX-License-Identifier: Apache-2.0
"""Configuration files: what ships loads, and every mistake becomes a sentence naming file, line and key."""

from pathlib import Path

import pytest
from fault_lab import fault

from heraldlink.config import (
    EndNodeConfig,
    MidpointConfig,
    find_config,
    load_network,
    load_node,
    load_sequence,
)
from heraldlink.errors import ConfigurationError

STATION = """\
instruments:
  alice_awg: {type: heraldlink_drivers.HeraldTektronixAWG70002A, address: "TCPIP::127.0.0.1::1::SOCKET"}
  alice_dg: {type: heraldlink_drivers.StanfordDG645}
  alice_mw: {type: qcodes.instrument_drivers.rohde_schwarz.RohdeSchwarzSGS100A}
  alice_tc: {type: heraldlink_drivers.IDQuantiqueID900}
  alice_eos: {type: heraldlink_drivers.SingleQuantumEOS}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a node file, its sequence, its station and its devices."""
    for name in ("nodes", "sequences", "stations", "devices"):
        (tmp_path / name).mkdir()
    for name in ("nodes/alice.yaml", "sequences/pair_source.yaml"):
        (tmp_path / name).write_text(find_config(name).read_text())
    (tmp_path / "stations/alice.station.yaml").write_text(STATION)
    (tmp_path / "devices/improved.yaml").write_text("name: improved\n")
    return tmp_path


def edit(path: Path, old: str, new: str) -> int:
    """Replace ``old`` once and return the line it stood on."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} must occur once in {path.name}"
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def mistakes(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_node(path)
    return caught.value.sentences


def test_an_end_node_loads_with_its_sequence_and_paths(folder: Path) -> None:
    node = load_node(folder / "nodes/alice.yaml")
    assert isinstance(node, EndNodeConfig)
    assert node.sequence == load_sequence(folder / "sequences/pair_source.yaml")
    assert node.station == folder / "stations/alice.station.yaml"
    assert node.devices == folder / "devices/improved.yaml"
    assert node.instruments["generator"] == "alice_awg"


def test_the_shipped_files_load() -> None:
    midpoint, alice, bob = (load_node(f"nodes/{name}.yaml") for name in ("midpoint", "alice", "bob"))
    assert isinstance(midpoint, MidpointConfig)
    assert isinstance(alice, EndNodeConfig)
    assert isinstance(bob, EndNodeConfig)
    assert alice.sequence == bob.sequence == midpoint.sequence
    addresses = load_network("networks/two_nodes.yaml").addresses
    for node in (midpoint, alice, bob):
        for channel, endpoint in node.listen.endpoints.items():
            name = node.node if channel == "command" else f"{node.node}.{channel}"
            assert channel == "link" or addresses.pop(name) == endpoint
    assert addresses == {}


@pytest.mark.parametrize(
    ("old", "new", "key", "complaint"),
    [
        ("bias_A: 25.0e-6", "bias_A: 25", "limits.bias_A", "less than or equal to 0.0001 (got 25)"),
        ("frequency_Hz: 7.0e9, power", "frequency_Hz: 7.0e12, power", "microwave.frequency_Hz", "2"),
        ("  events_per_s: 5.0e6", "  event_per_s: 5.0e6", "limits.event_per_s", "unknown key"),
        ("  slot_trigger: alice_dg", "  # slot_trigger", "roles.slot_trigger", "missing key"),
        ("power_dBm: -30.0", "power_dBm: zero", "microwave.power_dBm", "valid number (got 'zero')"),
        ("tagger: alice_tc", "tagger: alice_tx", "roles.tagger", "no instrument named alice_tx"),
        ("reference_external: true\n", "reference_external: 1\n", "generator.reference_external", "boolean"),
        ("reference_external: true}", "reference_external: false}", "microwave.reference_external", "drift"),
        ("devices:", "devicess:", "devices", "missing key"),
        ("  open_share: 0.25", "  # no open_share", "limits.open_share", "missing key"),
    ],
)
def test_a_mistake_names_file_line_and_key(
    folder: Path, old: str, new: str, key: str, complaint: str
) -> None:
    path = folder / "nodes/alice.yaml"
    line = edit(path, old, new)
    sentence = next(s for s in mistakes(path) if f"{key}: " in s)
    assert complaint in sentence
    assert "\n" not in sentence
    if complaint != "missing key":
        assert sentence.startswith(f"{path}:{line}: ")


PLAIN = 'security: {plain: "I know that anybody on this network may switch my instruments"}'


@pytest.mark.parametrize(
    ("security", "endpoint", "complaint"),
    [
        ("", "tcp://192.0.2.1:7301", "is not a loopback address: set security.keys"),
        ("", "tcp://lab-pc:7301", "is not a loopback address: set security.keys"),
        ("security: {keys: keys}", "tcp://0.0.0.0:7301", "every interface"),
        (PLAIN, "tcp://*:7301", "every interface"),
        ("security: {plain: yes please}", "tcp://192.0.2.1:7301", "I know that anybody"),
    ],
)
def test_other_interfaces_need_keys_or_the_owner_s_word(
    folder: Path, security: str, endpoint: str, complaint: str
) -> None:
    path = folder / "nodes/alice.yaml"
    edit(path, '  command: "tcp://127.0.0.1:7301"', f'  command: "{endpoint}"')
    path.write_text(f"{path.read_text()}{security}\n")
    assert any(complaint in sentence for sentence in mistakes(path))


@pytest.mark.parametrize("security", ["security: {keys: keys}", PLAIN])
def test_other_interfaces_with_keys_or_the_owner_s_word(folder: Path, security: str) -> None:
    path = folder / "nodes/alice.yaml"
    edit(path, '  command: "tcp://127.0.0.1:7301"', '  command: "tcp://192.0.2.1:7301"')
    path.write_text(f"{path.read_text()}{security}\n")
    keys = load_node(path).security.keys
    assert keys is None or keys == folder / "nodes/keys"


@fault(84)
def test_all_mistakes_of_all_files_are_reported_at_once(folder: Path) -> None:
    """All mistakes of all files are told at once, each with file, line and key."""
    node, sequence = folder / "nodes/alice.yaml", folder / "sequences/pair_source.yaml"
    edit(node, "amplitude_V: 2.5", "amplitude_V: 25.0")
    edit(node, "efficiency_relative: 0.03", "efficiency_relative: 3.0")
    edit(node, "../devices/improved.yaml", "../devices/improvd.yaml")
    edit(sequence, "bright_pulses: 1000", "bright_pulses: 1001")
    sentences = mistakes(node)
    assert len(sentences) == 4
    for word in ("slot_trigger.amplitude_V", "efficiency_relative", "improvd.yaml", "pair_source.yaml"):
        assert sum(word in s for s in sentences) == 1, (word, sentences)


def test_a_station_file_that_sets_a_value_is_refused(folder: Path) -> None:
    station = folder / "stations/alice.station.yaml"
    station.write_text(
        STATION.replace("SingleQuantumEOS}", "SingleQuantumEOS, parameters: {bias: {initial_value: 1.0e-5}}}")
    )
    (sentence,) = mistakes(folder / "nodes/alice.yaml")
    assert sentence.startswith(f"{station}:6: instruments.alice_eos.parameters.bias.initial_value: ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("node: [alice", "alice.yaml:"),
        ("node: alice\nnode: bob\n", "duplicate key"),
        ("- alice\n", "must hold keys and values"),
        ("kind: router\n", "kind: must be end or midpoint (got 'router')"),
        ("\x00", "is not a YAML file"),
    ],
)
def test_a_file_that_is_no_node_file(folder: Path, text: str, complaint: str) -> None:
    path = folder / "nodes/alice.yaml"
    path.write_text(text)
    (sentence,) = mistakes(path)
    assert complaint in sentence
    assert str(path) in sentence


def test_a_missing_file_names_the_places_searched() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no file nodes/carol\.yaml \(looked for "):
        load_node("nodes/carol.yaml")


def test_shipped_files_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("configs/networks/two_nodes.yaml") == find_config("networks/two_nodes.yaml")
