# SPDX-License-Identifier: Apache-2.0
"""Pattern files are read whole, and each mistake is named with its line and key."""

from pathlib import Path

import pytest

from heraldlink.config.patterns import load_patterns
from heraldlink.errors import ConfigurationError
from heraldlink.heralding import CountedSyncs, ReconstructedSyncs, ReferenceIndex, SlotTicks, two_gates

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "pattern-files.md"

GOOD = """\
detectors:
  c: 1
  d: {channel: 2, dead_time_ps: 40000}
gates:
  early: [2000, 2600]
  late: [14500, 15100]
outcomes:
  Psi+: [c.early c.late, d.early d.late]
  Psi-: [c.early d.late, d.early c.late]
attempts: {kind: counted, channel: 0}
delays_ps: {sync: -300, c: 1200, 7: 5}
hardware: 9
"""


def written(path: Path, text: str) -> Path:
    path = path / "patterns.yaml"
    path.write_text(text)
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    file = load_patterns(written(tmp_path, GOOD))
    same = two_gates(1, 2, (2000, 2600), (14500, 15100))
    assert file.table.outcomes().tolist() == same.outcomes().tolist()
    assert [(d.name, d.channel, d.dead_time_ps) for d in file.table.detectors] == [
        ("c", 1, 0),
        ("d", 2, 40000),
    ]
    assert (file.attempts, file.hardware) == (CountedSyncs(0), 9)
    assert file.delays_ps == {0: -300, 1: 1200, 7: 5}


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("{kind: reconstructed, channel: 4}", ReconstructedSyncs(4)),
        ("{kind: reconstructed, channel: 4, period_ps: 12500}", ReconstructedSyncs(4, 12500.0)),
        ("{kind: reference_index, first_index: 10}", ReferenceIndex(None, 10)),
        ("{kind: slot_ticks, channel: 5, period_ps: 1e6, attempts: 200}", SlotTicks(5, 1e6, 200)),
    ],
)
def test_kinds_of_attempts(tmp_path: Path, section: str, expected: object) -> None:
    text = GOOD.replace("{kind: counted, channel: 0}", section).replace("sync: -300, ", "")
    assert load_patterns(written(tmp_path, text)).attempts == expected


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("c: 1\n", "c: one\n", r"patterns.yaml:2: detectors.c"),
        ("d: {channel: 2, ", "d: {channel: 1, ", "channel 1 stands twice"),
        ("[2000, 2600]", "[2600, 2000]", r"yaml:5: gates.early: gate early: \[2600, 2000\) ps is empty"),
        ("[14500, 15100]", "[2500, 15100]", r"yaml:6: gates.late: gate late begins at 2500 ps"),
        ("[2000, 2600]", "[2000]", r"yaml:5: gates.early"),
        ("c.early c.late", "c.early c.lat", r"yaml:8: outcomes.Psi\+: outcome Psi\+: there is no c.lat"),
        ("c.early c.late", "c.early, c.late, c", r"yaml:8: outcomes.Psi\+"),
        ("[c.early d.late,", "[c.late c.early,", r"c.early c.late gives Psi\+ and Psi-"),
        ("kind: counted", "kind: guessed", r"yaml:10: attempts"),
        ("hardware: 9", "hardwear: 9", r"yaml:12: hardwear: unknown key"),
        ("sync: -300", "synk: -300", r"yaml:11: delays_ps.synk: is no channel number and none of c, d, sync"),
        ("gates:", "gates: 3\nold:", r"yaml:4: gates"),
        ("detectors:\n  c: 1", "detectors:\n  c: 1\n  c: 3", r"yaml:3"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError, match=complaint):
        load_patterns(written(tmp_path, GOOD.replace(old, new)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none.yaml: cannot be read"):
        load_patterns(tmp_path / "none.yaml")


def test_the_examples_of_the_reference_are_read(tmp_path: Path) -> None:
    examples = [part.split("```")[0] for part in REFERENCE.read_text().split("```yaml\n")[1:]]
    assert len(examples) >= 3
    for example in examples:
        load_patterns(written(tmp_path, example))
